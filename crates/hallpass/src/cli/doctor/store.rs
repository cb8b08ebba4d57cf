//! Checks of the database: its reachability, its schema, its revocation log and its notifications.

use std::time::Duration;

use hallpass_accounts::{Readiness, RevocationSync};
use hallpass_core::Role;
use hallpass_sqlx::{Pooler, SqlStore};

use super::Check;
use crate::cli::{error::one_line, site::Site};

pub(super) async fn reachable(store: &SqlStore) -> Check {
    let database = store.location();
    match store.try_write().await {
        Ok(()) => Check::ok("store", format!("{database} can be read and written")),
        Err(error) => Check::failed(
            "store",
            &error,
            format!("check the disk, the locks and the permissions of {database}"),
        ),
    }
}

/// A pooler that the address does not name costs a failed connection per start.
pub(super) fn pooler(store: &SqlStore) -> Check {
    let name = "pooler";
    match (store.pooler(), store.pooler_is_set()) {
        (Pooler::None, _) => Check::ok(name, "the connections to the database are direct"),
        (pooler, true) => Check::ok(
            name,
            format!("the database is reached through a pooler in {} mode", pooler.as_str()),
        ),
        (_, false) => Check::warn(
            name,
            "the database is reached through a pooler, which the address does not name",
            "add pooler=transaction to the address",
        ),
    }
}

pub(super) async fn schema(store: &SqlStore) -> Check {
    let step = match store.schema().await {
        Ok(step) => step,
        Err(error) => return Check::failed("schema", &error, "restore a backup of the database"),
    };
    let (found, latest) = (step.found, step.latest);
    match found {
        _ if found == latest => Check::ok("schema", format!("the tables are at step {found}")),
        0 => Check::fail(
            "schema",
            "the database has no tables of hallpass",
            "check the address of the database, or run the command migrate",
        ),
        _ if found < latest => Check::fail(
            "schema",
            format!("the tables are at step {found}, but this program requires step {latest}"),
            "run the command migrate",
        ),
        _ => Check::fail(
            "schema",
            format!("the tables are at step {found}, but this program has only {latest}"),
            "run a newer version of the program",
        ),
    }
}

/// A log that is not purged grows with each revocation, and each start of a node reads all of it.
pub(super) async fn revocation_log<R: Role>(site: &Site<R>) -> Check {
    let name = "revocation_log";
    let size = match site.store.revocation_log_size().await {
        Ok(size) => size,
        Err(error) => return Check::failed(name, &error, "run the command migrate"),
    };
    let now = match site.now().await {
        Ok(now) => now,
        Err(error) => return Check::failed(name, &error, "start the database, then try again"),
    };
    let age = size.oldest.map(|oldest| now.since(oldest)).unwrap_or_default();
    let text = format!("{} entries, the oldest is {} s old", size.entries, age.as_secs());
    if age > site.checked.settings.lifetime.saturating_add(PURGE_MAY_BE_LATE) {
        return Check::warn(name, text, "run the command prune, or start a node, which prunes too");
    }
    Check::ok(name, text)
}

/// The checks that need the engine, and so the keys.
pub(super) async fn with_keys<R: Role>(site: Site<R>) -> Vec<Check> {
    let accounts = match site.checked.accounts().await {
        Ok(accounts) => accounts,
        Err(error) => {
            let fix = "fix the key file first";
            let unchecked = |name| Check::warn(name, format!("was not checked: {error}"), fix);
            return ["facts", "key_values", "notifier"].map(unchecked).into();
        }
    };
    let sync = RevocationSync::new(&accounts);
    vec![facts(&sync).await, key_values(&sync).await, notifier(&sync).await]
}

/// A restored backup, a failover and a wrong clock make every node not ready.
async fn facts<R: Role>(sync: &RevocationSync<R>) -> Check {
    let name = "facts";
    if let Err(error) = sync.read().await {
        return Check::failed(name, &error, "start the database, then try again");
    }
    let is_known = sync.facts().await.is_some_and(|facts| facts.observed.is_some());
    let fix = match sync.readiness() {
        Readiness::Ready if is_known => {
            return Check::ok(name, "the database is the one of this site");
        }
        Readiness::Ready => {
            return Check::warn(
                name,
                "the server does not report its identity, so a restored backup is not detected",
                "let the user of the database call pg_control_system(), or run doctor \
                 --accept-restore after each restored backup",
            );
        }
        Readiness::ClockDiffers => "correct the clock of this machine or of the database server",
        Readiness::Replica => "connect to the primary server",
        Readiness::Failover => {
            "wait for a node that was ready before the failover; if there is none, run doctor \
             --accept-restore, which ends every session"
        }
        Readiness::Restored => "run doctor --accept-restore, which ends every session",
        _ => "start a node, and read its log",
    };
    Check::fail(name, format!("the nodes are not ready: {}", sync.readiness().as_str()), fix)
}

/// Keys of another site make second factors and passwords unreadable.
async fn key_values<R: Role>(sync: &RevocationSync<R>) -> Check {
    let name = "key_values";
    match sync.lacking_keys().await {
        Ok(0) => Check::ok(name, "the key file has each key of this database"),
        Ok(missing) => Check::fail(
            name,
            format!("the key file lacks {missing} keys that this database was used with"),
            "use the key file of this site or restore it from a backup; if the keys are lost, run \
             doctor --accept-lost-keys",
        ),
        Err(error) => Check::failed(name, &error, "start the database, then try again"),
    }
}

/// Without notifications, revocations arrive by polling, within the same bound.
async fn notifier<R: Role>(sync: &RevocationSync<R>) -> Check {
    let name = "notifier";
    let pushes = sync.pushes();
    let polled = "revocations are only polled, each second";
    let fix =
        "name the database server itself in the parameter listen of the address, or use Redis";
    if pushes.is_empty() {
        return Check::warn(name, polled, fix);
    }
    match sync.connect_notifiers().await {
        Ok(()) => {
            Check::ok(name, format!("revocations are pushed to each node by {}", pushes.join(", ")))
        }
        Err(error) => Check::warn(name, format!("{polled}: {}", one_line(&error)), fix),
    }
}

/// A running node prunes each minute. An hour without a running node is common.
const PURGE_MAY_BE_LATE: Duration = Duration::from_secs(3600);
