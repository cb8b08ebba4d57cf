//! What every revocation does, inside the caller's transaction: the generation goes up, sessions go, the feed is written.

use hallpass_core::UnixTime;
use hallpass_signin::{AccountId, SessionId};
use sqlx::SqliteConnection;

use super::{column, feed};
use crate::StoreError;

/// Ends every session of the account but `keep`, and raises its generation. `None`: there is no such account.
pub(super) async fn everything(
    connection: &mut SqliteConnection,
    account: &AccountId,
    keep: Option<&SessionId>,
    at: UnixTime,
) -> Result<Option<u32>, StoreError> {
    sqlx::query("DELETE FROM hallpass_sessions WHERE account_id = ?1 AND id IS NOT ?2")
        .bind(account.as_str())
        .bind(keep.map(SessionId::to_string))
        .execute(&mut *connection)
        .await?;
    generation(connection, account, at).await
}

/// Raises the account's generation: every token issued before is void. Sessions stay.
///
/// At the highest generation the schema refuses the change. To wrap around would revive every old token.
pub(super) async fn generation(
    connection: &mut SqliteConnection,
    account: &AccountId,
    at: UnixTime,
) -> Result<Option<u32>, StoreError> {
    let raised: Option<i64> = sqlx::query_scalar(
        "UPDATE hallpass_accounts SET generation = generation + 1 WHERE id = ?1 RETURNING generation",
    )
    .bind(account.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(raised) = raised else {
        return Ok(None);
    };
    feed::generation_raised(connection, account, raised, at).await?;
    column::to_unsigned(raised).map(Some)
}

/// Ends one session of the account. Answers how many there were: 1 or 0.
pub(super) async fn session(
    connection: &mut SqliteConnection,
    account: &AccountId,
    session: &SessionId,
    at: UnixTime,
) -> Result<u64, StoreError> {
    let ended = sqlx::query("DELETE FROM hallpass_sessions WHERE id = ?1 AND account_id = ?2")
        .bind(session.to_string())
        .bind(account.as_str())
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if ended != 0 {
        feed::session_ended(connection, session, at).await?;
    }
    Ok(ended)
}
