//! `keys`: changes the key file of the site. A running server reads the changed file within a
//! second.

use std::time::Duration;

use clap::Subcommand;
use hallpass_core::{Clock, Key, Role, SystemClock};
use serde_json::json;

use super::{
    error::CommandError,
    output::{Output, Status},
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
    /// Put a new pepper into use. New password hashes use it, and each older hash is replaced at
    /// the next login of its account. If the file is lost, every password is lost
    AddPepper,
}

pub(super) fn run<R: Role>(
    command: Command,
    site: Site<R>,
    output: Output,
) -> Result<Status, CommandError> {
    let file = site.key_file()?;
    let path = file.path().display().to_string();
    let now = SystemClock.now();
    match command {
        Command::Rotate { accept_old_for } => {
            let lifetime = site.checked.settings.lifetime;
            let accept = accept_old_for.map_or(lifetime.max(ACCEPT_OLD_FOR), Duration::from_secs);
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

/// Four times the default lifetime of an access token, so that a rotation logs nobody out.
const ACCEPT_OLD_FOR: Duration = Duration::from_secs(3600);
