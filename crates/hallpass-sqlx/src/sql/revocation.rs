//! The steps of every revocation, inside the caller's transaction: raise the generation, delete
//! sessions, write the log. Each database has its own module to read the log.

use hallpass_accounts::{AccountId, Revocation, SessionId};
use hallpass_core::UnixTime;

use super::{
    Row, Write, column, {get, sql},
};
use crate::error::StoreError;

/// Ends every session of the account except `keep`, and raises the account's generation.
///
/// The kept session cannot be refreshed until its refresh token is replaced: a copy of the token
/// must not outlive the change.
pub(crate) async fn everything(
    write: &mut Write,
    account: &AccountId,
    keep: Option<&SessionId>,
    at: UnixTime,
) -> Result<(), StoreError> {
    let end = sql("DELETE FROM hallpass_sessions WHERE account_id = $1 AND id IS DISTINCT FROM $2")
        .bind(account.as_str())
        .bind(keep.map(SessionId::to_string));
    write.change(end).await?;
    let revoke = sql(
        "UPDATE hallpass_sessions SET refresh_hash = NULL, consumed = $2 WHERE account_id = $1",
    );
    write.change(revoke.bind(account.as_str()).bind(column::NOTHING)).await?;
    generation(write, account, at).await
}

/// Raises the account's generation, which revokes every token issued before. Sessions stay. Has no
/// effect on an account that does not exist.
///
/// At the highest generation the schema rejects the change, because a wrap-around would revive
/// every old token.
pub(crate) async fn generation(
    write: &mut Write,
    account: &AccountId,
    at: UnixTime,
) -> Result<(), StoreError> {
    let raise = "UPDATE hallpass_accounts SET generation = generation + 1 WHERE id = $1 RETURNING generation";
    let Some(row) = write.row(sql(raise).bind(account.as_str())).await? else {
        return Ok(());
    };
    let generation = column::to_unsigned(get(&row, "generation")?)?;
    generation_raised(write, account, generation, at).await
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
        session_ended(write, session, at).await?;
    }
    Ok(ended)
}

async fn generation_raised(
    write: &mut Write,
    account: &AccountId,
    generation: u32,
    at: UnixTime,
) -> Result<(), StoreError> {
    let insert =
        sql("INSERT INTO hallpass_revocations (account_id, generation, at) VALUES ($1, $2, $3)");
    let insert =
        insert.bind(account.as_str()).bind(i64::from(generation)).bind(column::from_time(at));
    write.change(insert).await.map(drop)
}

async fn session_ended(
    write: &mut Write,
    session: &SessionId,
    at: UnixTime,
) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO hallpass_revocations (session_id, at) VALUES ($1, $2)");
    let insert = insert.bind(session.to_string()).bind(column::from_time(at));
    write.change(insert).await.map(drop)
}

/// Reads a row of the log.
pub(crate) fn change(row: &Row) -> Result<Revocation, StoreError> {
    let at = column::to_time(get(row, "at")?)?;
    let session: Option<&str> = get(row, "session_id")?;
    Ok(match session {
        Some(session) => {
            Revocation::SessionEnded { session: session.parse().map_err(StoreError::corrupt)?, at }
        }
        None => Revocation::Generation {
            account: AccountId::new(get::<String>(row, "account_id")?),
            generation: column::to_unsigned(get(row, "generation")?)?,
            at,
        },
    })
}

/// Maximum number of rows per read: about 100 KiB of memory. A million rows need a thousand reads.
pub(crate) const STRETCH: i64 = 1000;
