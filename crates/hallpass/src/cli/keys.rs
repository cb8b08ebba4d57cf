//! `keys`: changes the key file of the site. A running server reads the changed file within a
//! second.

use std::time::Duration;

use clap::Subcommand;
use hallpass_accounts::{Event, EventActor};
use hallpass_core::{Key, Role};
use serde_json::json;

use super::{
    error::CommandError,
    output::{Output, Status},
    reencryption,
    site::Site,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put a new signing key into use. The previous key stays accepted for a time
    Rotate {
        /// Time for which the previous key stays accepted, in seconds. With less than the lifetime
        /// of an access token, persons are logged out. Defaults to one hour, or to that lifetime
        /// if it is longer
        #[arg(long, value_name = "SECONDS")]
        accept_old_for: Option<u64>,
    },
    /// Add a new signing key that verifies and does not sign yet, for nodes without a shared file
    Publish {
        /// Add an encryption key instead, which decrypts and does not encrypt yet
        #[arg(long)]
        encryption: bool,
    },
    /// Let the published key sign, after every node has the file with it
    Activate {
        /// Time for which the previous key stays accepted, in seconds. Defaults as for `rotate`
        #[arg(long, value_name = "SECONDS", conflicts_with = "encryption")]
        accept_old_for: Option<u64>,
        /// Let the published encryption key encrypt instead. Afterwards, when every node has the
        /// file, run `rotate-encryption --resume` on one of them
        #[arg(long)]
        encryption: bool,
    },
    /// Put a new encryption key into use, and encrypt all stored secrets again. Older keys still
    /// decrypt
    RotateEncryption {
        /// Add no new key, and encrypt again what an interrupted run has left
        #[arg(long)]
        resume: bool,
    },
    /// Remove the older encryption keys, after all stored secrets were encrypted again. Sessions
    /// that were not refreshed since the new key was put into use end
    RetireEncryption,
    /// Replace all keys after the key file has leaked, and end every session of the site
    ReplaceLeaked,
    /// Print a check value of each key, to compare nodes. It does not reveal the key
    Fingerprint,
    /// Put a new pepper into use. New password hashes use it, and each older hash is replaced at
    /// the next login of its account. If the file is lost, every password is lost
    AddPepper,
}

