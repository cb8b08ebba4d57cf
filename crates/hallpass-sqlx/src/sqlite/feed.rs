//! The revocation feed.
//!
//! SQLite has one writer at a time, so places are given in the order of commits: a row never appears behind a cursor that
//! was handed out before.

use hallpass_core::UnixTime;
use hallpass_signin::{AccountId, Change, Changes, Cursor, Feed, SessionId};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{SqliteStore, column};
use crate::StoreError;

impl Feed for SqliteStore {
    type Error = StoreError;

    async fn since(&self, cursor: Cursor) -> Result<Changes, StoreError> {
        let place = i64::try_from(cursor.number()).unwrap_or(i64::MAX);
        let rows = sqlx::query(
            "SELECT place, account_id, generation, session_id, at FROM hallpass_feed \
             WHERE place > ?1 ORDER BY place LIMIT ?2",
        )
        .bind(place)
        .bind(STRETCH)
        .fetch_all(&self.pool)
        .await?;
        let cursor = match rows.last() {
            Some(row) => Cursor::from_number(column::to_unsigned(row.try_get("place")?)?),
            None => cursor,
        };
        let changes = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(Changes { changes, cursor })
    }

    async fn forget(&self, before: UnixTime) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("DELETE FROM hallpass_feed WHERE at < ?1")
            .bind(column::from_time(before))
            .execute(write.connection())
            .await?;
        write.commit().await
    }
}

pub(super) async fn generation_raised(
    connection: &mut SqliteConnection,
    account: &AccountId,
    generation: i64,
    at: UnixTime,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO hallpass_feed (account_id, generation, at) VALUES (?1, ?2, ?3)")
        .bind(account.as_str())
        .bind(generation)
        .bind(column::from_time(at))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn session_ended(
    connection: &mut SqliteConnection,
    session: &SessionId,
    at: UnixTime,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO hallpass_feed (session_id, at) VALUES (?1, ?2)")
        .bind(session.to_string())
        .bind(column::from_time(at))
        .execute(connection)
        .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Change, StoreError> {
    let at = column::to_time(row.try_get("at")?)?;
    let session: Option<&str> = row.try_get("session_id")?;
    Ok(match session {
        Some(session) => Change::SessionEnded { session: session.parse().map_err(StoreError::corrupt)?, at },
        None => Change::Generation {
            account: AccountId::new(row.try_get::<String, _>("account_id")?),
            generation: column::to_unsigned(row.try_get("generation")?)?,
            at,
        },
    })
}

/// Rows a call: some 100 KiB of memory, and a million rows in a thousand calls.
const STRETCH: i64 = 1000;
