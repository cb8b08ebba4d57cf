//! The revocation feed.
//!
//! SQLite has one writer at a time, so places are given in the order of commits: a row never appears behind a cursor that
//! was handed out before.

use hallpass_accounts::{AccountId, Change, Changes, Cursor, Feed, Push, SessionId};
use hallpass_core::UnixTime;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore, column,
    statement::{get, sql},
    write::Write,
};
use crate::StoreError;

impl Feed for SqliteStore {
    type Error = StoreError;

    async fn since(&self, cursor: Cursor) -> Result<Changes, StoreError> {
        let place = i64::try_from(cursor.number()).unwrap_or(i64::MAX);
        let since = sql("SELECT place, account_id, generation, session_id, at FROM hallpass_feed \
             WHERE place > ?1 ORDER BY place LIMIT ?2");
        let rows = self.rows(since.bind(place).bind(STRETCH)).await?;
        let cursor = match rows.last() {
            Some(row) => Cursor::from_number(column::to_unsigned(get(row, "place")?)?),
            None => cursor,
        };
        let changes = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(Changes { changes, cursor })
    }

    async fn forget(&self, before: UnixTime) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let forget = sql("DELETE FROM hallpass_feed WHERE at < ?1");
        write.change(forget.bind(column::from_time(before))).await?;
        write.commit().await
    }

    fn push(&self) -> impl Push {
        self.watch()
    }
}

pub(super) async fn generation_raised(
    write: &mut Write,
    account: &AccountId,
    generation: u32,
    at: UnixTime,
) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO hallpass_feed (account_id, generation, at) VALUES (?1, ?2, ?3)");
    let insert = insert.bind(account.as_str()).bind(generation).bind(column::from_time(at));
    write.change(insert).await.map(drop)
}

pub(super) async fn session_ended(write: &mut Write, session: &SessionId, at: UnixTime) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO hallpass_feed (session_id, at) VALUES (?1, ?2)");
    let insert = insert.bind(session.to_string()).bind(column::from_time(at));
    write.change(insert).await.map(drop)
}

fn read(row: &SqliteRow) -> Result<Change, StoreError> {
    let at = column::to_time(get(row, "at")?)?;
    let session: Option<&str> = get(row, "session_id")?;
    Ok(match session {
        Some(session) => Change::SessionEnded { session: session.parse().map_err(StoreError::corrupt)?, at },
        None => Change::Generation {
            account: AccountId::new(get::<String>(row, "account_id")?),
            generation: column::to_unsigned(get(row, "generation")?)?,
            at,
        },
    })
}

/// Rows a call: some 100 KiB of memory, and a million rows in a thousand calls.
const STRETCH: i64 = 1000;
