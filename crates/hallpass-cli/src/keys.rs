//! `hallpass keys`: the file of the key ring.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Subcommand;
use hallpass::keys::KeyFile;
use hallpass_accounts::{Random, SystemRandom};
use hallpass_core::{Algorithm, Key, KeyId, KeyRing, RingEntry, UnixTime};
use serde_json::{Value, json};
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
            let rotated = KeyFile::new(ring.keys).rotate(time.moment(), accept_old_for)?;
            report_active(&rotated, report)?;
        }
        Command::Pepper { ring, time } => {
            let peppered = KeyFile::new(ring.keys).add_pepper(time.moment())?;
            let kid = peppered.peppers().next().map(|(kid, _)| kid.to_string()).unwrap_or_default();
            report.print(
                &format!("{kid} is used for new password hashes"),
                &json!({ "pepper": kid }),
            )?;
        }
        Command::Retire { ring, kid } => {
            let id = KeyId::parse(&kid)?;
            KeyFile::new(ring.keys).update(|ring| ring.retire(&id))?;
            report.print(&format!("{kid} is retired"), &json!({ "retired": kid }))?;
        }
        Command::List { ring, time } => {
            list(&KeyFile::new(ring.keys).load()?, time.moment(), report)?
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
    KeyFile::new(path).create(&ring)?;
    report_active(&ring, report)
}

fn report_active(ring: &KeyRing, report: Report) -> Result<(), CommandError> {
    let kid = ring.active().map(Key::id).map(ToString::to_string).unwrap_or_default();
    Ok(report.print(&format!("{kid} is in use"), &json!({ "active": kid }))?)
}

fn list(ring: &KeyRing, now: UnixTime, report: Report) -> Result<(), CommandError> {
    for entry in ring.keys() {
        let (status, until) =
            (status(ring, entry, now), entry.accept_until().map(UnixTime::as_secs));
        let (kid, alg) = (entry.key().id().as_str(), entry.key().algorithm().as_str());
        let text = match until {
            Some(until) => format!("{kid}  {alg}  {status}, until {until}"),
            None => format!("{kid}  {alg}  {status}"),
        };
        report.print(
            &text,
            &json!({ "kid": kid, "alg": alg, "status": status, "accept_until": until }),
        )?;
    }
    let in_use =
        |words: [&'static str; 2]| move |place: usize| if place == 0 { words[0] } else { words[1] };
    let (encryption, peppering) = (in_use(["encrypts", "opens"]), in_use(["peppers", "reads"]));
    let encryption =
        ring.encryption_keys().enumerate().map(|(place, (kid, _))| (kid, encryption(place)));
    let peppers = ring.peppers().enumerate().map(|(place, (kid, _))| (kid, peppering(place)));
    for (kid, status) in encryption.chain(peppers) {
        let value = json!({ "kid": kid.as_str(), "alg": Value::Null, "status": status, "accept_until": Value::Null });
        report.print(&format!("{kid}  -  {status}"), &value)?;
    }
    Ok(())
}

fn status(ring: &KeyRing, entry: &RingEntry, now: UnixTime) -> &'static str {
    if ring.active().is_some_and(|active| active.id() == entry.key().id()) {
        "signs"
    } else if entry.accept_until().is_some_and(|until| until <= now) {
        "over"
    } else {
        "accepted"
    }
}
