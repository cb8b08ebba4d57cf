//! `hallpass keys`: the file of the key ring.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Subcommand;
use hallpass::keys::KeyFile;
use hallpass_accounts::{Random, SystemRandom};
use hallpass_core::{Algorithm, Key, KeyFacts, KeyId, KeyPurpose, KeyRing, KeyState, UnixTime};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    input,
    report::{CommandError, Report},
};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a key ring: a signing key and an encryption key
    New {
        /// HS256, HS384, HS512, ed25519, ES256 or ES384
        #[arg(long, value_parser = input::algorithm, default_value = "HS256")]
        alg: Algorithm,
        /// The file to create, with mode 0600; standard output by default
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        time: Time,
    },
    /// Add a new signing key; the previous key stays accepted for a while
    Rotate {
        #[command(flatten)]
        ring: Ring,
        /// Seconds to accept the previous key; at least the lifetime of an access token, or users
        /// are logged out
        #[arg(long, value_parser = input::span, default_value = "900")]
        accept_old_for: Duration,
        #[command(flatten)]
        time: Time,
    },
    /// Add a new signing key that verifies and does not sign yet: the first step of a rotation on
    /// nodes without a shared file. Copy the file to every node, then run `keys activate`
    Publish {
        #[command(flatten)]
        ring: Ring,
        /// Add an encryption key instead, which decrypts and does not encrypt yet
        #[arg(long)]
        encryption: bool,
        #[command(flatten)]
        time: Time,
    },
    /// Sign with a published key: the second step of a rotation on nodes without a shared file
    Activate {
        #[command(flatten)]
        ring: Ring,
        /// The key's name; the only published key by default
        #[arg(value_parser = input::key_id, conflicts_with = "encryption")]
        kid: Option<KeyId>,
        /// Encrypt with the published encryption key instead
        #[arg(long)]
        encryption: bool,
        /// Seconds to accept the previous key; at least the lifetime of an access token, or users
        /// are logged out
        #[arg(long, value_parser = input::span, default_value = "900")]
        accept_old_for: Duration,
        #[command(flatten)]
        time: Time,
    },
    /// Add a new encryption key; the older ones still decrypt
    RotateEncryption {
        #[command(flatten)]
        ring: Ring,
        #[command(flatten)]
        time: Time,
    },
    /// Replace the keys after somebody else may have read the file: every access token and every
    /// refresh token is rejected, and the old encryption keys only decrypt stored secrets
    ReplaceLeaked {
        #[command(flatten)]
        ring: Ring,
        #[command(flatten)]
        time: Time,
    },
    /// Show a check value of each key, to compare the key files of two nodes
    Fingerprint {
        #[command(flatten)]
        ring: Ring,
        #[command(flatten)]
        time: Time,
    },
    /// Add a new pepper. New password hashes use it; each old hash is replaced at the next login of
    /// its account. If the file is lost, every password is lost
    Pepper {
        #[command(flatten)]
        ring: Ring,
        #[command(flatten)]
        time: Time,
    },
    /// Remove a key that is not in use; its signatures are rejected from then on
    Retire {
        #[command(flatten)]
        ring: Ring,
        /// The key's name, as `keys list` shows it
        kid: String,
    },
    /// Show the keys, without their secrets
    List {
        #[command(flatten)]
        ring: Ring,
        #[command(flatten)]
        time: Time,
    },
    /// Print the public keys as a JWK Set
    Jwks {
        #[command(flatten)]
        ring: Ring,
    },
}

