//! The conditions of an own change and of a command, checked in the transaction that writes, and
//! the account that the change returns.
//!
//! The account's row is locked from the start of the transaction, and [`passes`] locks the
//! session's row. So the conditions hold until the transaction ends, even against a manual
//! `DELETE`.

use hallpass_accounts::{AccountId, Actor, CommandOutcome, OwnChange, OwnChangeOutcome};

use super::super::{
    LOCK_SESSION, Statement, Write, browser, column,
    revocation::{self, Credential},
    session::refresh_token,
    sql,
};
use crate::error::StoreError;

/// Returns whether the actor is enabled, has a token that is not revoked and has the epoch of the
/// site, and has a session that exists. After this check the session cannot end before the
/// transaction does.
pub(crate) async fn passes(write: &mut Write, actor: &Actor) -> Result<bool, StoreError> {
    let account = sql(concat!(
        "SELECT 1 FROM hallpass_account_state, hallpass_site \
         WHERE account_id = $1 AND epoch = $3 AND ",
        accepts_generation!("$2")
    ));
    check(write, account, actor).await
}

/// Returns whether the conditions of [`passes`] are met for the actor of a command, and whether the
/// actor still has the roles of the token. Returns `true` without an actor, for a command of the
/// application itself.
pub(crate) async fn command_passes(
    write: &mut Write,
    by: Option<&Actor>,
) -> Result<bool, StoreError> {
    let Some(actor) = by else { return Ok(true) };
    let account = sql("SELECT 1 FROM hallpass_account_state, hallpass_site \
         WHERE account_id = $1 AND NOT disabled AND epoch = $3 \
         AND revoked_below <= $2 AND stale_below <= $2 \
         AND (revoked_below = $2 OR stale_below = $2)");
    check(write, account, actor).await
}

async fn check(
    write: &mut Write,
    account: Statement<'_>,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let account = account
        .bind(actor.account.as_str().to_owned())
        .bind(i64::from(actor.generation))
        .bind(column::from_epoch(actor.epoch)?);
    if write.row(account).await?.is_none() {
        return Ok(false);
    }
    let Some(session) = &actor.session else {
        return Ok(true);
    };
    let session = sql(LOCK_SESSION).bind(session.to_string()).bind(actor.account.as_str());
    Ok(write.row(session).await?.is_some())
}

/// Completes a change that revokes: every other session ends, and the acting session continues with
/// its new refresh token.
pub(crate) async fn revoking(
    mut write: Write,
    own: &OwnChange,
    credential: Credential,
) -> Result<OwnChangeOutcome, StoreError> {
    let account = &own.actor.account;
    let before = match own.kept_session() {
        Some(session) => refresh_token::tokens(&mut write, session).await?,
        None => None,
    };
    revocation::everything(&mut write, account, own.kept_session(), credential, own.at).await?;
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
        .bind(before.map_or_else(Vec::new, |(live, consumed)| {
            refresh_chain.after(live, &consumed, own.at).to_bytes()
        }));
        write.change(restart).await?;
    }
    if let (Some(browser), Credential::New) = (&own.browser, credential) {
        browser::keep_known(&mut write, account, browser).await?;
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
