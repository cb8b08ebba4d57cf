//! Encrypts the stored secrets of the site again, and removes the encryption keys that no secret
//! needs.

use std::{fs, time::Duration};

use hallpass_accounts::{AccountId, Event, EventActor};
use hallpass_core::{KeyFacts, KeyPurpose, KeyState, Role};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{
    error::CommandError,
    output::{Output, Status},
    site::{Engine, Site},
};
use crate::key_file::KeyFile;

/// The result of one run over all stored secrets.
pub(super) struct Secrets {
    read: u64,
    reencrypted: u64,
    unreadable: Vec<AccountId>,
}

impl Secrets {
    pub(super) fn text(&self) -> String {
        let Self { read, reencrypted, unreadable } = self;
        let mut text = format!("encrypted {reencrypted} of {read} stored secrets again");
        if let Some(first) = unreadable.first() {
            let others = unreadable.len();
            text += &format!(
                "; {others} cannot be decrypted, the first belongs to the account {first}: restore \
                 its key, or reset its second factor"
            );
        }
        text
    }

    pub(super) fn document(&self) -> Value {
        let unreadable: Vec<_> = self.unreadable.iter().map(AccountId::as_str).collect();
        json!({ "read": self.read, "reencrypted": self.reencrypted, "unreadable": unreadable })
    }
}

/// Encrypts each stored secret again that is not encrypted with the key in use. Shows its progress
/// if standard error is a terminal. It can be interrupted and run again at any time.
pub(super) async fn run<R: Role>(site: &Engine<R>) -> Result<Secrets, CommandError> {
    let progress = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {pos} secrets, {per_sec}, {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let mut all = Secrets { read: 0, reencrypted: 0, unreadable: Vec::new() };
    let mut after = None;
    loop {
        let page = site.accounts.reencrypt_secrets(after.as_ref()).await;
        let page = page.map_err(|error| site.failed(error))?;
        all.read += page.read;
        all.reencrypted += page.reencrypted;
        all.unreadable.extend(page.unreadable);
        progress.set_position(all.read);
        after = page.last;
        if after.is_none() {
            break;
        }
    }
    progress.finish_and_clear();
    Ok(all)
}

/// Removes the older encryption keys from the key file, and their check values from the database.
pub(super) async fn retire<R: Role>(site: Site<R>, output: Output) -> Result<Status, CommandError> {
    let file = site.key_file()?.clone();
    let ring = file.load()?;
    let now = site.now().await?;
    let encryption = || ring.facts(now).filter(|key| key.purpose == KeyPurpose::Encryption);
    let is_older = |key: &KeyFacts<'_>| matches!(key.state, KeyState::Accepted | KeyState::Leaked);
    let retired: Vec<_> = encryption().filter(is_older).map(|key| key.id.clone()).collect();
    let operation = "keys retire-encryption";
    let path = file.path().display();
    let names: Vec<_> = retired.iter().map(ToString::to_string).collect();
    let document = json!({ "command": operation, "key_file": path.to_string(), "retired": names });
    if retired.is_empty() {
        output.print(&format!("{path} has no older encryption key"), &document)?;
        return Ok(Status::Done);
    }

    wait_for_servers(&file).await;
    let engine = site.engine().await?;
    // Until nothing is left: a server without the new key may have encrypted a secret meanwhile.
    while run(&engine).await?.reencrypted > 0 {}
    let forget = async || {
        let forget = engine.accounts.forget_key_checks(&ring, &retired).await;
        forget.map_err(|error| engine.failed(error))
    };
    // Before the keys are removed: a node that lacks a key whose check value is recorded does not
    // start. And again afterwards, because a node that starts meanwhile records its keys.
    forget().await?;
    file.update(|ring| retired.iter().try_fold(ring.clone(), |ring, key| ring.retire(key)))?;
    forget().await?;
    engine.accounts.report(Event::Maintenance { operation, actor: EventActor::Operator });
    let text = format!(
        "removed the encryption keys {} from {path}; copy the file to every node",
        names.join(", ")
    );
    output.print(&text, &document)?;
    Ok(Status::Done)
}

/// Waits until every server has read the key file, if it was changed a moment ago.
async fn wait_for_servers(file: &KeyFile) {
    let changed = fs::metadata(file.path()).and_then(|metadata| metadata.modified());
    let age = changed.ok().and_then(|changed| changed.elapsed().ok()).unwrap_or_default();
    tokio::time::sleep(READ_BY_THEN.saturating_sub(age)).await;
}

/// A server reads a changed key file within a second.
const READ_BY_THEN: Duration = Duration::from_secs(5);
