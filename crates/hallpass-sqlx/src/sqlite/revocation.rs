//! The revocation log.
//!
//! SQLite has one writer at a time, so places are given in the order of commits: a row never
//! appears behind a cursor that was handed out before.

use std::time::Duration;

use hallpass_accounts::{Cursor, Notifier, RevocationLog, RevocationPage};
use hallpass_core::UnixTime;
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::time::sleep;

use super::{
    SqliteStore,
    sql::{
        revocation::{STRETCH, change},
        {get, sql},
    },
};
use crate::{column, error::StoreError};

impl RevocationLog for SqliteStore {
    type Error = StoreError;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, StoreError> {
        let place = i64::try_from(cursor.number()).unwrap_or(i64::MAX);
        let since =
            sql("SELECT place, account_id, generation, session_id, at FROM hallpass_revocations \
             WHERE place > ?1 ORDER BY place LIMIT ?2");
        let rows = self.rows(since.bind(place).bind(STRETCH)).await?;
        let cursor = match rows.last() {
            Some(row) => Cursor::from_number(column::to_unsigned(get(row, "place")?)?),
            None => cursor,
        };
        let changes = rows.iter().map(change).collect::<Result<_, StoreError>>()?;
        Ok(RevocationPage { changes, cursor })
    }

    async fn purge_before(&self, before: UnixTime) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let forget = sql("DELETE FROM hallpass_revocations WHERE at < ?1");
        write.change(forget.bind(column::from_time(before))).await?;
        write.commit().await
    }

    fn notifier(&self) -> impl Notifier {
        self.watch()
    }
}

/// What wakes a node when another process has written to the file.
///
/// SQLite tells nobody. But `PRAGMA data_version` reads one number from the shared memory beside
/// the file, and that number changes with every commit of another connection, so asking it often
/// costs next to nothing: some 20 µs each time, on a connection's own thread.
///
/// It watches the file from a connection of its own. A write of this process counts as news too:
/// then the log is read for nothing.
pub(crate) struct Watch {
    pool: SqlitePool,
    seen: Option<(SqliteConnection, i64)>,
}

impl SqliteStore {
    pub(crate) fn watch(&self) -> Watch {
        Watch { pool: self.pool.clone(), seen: None }
    }
}

impl Notifier for Watch {
    type Error = StoreError;

    async fn notified(&mut self) -> Result<(), StoreError> {
        // Put back only while it is good: a dropped future or an error leaves none, and the next
        // call begins afresh.
        let Some((mut connection, seen)) = self.seen.take() else {
            if self.pool.is_closed() {
                return Err(StoreError::from_driver(sqlx::Error::PoolClosed));
            }
            let options = self.pool.connect_options();
            let mut connection =
                SqliteConnection::connect_with(&options).await.map_err(StoreError::from_driver)?;
            let version = version(&mut connection).await?;
            self.seen = Some((connection, version));
            return Ok(());
        };
        loop {
            sleep(PERIOD).await;
            if self.pool.is_closed() {
                return Err(StoreError::from_driver(sqlx::Error::PoolClosed));
            }
            let now = version(&mut connection).await?;
            if now != seen {
                self.seen = Some((connection, now));
                return Ok(());
            }
        }
    }
}

async fn version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("PRAGMA data_version")
        .fetch_one(connection)
        .await
        .map_err(StoreError::from_driver)
}

/// Short beside a person's patience and an operator's, long beside its cost.
const PERIOD: Duration = Duration::from_millis(50);
