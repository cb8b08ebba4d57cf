//! The steps of every revocation, inside the caller's transaction: raise a number, delete sessions,
//! write the log. Each database has its own module to read the log.

use hallpass_accounts::{AccountId, Revocation, RevocationPage, SessionId};
use hallpass_core::UnixTime;

use super::{
    Row, Write, column, {get, sql},
};
use crate::error::StoreError;

/// Whether a change raises the account's number `credential`, so that known browsers become
/// unknown. A new password, a new or removed second factor, and `log_out_everywhere` raise it.
#[derive(Clone, Copy)]
pub(crate) enum Credential {
    New,
    Same,
}

/// Ends every session of the account except `keep`, and revokes the account's tokens.
///
/// The kept session cannot be refreshed until its refresh token is replaced: a copy of the token
/// must not outlive the change.
pub(crate) async fn everything(
    write: &mut Write,
    account: &AccountId,
    keep: Option<&SessionId>,
    credential: Credential,
    at: UnixTime,
) -> Result<(), StoreError> {
    let end = sql("DELETE FROM hallpass_sessions WHERE account_id = $1 AND id IS DISTINCT FROM $2")
        .bind(account.as_str())
        .bind(keep.map(SessionId::to_string));
    write.change(end).await?;
    if keep.is_some() {
        let revoke = sql(
            "UPDATE hallpass_sessions SET refresh_hash = NULL, consumed = $2 WHERE account_id = $1",
        );
        write.change(revoke.bind(account.as_str()).bind(column::NOTHING)).await?;
    }
    self::account(write, account, credential, at).await
}

/// Revokes every earlier token of the account. Sessions stay. Has no effect on an account that does
/// not exist.
///
/// At the highest number the schema rejects the change, because a wrap-around would revive every
/// old token.
pub(crate) async fn account(
    write: &mut Write,
    account: &AccountId,
    credential: Credential,
    at: UnixTime,
) -> Result<(), StoreError> {
    let raise =
        sql("UPDATE hallpass_account_state SET credential = credential + $2, revoked_below = \
         1 + CASE WHEN revoked_below > stale_below THEN revoked_below ELSE stale_below END \
         WHERE account_id = $1 RETURNING revoked_below AS number, disabled");
    let new_credential = i64::from(matches!(credential, Credential::New));
    let raise = raise.bind(account.as_str()).bind(new_credential);
    let Some(row) = write.row(raise).await? else {
        return Ok(());
    };
    let number = column::to_unsigned(get(&row, "number")?)?;
    let disabled = get(&row, "disabled")?;
    log(write, &Revocation::RevokedBelow { account: account.clone(), number, disabled, at }).await
}

/// Makes every earlier token of the account stale. Has no effect on an account that does not exist.
/// For the highest number, see [`account`].
pub(crate) async fn stale(
    write: &mut Write,
    account: &AccountId,
    at: UnixTime,
) -> Result<(), StoreError> {
    let raise = sql("UPDATE hallpass_account_state SET stale_below = \
         1 + CASE WHEN revoked_below > stale_below THEN revoked_below ELSE stale_below END \
         WHERE account_id = $1 RETURNING stale_below AS number");
    let Some(row) = write.row(raise.bind(account.as_str())).await? else {
        return Ok(());
    };
    let number = column::to_unsigned(get(&row, "number")?)?;
    log(write, &Revocation::StaleBelow { account: account.clone(), number, at }).await
}

/// Ends one session of the account. Returns the number of ended sessions: 1 or 0.
pub(crate) async fn session(
    write: &mut Write,
    account: &AccountId,
    session: &SessionId,
    at: UnixTime,
) -> Result<u64, StoreError> {
    let end = sql("DELETE FROM hallpass_sessions WHERE id = $1 AND account_id = $2")
        .bind(session.to_string())
        .bind(account.as_str());
    let ended = write.change(end).await?;
    if ended != 0 {
        log(write, &Revocation::SessionEnded { session: *session, at }).await?;
    }
    Ok(ended)
}

/// Writes an entry of the log.
pub(crate) async fn log(write: &mut Write, change: &Revocation) -> Result<(), StoreError> {
    let (kind, account, number, session) = match change {
        Revocation::RevokedBelow { account, number, disabled, .. } => {
            let kind = if *disabled { DISABLED } else { REVOKED };
            (kind, Some(account), Some(i64::from(*number)), None)
        }
        Revocation::StaleBelow { account, number, .. } => {
            (STALE, Some(account), Some(i64::from(*number)), None)
        }
        Revocation::SessionEnded { session, .. } => (SESSION, None, None, Some(session)),
        Revocation::EpochRaised { epoch, .. } => {
            (EPOCH, None, Some(column::from_epoch(*epoch)?), None)
        }
        _ => return Err(StoreError::corrupt("this version cannot store this kind of revocation")),
    };
    let insert =
        sql("INSERT INTO hallpass_revocations (kind, account_id, number, session_id, at) \
         VALUES ($1, $2, $3, $4, $5)")
        .bind(kind)
        .bind(account.map(AccountId::as_str))
        .bind(number)
        .bind(session.map(SessionId::to_string))
        .bind(column::from_time(change.at()));
    write.change(insert).await.map(drop)
}

/// Adds the entry of a row to the page, or skips it if this version cannot read it.
pub(crate) fn read_entry(row: &Row, page: &mut RevocationPage) {
    match change(row) {
        Ok(change) => page.changes.push(change),
        Err(_) => page.skipped += 1,
    }
}

fn change(row: &Row) -> Result<Revocation, StoreError> {
    let at = column::to_time(get(row, "at")?)?;
    let account = || get::<String>(row, "account_id").map(AccountId::new);
    let kind: &str = get(row, "kind")?;
    Ok(match kind {
        REVOKED | DISABLED => Revocation::RevokedBelow {
            account: account()?,
            number: column::to_unsigned(get(row, "number")?)?,
            disabled: kind == DISABLED,
            at,
        },
        STALE => Revocation::StaleBelow {
            account: account()?,
            number: column::to_unsigned(get(row, "number")?)?,
            at,
        },
        SESSION => {
            let session: &str = get(row, "session_id")?;
            Revocation::SessionEnded { session: session.parse().map_err(StoreError::corrupt)?, at }
        }
        EPOCH => Revocation::EpochRaised { epoch: column::to_unsigned(get(row, "number")?)?, at },
        _ => return Err(StoreError::corrupt("an entry of the revocation log has an unknown kind")),
    })
}

const REVOKED: &str = "revoked";
const DISABLED: &str = "disabled";
const STALE: &str = "stale";
const SESSION: &str = "session";
const EPOCH: &str = "epoch";

/// Maximum number of rows per read: about 100 KiB of memory. A million rows need a thousand reads.
pub(crate) const STRETCH: u32 = 1000;