pub(super) async fn run<R: Role>(
    command: Command,
    site: Site<R>,
    output: Output,
) -> Result<Status, CommandError> {
    let file = site.key_file()?;
    let path = file.path().display().to_string();
    let now = site.now().await?;
    match command {
        Command::Rotate { accept_old_for } => {
            let accept = time_to_accept(accept_old_for, &site);
            let ring = file.rotate(now, accept)?;
            site.report("keys rotate");
            let active = ring.active().map(Key::id).map(ToString::to_string).unwrap_or_default();
            let accept = accept.as_secs();
            output.print(
                &format!(
                    "put the signing key {active} into use in {path}; the previous key is accepted for {accept} seconds"
                ),
                &json!({
                    "command": "keys rotate",
                    "key_file": path,
                    "active": active,
                    "accept_old_for": accept,
                }),
            )?;
        }
        Command::Publish { encryption } => {
            let (key, option) = if encryption {
                file.publish_encryption(now)?;
                ("encryption", " --encryption")
            } else {
                file.publish(now)?;
                ("signing", "")
            };
            site.report("keys publish");
            output.print(
                &format!("published a new {key} key in {path}; copy the file to every node, then run keys activate{option}"),
                &json!({ "command": "keys publish", "key_file": path, "key": key }),
            )?;
        }
        Command::Activate { encryption: true, .. } => {
            let ring = file.activate_encryption()?;
            site.report("keys activate");
            let active = ring.encryption_keys().next().map(|(id, _)| id.to_string());
            let active = active.unwrap_or_default();
            output.print(
                &format!(
                    "the encryption key {active} is in use in {path}; copy the file to every node, then run keys rotate-encryption --resume"
                ),
                &json!({ "command": "keys activate", "key_file": path, "active": active }),
            )?;
        }
        Command::Activate { accept_old_for, encryption: false } => {
            let accept = time_to_accept(accept_old_for, &site);
            let ring = file.activate(None, now, accept)?;
            site.report("keys activate");
            let active = ring.active().map(Key::id).map(ToString::to_string).unwrap_or_default();
            output.print(
                &format!(
                    "the signing key {active} is in use in {path}; copy the file to every node"
                ),
                &json!({ "command": "keys activate", "key_file": path, "active": active }),
            )?;
        }
        Command::RotateEncryption { resume } => {
            if !resume {
                file.rotate_encryption(now)?;
                site.report("keys rotate-encryption");
            }
            let engine = site.engine().await?;
            let secrets = reencryption::run(&engine).await?;
            let new =
                format!("put a new encryption key into use in {path}; make a backup of the file; ");
            output.print(
                &format!("{}{}", if resume { "" } else { &new }, secrets.text()),
                &json!({
                    "command": "keys rotate-encryption",
                    "key_file": path,
                    "secrets": secrets.document(),
                }),
            )?;
        }
        Command::RetireEncryption => {
            return reencryption::retire(site, output).await;
        }
        Command::ReplaceLeaked => {
            // A command that fails on the database has replaced no key. The engine is created
            // afterwards, because it encrypts the secrets with the new keys.
            site.check_tables().await?;
            file.replace_leaked(now)?;
            let engine = site.engine().await?;
            let epoch = engine.accounts.end_all_sessions().await;
            let epoch = epoch.map_err(|error| engine.failed(error))?;
            let operation = "keys replace-leaked";
            engine.accounts.report(Event::Maintenance { operation, actor: EventActor::Operator });
            let secrets = reencryption::run(&engine).await?;
            output.print(
                &format!(
                    "replaced all keys in {path} and ended every session of {}; copy the file to every node and make a backup; {}",
                    engine.database,
                    secrets.text()
                ),
                &json!({
                    "command": operation,
                    "key_file": path,
                    "database": engine.database,
                    "epoch": epoch,
                    "secrets": secrets.document(),
                }),
            )?;
        }
        Command::Fingerprint => {
            let ring = file.load()?;
            let keys: Vec<_> = ring.facts(now).collect();
            let lines: Vec<_> = keys
                .iter()
                .map(|key| format!("{} {} {}", key.check_value, key.purpose.as_str(), key.id))
                .collect();
            let documents: Vec<_> = keys
                .iter()
                .map(|key| {
                    json!({
                        "check_value": key.check_value.to_string(),
                        "use": key.purpose.as_str(),
                        "id": key.id.to_string(),
                    })
                })
                .collect();
            output.print(
                &lines.join("\n"),
                &json!({ "command": "keys fingerprint", "key_file": path, "keys": documents }),
            )?;
        }
        Command::AddPepper => {
            let ring = file.add_pepper(now)?;
            site.report("keys add-pepper");
            let pepper = ring.peppers().next().map(|(id, _)| id.to_string()).unwrap_or_default();
            output.print(
                &format!("put the pepper {pepper} into use in {path}; make a backup of the file"),
                &json!({ "command": "keys add-pepper", "key_file": path, "pepper": pepper }),
            )?;
        }
    }
    Ok(Status::Done)
}

/// Returns the time for which the previous key stays accepted.
fn time_to_accept<R: Role>(seconds: Option<u64>, site: &Site<R>) -> Duration {
    let lifetime = site.checked.settings.lifetime;
    seconds.map_or(lifetime.max(ACCEPT_OLD_FOR), Duration::from_secs)
}

/// Four times the default lifetime of an access token, so that a rotation logs nobody out.
const ACCEPT_OLD_FOR: Duration = Duration::from_secs(3600);
