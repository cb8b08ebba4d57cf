//! The revocation log.
//!
//! SQLite has one writer at a time, so places are assigned in the order of the commits: a row never
//! appears before a cursor that was returned earlier.

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

/// Wakes a node when another process has written to the file.
///
/// SQLite sends no notifications. `PRAGMA data_version` reads one number from the shared memory of
/// the file, which changes with every commit of another connection. A read takes about 20 µs, on
/// the connection's own thread.
///
/// It watches the file on a connection of its own, so a write of this process wakes the node too.
/// The log is then read without a result.
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
        // The connection is put back only while it works. After a dropped future or an error the
        // next call connects again.
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

/// The polling interval: a thousand times the duration of a read, and too short for a person to
/// notice.
const PERIOD: Duration = Duration::from_millis(50);
