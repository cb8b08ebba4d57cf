//! Checks of the database: its reachability, its schema, its revocation log and its notifications.

use std::time::Duration;

use hallpass_accounts::RevocationSync;
use hallpass_core::{Clock, Role, SystemClock};
use hallpass_sqlx::SqlStore;

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
    let age = size.oldest.map(|oldest| SystemClock.now().since(oldest)).unwrap_or_default();
    let text = format!("{} entries, the oldest is {} s old", size.entries, age.as_secs());
    if age > site.checked.settings.lifetime.saturating_add(PURGE_MAY_BE_LATE) {
        return Check::warn(name, text, "run the command prune, or start a node, which prunes too");
    }
    Check::ok(name, text)
}

/// Without notifications, revocations arrive by polling, within the same bound.
pub(super) async fn notifier<R: Role>(site: Site<R>) -> Check {
    let name = "notifier";
    let accounts = match site.checked.accounts() {
        Ok(accounts) => accounts,
        Err(error) => {
            let fix = "fix the key file first";
            return Check::warn(name, format!("was not checked: {error}"), fix);
        }
    };
    match RevocationSync::new(&accounts).connect_notifiers().await {
        Ok(()) => Check::ok(name, "revocations are pushed to each node"),
        Err(error) => Check::warn(
            name,
            format!("revocations are only polled, each second: {}", one_line(&error)),
            "connect the nodes to the database or to Redis without a pooler",
        ),
    }
}

/// A running node prunes each minute. An hour without a running node is common.
const PURGE_MAY_BE_LATE: Duration = Duration::from_secs(3600);