#[derive(clap::Args)]
pub(crate) struct Ring {
    /// The key ring's file
    #[arg(long)]
    keys: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct Time {
    /// Unix time in seconds, instead of the current time
    #[arg(long)]
    now: Option<u64>,
}

impl Time {
    fn moment(&self) -> UnixTime {
        input::moment(self.now)
    }
}

pub(crate) fn run(command: Command, report: Report) -> Result<ExitCode, CommandError> {
    match command {
        Command::New { alg, out, time } => make(alg, out, time.moment(), report)?,
        Command::Rotate { ring, accept_old_for, time } => {
            let file = KeyFile::new(ring.keys);
            report_active(&file, &file.rotate(time.moment(), accept_old_for)?, report)?;
        }
        Command::Publish { ring, encryption: true, time } => {
            let file = KeyFile::new(ring.keys);
            let published = file.publish_encryption(time.moment())?;
            let kid = published.encryption_keys().last().map(|(kid, _)| kid);
            let effect = "decrypts, and encrypts after `keys activate --encryption`";
            report_changed(&file, "published", kid, effect, report)?;
        }
        Command::Publish { ring, encryption: false, time } => {
            let file = KeyFile::new(ring.keys);
            let published = file.publish(time.moment())?;
            let kid = published.keys().last().map(|entry| entry.key().id());
            report_changed(
                &file,
                "published",
                kid,
                "verifies, and signs after `keys activate`",
                report,
            )?;
        }
        Command::Activate { ring, encryption: true, .. } => {
            let file = KeyFile::new(ring.keys);
            let activated = file.activate_encryption()?;
            let kid = activated.encryption_keys().next().map(|(kid, _)| kid);
            report_changed(&file, "encryption", kid, "encrypts; older keys still decrypt", report)?;
        }
        Command::Activate { ring, kid, encryption: false, accept_old_for, time } => {
            let file = KeyFile::new(ring.keys);
            let activated = file.activate(kid.as_ref(), time.moment(), accept_old_for)?;
            report_active(&file, &activated, report)?;
        }
        Command::RotateEncryption { ring, time } => {
            let file = KeyFile::new(ring.keys);
            let rotated = file.rotate_encryption(time.moment())?;
            let kid = rotated.encryption_keys().next().map(|(kid, _)| kid);
            report_changed(&file, "encryption", kid, "encrypts; older keys still decrypt", report)?;
        }
        Command::ReplaceLeaked { ring, time } => {
            let file = KeyFile::new(ring.keys);
            let replaced = file.replace_leaked(time.moment())?;
            let effect = "signs; every older access token and refresh token is rejected";
            report_changed(&file, "active", replaced.active().map(Key::id), effect, report)?;
        }
        Command::Pepper { ring, time } => {
            let file = KeyFile::new(ring.keys);
            let peppered = file.add_pepper(time.moment())?;
            let kid = peppered.peppers().next().map(|(kid, _)| kid);
            report_changed(&file, "pepper", kid, "is used for new password hashes", report)?;
        }
        Command::Retire { ring, kid } => {
            let (file, id) = (KeyFile::new(ring.keys), KeyId::parse(&kid)?);
            file.update(|ring| ring.retire(&id))?;
            report_changed(&file, "retired", Some(&id), "is retired", report)?;
        }
        Command::List { ring, time } => {
            list(&KeyFile::new(ring.keys).load()?, time.moment(), report)?
        }
        Command::Fingerprint { ring, time } => {
            fingerprint(&KeyFile::new(ring.keys).load()?, time.moment(), report)?
        }
        Command::Jwks { ring } => {
            let set = KeyFile::new(ring.keys).load()?.to_jwks();
            report.print(&set, &serde_json::from_str(&set).unwrap_or_default())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn make(
    algorithm: Algorithm,
    out: Option<PathBuf>,
    now: UnixTime,
    report: Report,
) -> Result<(), CommandError> {
    let mut random = Zeroizing::new([0; 32]);
    SystemRandom.fill(&mut *random)?;
    let ring = KeyRing::generate(algorithm, *random, now)?;
    let Some(path) = out else {
        let text = ring.to_json();
        return Ok(report.print(&text, &serde_json::from_str(&text).unwrap_or_default())?);
    };
    let file = KeyFile::new(path);
    file.create(&ring)?;
    report_active(&file, &ring, report)
}

fn report_active(file: &KeyFile, ring: &KeyRing, report: Report) -> Result<(), CommandError> {
    report_changed(file, "active", ring.active().map(Key::id), "is in use", report)
}

/// Reports which key was changed, and in which file.
fn report_changed(
    file: &KeyFile,
    member: &str,
    kid: Option<&KeyId>,
    effect: &str,
    report: Report,
) -> Result<(), CommandError> {
    let (kid, path) = (kid.map(ToString::to_string).unwrap_or_default(), file.path().display());
    let text = format!("{kid} {effect} ({path})");
    Ok(report.print(&text, &json!({ member: kid, "file": path.to_string() }))?)
}

fn list(ring: &KeyRing, now: UnixTime, report: Report) -> Result<(), CommandError> {
    for key in ring.facts(now) {
        let (status, until) = (status(&key), key.accept_until.map(UnixTime::as_secs));
        let (kid, alg) = (key.id.as_str(), key.algorithm.map(Algorithm::as_str));
        let shown = alg.unwrap_or("-");
        let text = match until {
            Some(until) => format!("{kid}  {shown}  {status}, until {until}"),
            None => format!("{kid}  {shown}  {status}"),
        };
        report.print(
            &text,
            &json!({ "kid": kid, "alg": alg, "status": status, "accept_until": until }),
        )?;
    }
    Ok(())
}

fn fingerprint(ring: &KeyRing, now: UnixTime, report: Report) -> Result<(), CommandError> {
    for key in ring.facts(now) {
        let (kid, usage, check) = (key.id.as_str(), key.purpose.as_str(), key.check_value);
        let (alg, status) = (key.algorithm.map(Algorithm::as_str), status(&key));
        let seconds = key.created_at.map(|at| now.as_secs().saturating_sub(at.as_secs()));
        let age = seconds.map_or("age unknown".to_owned(), age);
        let shown = alg.unwrap_or("-");
        report.print(
            &format!("{check}  {kid}  {shown}  {usage}  {status}  {age}"),
            &json!({
                "check_value": check.to_string(), "kid": kid, "alg": alg, "use": usage,
                "status": status, "age_seconds": seconds,
            }),
        )?;
    }
    Ok(())
}

/// Returns an age in its largest unit.
fn age(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} old", if count == 1 { "" } else { "s" })
}

fn status(key: &KeyFacts<'_>) -> &'static str {
    match (key.purpose, key.state) {
        (_, KeyState::Published) => "published",
        (_, KeyState::Leaked) => "leaked",
        (_, KeyState::Over) => "over",
        (KeyPurpose::Signature, KeyState::InUse) => "signs",
        (KeyPurpose::Signature, _) => "accepted",
        (KeyPurpose::Encryption, KeyState::InUse) => "encrypts",
        (KeyPurpose::Encryption, _) => "decrypts",
        (KeyPurpose::Pepper, KeyState::InUse) => "peppers",
        (KeyPurpose::Pepper, _) => "reads",
    }
}
