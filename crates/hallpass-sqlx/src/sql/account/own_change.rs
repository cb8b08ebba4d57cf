//! The conditions of an own change and of a command, checked in the transaction that writes, and
//! the account that the change returns.
//!
//! The account's row is locked from the start of the transaction, and [`passes`] locks the
//! session's row. So the conditions hold until the transaction ends, even against a manual
//! `DELETE`.

use hallpass_accounts::{AccountId, Actor, CommandOutcome, OwnChange, OwnChangeOutcome};

use super::super::{LOCK_SESSION, Write, column, revocation, sql};
use crate::error::StoreError;

/// Returns whether the actor is enabled, has the token's generation, and has a session that exists.
/// After this check the session cannot end before the transaction does.
pub(crate) async fn passes(write: &mut Write, actor: &Actor) -> Result<bool, StoreError> {
    let account =
        sql("SELECT 1 FROM hallpass_accounts WHERE id = $1 AND generation = $2 AND NOT disabled")
            .bind(actor.account.as_str())
            .bind(i64::from(actor.generation));
    if write.row(account).await?.is_none() {
        return Ok(false);
    }
    let Some(session) = &actor.session else {
        return Ok(true);
    };
    let session = sql(LOCK_SESSION).bind(session.to_string()).bind(actor.account.as_str());
    Ok(write.row(session).await?.is_some())
}

/// Returns the same for a command. The application itself always passes.
pub(crate) async fn command_passes(
    write: &mut Write,
    by: Option<&Actor>,
) -> Result<bool, StoreError> {
    match by {
        Some(actor) => passes(write, actor).await,
        None => Ok(true),
    }
}

/// Completes a change that revokes: every other session ends, and the acting session continues with
/// its new refresh token.
pub(crate) async fn revoking(
    mut write: Write,
    own: &OwnChange,
) -> Result<OwnChangeOutcome, StoreError> {
    let account = &own.actor.account;
    revocation::everything(&mut write, account, own.kept_session(), own.at).await?;
    if let (Some(session), Some(refresh_chain)) = (own.kept_session(), &own.refresh_chain) {
        let restart = sql("UPDATE hallpass_sessions \
             SET refresh_hash = $3, consumed = $7, idle_at = $4, methods = $5, refreshed_at = $6 \
             WHERE id = $1 AND account_id = $2")
        .bind(session.to_string())
        .bind(account.as_str())
        .bind(refresh_chain.first.as_bytes().as_slice())
        .bind(column::from_time(refresh_chain.idle_until))
        .bind(column::from_methods(refresh_chain.methods))
        .bind(column::from_time(own.at))
        .bind(column::NOTHING);
        write.change(restart).await?;
    }
    written(write, account).await
}

/// Commits, and returns the account as written.
pub(crate) async fn written(
    mut write: Write,
    account: &AccountId,
) -> Result<OwnChangeOutcome, StoreError> {
    let account = super::written(&mut write, account).await?;
    write.commit().await?;
    Ok(OwnChangeOutcome::Written(Box::new(account)))
}

/// Commits a command, and returns the account as written, if it exists.
pub(crate) async fn commanded(
    mut write: Write,
    account: &AccountId,
) -> Result<CommandOutcome, StoreError> {
    let Some(account) = super::find(&mut write, account).await? else {
        return Ok(CommandOutcome::NotFound);
    };
    write.commit().await?;
    Ok(CommandOutcome::Done(Box::new(account)))
}
