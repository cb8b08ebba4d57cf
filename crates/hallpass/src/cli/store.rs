//! `sessions`, `migrate`, `prune`, and the options of `doctor` that change the tables.

use clap::{Args, Subcommand};
use hallpass_accounts::{Event, EventActor, RevocationSync};
use hallpass_core::Role;
use serde_json::json;

use super::{
    error::CommandError,
    output::{Output, Status},
    site::Site,
};

/// Applies the missing steps of the schema. It needs no key file, because a deployment may run it
/// before the first start of the site, as a database user that may create tables.
pub(super) async fn migrate<R: Role>(
    site: Site<R>,
    output: Output,
) -> Result<Status, CommandError> {
    let database = site.database.as_str();
    let step = async || {
        let step = site.store.schema().await;
        step.map_err(|error| CommandError::of_store(database, error))
    };
    let before = step().await?.found;
    site.store
        .migrate()
        .await
        .map_err(|source| CommandError::Migrate { database: database.to_owned(), source })?;
    let after = step().await?.found;
    let text = if before == after {
        format!("the tables are at schema step {after} already (database {database})")
    } else {
        site.report("migrate");
        format!("changed the tables from schema step {before} to {after} (database {database})")
    };
    output.print(
        &text,
        &json!({ "command": "migrate", "database": database, "before": before, "after": after }),
    )?;
    Ok(Status::Done)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sessions {
    /// End every session of the site: everybody logs in again
    EndAll,
}

/// Ends every session of the site.
pub(super) async fn sessions<R: Role>(
    command: Sessions,
    site: Site<R>,
    output: Output,
) -> Result<Status, CommandError> {
    let Sessions::EndAll = command;
    let site = site.engine().await?;
    let epoch = site.accounts.end_all_sessions().await.map_err(|error| site.failed(error))?;
    let operation = "sessions end-all";
    site.accounts.report(Event::Maintenance { operation, actor: EventActor::Operator });
    let database = &site.database;
    output.print(
        &format!("ended every session of {database}; its epoch is {epoch}"),
        &json!({ "command": operation, "database": database, "epoch": epoch }),
    )?;
    Ok(Status::Done)
}

/// The faults that an operator accepts after `doctor` has reported them.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Accept {
    /// Accept the database as it is, after a backup was restored or a failover lost changes. Ends
    /// every session of the site
    #[arg(long)]
    accept_restore: bool,
    /// Accept that keys of this database are lost. Second factors under a lost encryption key must
    /// be removed, and passwords under a lost pepper must be reset
    #[arg(long)]
    accept_lost_keys: bool,
}

impl Accept {
    pub(super) fn is_none(self) -> bool {
        !self.accept_restore && !self.accept_lost_keys
    }
}

/// Accepts a restored database, or lost keys.
pub(super) async fn accept<R: Role>(
    accept: Accept,
    site: Site<R>,
    output: Output,
) -> Result<Status, CommandError> {
    let site = site.engine().await?;
    let database = &site.database;
    let mut lines = Vec::new();
    let mut document = json!({ "command": "doctor", "database": database });
    let report = |operation| {
        site.accounts.report(Event::Maintenance { operation, actor: EventActor::Operator });
    };
    if accept.accept_lost_keys {
        let lost = site.accounts.accept_lost_keys().await.map_err(|error| site.failed(error))?;
        report("doctor --accept-lost-keys");
        lines.push(format!("accepted that {lost} keys of {database} are lost"));
        document["lost_keys"] = json!(lost);
    }
    if accept.accept_restore {
        let epoch = site.accounts.accept_restore().await.map_err(|error| site.failed(error))?;
        report("doctor --accept-restore");
        lines.push(format!(
            "accepted {database} as it is, and ended every session; its epoch is {epoch}"
        ));
        document["epoch"] = json!(epoch);
    }
    output.print(&lines.join("\n"), &document)?;
    Ok(Status::Done)
}

/// Deletes the expired rows of each table.
///
/// The lifetime of an access token is that of the site's settings: with a shorter one, a revoked
/// token would be accepted again after a restart (`prune_keeps_the_entries_of_live_tokens`).
pub(super) async fn prune<R: Role>(
    mut site: Site<R>,
    output: Output,
) -> Result<Status, CommandError> {
    site.checked.prune_every_table_of(&site.store);
    let site = site.engine().await?;
    let sync = RevocationSync::new(&site.accounts);
    // The read takes over the store's clock: with a wrong clock of this machine, entries of live
    // tokens would be deleted.
    sync.read().await.map_err(|error| site.store_failed(error))?;
    let deleted = sync.prune().await.map_err(|error| site.store_failed(error))?;
    let left = site.store.stored_rows().await.map_err(|error| site.store_failed(error))?;
    let operation = "prune";
    site.accounts.report(Event::Maintenance { operation, actor: EventActor::Operator });
    let tables = [
        ("revocation log", deleted.revocations, left.revocations),
        ("sessions", deleted.sessions, left.sessions),
        ("rate limits", deleted.rate_limits, left.rate_limits),
        ("browsers", deleted.browsers, left.browsers),
        ("outcomes", deleted.outcomes, left.outcomes),
        ("consumed values", deleted.consumed, left.consumed),
        ("activity", deleted.activity, left.activity),
    ];
    let database = &site.database;
    let lines = tables.map(|(rows, deleted, left)| {
        format!("{rows}: {deleted} rows deleted, {left} left (database {database})")
    });
    let pruned = tables
        .map(|(rows, deleted, left)| json!({ "rows": rows, "deleted": deleted, "left": left }));
    output.print(
        &lines.join("\n"),
        &json!({ "command": operation, "database": database, "pruned": pruned }),
    )?;
    Ok(Status::Done)
}
