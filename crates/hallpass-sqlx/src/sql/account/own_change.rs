//! The conditions of an own change and of a command, checked in the transaction that writes, and
//! the account that the change returns.
//!
//! The account's row is locked from the start of the transaction, and [`passes`] locks the
//! session's row. So the conditions hold until the transaction ends, even against a manual
//! `DELETE`.

use hallpass_accounts::{
    AccountId, Actor, CommandOutcome, Confirmation, KeptSession, OwnChange, OwnChangeOutcome,
    SessionRow,
};

use super::super::{
    LOCK_SESSION, Row, Statement, Write, browser, column, get,
    revocation::{self, Credential},
    session::refresh_token,
    sql,
};
use crate::error::StoreError;

/// The columns of a session that [`read_kept`] reads.
macro_rules! kept {
    () => {
        "authenticated_at, expires_at"
    };
}

/// Returns whether the actor is enabled, has a token that is not revoked and has the epoch of the
/// site, and has a session that exists and meets the conditions of the actor. After this check the
/// session cannot end before the transaction does.
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
    let Some(row) = write.row(session).await? else { return Ok(false) };
    let kept = refresh_token::read(&row)?;
    let row = SessionRow {
        refresh: kept.state.as_ref(),
        authenticated_at: kept.authenticated_at,
        methods: kept.methods,
        has_second_factor: get(&row, "has_second_factor")?,
    };
    Ok(actor.accepts_session(&row).is_some())
}

/// Completes a change that revokes: every other session ends, and the acting session continues with
/// its new refresh token.
pub(crate) async fn revoking(
    mut write: Write,
    own: &OwnChange,
    credential: Credential,
) -> Result<OwnChangeOutcome, StoreError> {
    let account = &own.actor.account;
    let before = match (own.kept_session(), &own.refresh_chain) {
        (Some(session), Some(_)) => refresh_token::tokens(&mut write, session).await?,
        _ => None,
    };
    revocation::everything(&mut write, account, own.kept_session(), credential, own.at).await?;
    let kept = match (own.kept_session(), &own.refresh_chain) {
        (Some(session), Some(refresh_chain)) => {
            let restart = sql(concat!(
                "UPDATE hallpass_sessions SET refresh_hash = $3, consumed = $7, idle_at = $4, \
                 methods = $5, refreshed_at = $6, authenticated_at = COALESCE($8, authenticated_at) \
                 WHERE id = $1 AND account_id = $2 RETURNING ",
                kept!()
            ))
            .bind(session.to_string())
            .bind(account.as_str())
            .bind(refresh_chain.first.as_bytes().as_slice())
            .bind(column::from_time(refresh_chain.idle_until))
            .bind(column::from_methods(refresh_chain.methods))
            .bind(column::from_time(own.at))
            .bind(before.map_or_else(Vec::new, |(live, consumed)| {
                refresh_chain.after(live, &consumed, own.at).to_bytes()
            }))
            .bind(own.authenticated_at.map(column::from_time));
            write.row(restart).await?.as_ref().map(read_kept).transpose()?
        }
        _ => None,
    };
    if let (Some(browser), Credential::New) = (&own.browser, credential) {
        browser::keep_known(&mut write, account, browser).await?;
    }
    written(write, account, kept).await
}

/// Confirms the acting session, and returns the account and the session.
pub(crate) async fn confirmed(
    mut write: Write,
    confirmation: &Confirmation,
) -> Result<OwnChangeOutcome, StoreError> {
    let account = &confirmation.actor.account;
    let kept = match &confirmation.actor.session {
        Some(session) => {
            let confirm = sql(concat!(
                "UPDATE hallpass_sessions SET methods = $3, authenticated_at = $4 \
                 WHERE id = $1 AND account_id = $2 RETURNING ",
                kept!()
            ))
            .bind(session.to_string())
            .bind(account.as_str())
            .bind(column::from_methods(confirmation.methods))
            .bind(column::from_time(confirmation.at));
            write.row(confirm).await?.as_ref().map(read_kept).transpose()?
        }
        None => None,
    };
    written(write, account, kept).await
}

fn read_kept(row: &Row) -> Result<KeptSession, StoreError> {
    let authenticated_at: Option<i64> = get(row, "authenticated_at")?;
    Ok(KeptSession::new(
        authenticated_at.map(column::to_time).transpose()?,
        column::to_time(get(row, "expires_at")?)?,
    ))
}

/// Commits, and returns the account as written.
pub(crate) async fn written(
    mut write: Write,
    account: &AccountId,
    kept: Option<KeptSession>,
) -> Result<OwnChangeOutcome, StoreError> {
    let account = super::written(&mut write, account).await?;
    write.commit().await?;
    Ok(OwnChangeOutcome::Written(Box::new(account), kept))
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
