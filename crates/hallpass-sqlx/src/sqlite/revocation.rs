//! The revocation log.
//!
//! SQLite has one writer at a time, so places are assigned in the order of the commits: a row never
//! appears before a cursor that was returned earlier.

use std::time::Duration;

use hallpass_accounts::{
    Cursor, Incarnation, Notifier, RevocationLog, RevocationPage, StoreConnections, StoreFacts,
};
use hallpass_core::UnixTime;
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::time::sleep;

use super::{
    SqliteStore,
    sql::{
        revocation::{STRETCH, read_entry},
        {get, sql},
    },
};
use crate::{column, error::StoreError};

impl RevocationLog for SqliteStore {
    type Error = StoreError;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, StoreError> {
        let place = i64::try_from(cursor.number()).unwrap_or(i64::MAX);
        let rows = self.rows(sql(SINCE).bind(place).bind(i64::from(STRETCH))).await?;
        let mut page = RevocationPage {
            changes: Vec::new(),
            cursor,
            skipped: 0,
            facts: None,
            is_last: rows.len() <= STRETCH as usize,
        };
        for row in &rows {
            if let Some(place) = get::<Option<i64>>(row, "place")? {
                read_entry(row, &mut page);
                page.cursor = page.cursor.max(Cursor::from_number(column::to_unsigned(place)?));
            } else if let Some(array) = get::<Option<&str>>(row, "facts")? {
                page.facts = Some(self.observed(facts(array)?).await?);
            }
        }
        Ok(page)
    }

    async fn purge_before(&self, before: UnixTime) -> Result<(), StoreError> {
        while self.delete_older(PRUNE, before, STRETCH).await? > 0 {}
        Ok(())
    }

    async fn prune(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, before, limit).await
    }

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        self.read_database_id().await.map(Some)
    }

    fn notifier(&self) -> impl Notifier {
        self.watch()
    }

    fn connections(&self) -> Option<StoreConnections> {
        Some(self.state.waiting.beside(self.pool.size(), self.pool.num_idle()))
    }
}

impl SqliteStore {
    /// Adds what the database itself does not show: the time, and whether it is an older copy.
    async fn observed(&self, facts: StoreFacts) -> Result<StoreFacts, StoreError> {
        let Some(side_file) = self.side_file.clone() else {
            return Ok(facts.at(self.time.now()));
        };
        let known = facts.clone();
        // A slow disk must not block the threads that serve requests.
        let observe = move || {
            let (recorded, highest) = (known.recorded.as_ref(), known.highest);
            let is_older_copy = recorded.is_none() && side_file.is_ahead_of(highest)?;
            Ok((side_file.observe(&known.store_id, recorded, highest)?, is_older_copy))
        };
        let observed = tokio::task::spawn_blocking(observe).await.map_err(StoreError::corrupt)?;
        let (observed, is_older_copy) = observed.map_err(StoreError::side_file)?;
        let recorded = facts.recorded.clone();
        let facts = facts.at(self.time.now()).with_incarnations(recorded, Some(observed));
        Ok(facts.with_older_copy(is_older_copy))
    }

    /// Records the incarnation in the side file, before the database. If the process ends in
    /// between, the two differ, and the node is not ready.
    pub(super) async fn before_record(&self, new: &Incarnation) -> Result<(), StoreError> {
        let Some(side_file) = self.side_file.clone() else { return Ok(()) };
        let new = new.clone();
        let record = move || side_file.record(&new);
        let recorded = tokio::task::spawn_blocking(record).await.map_err(StoreError::corrupt)?;
        recorded.map_err(StoreError::side_file)
    }
}

/// The id of the database: store and file.
pub(super) const DATABASE_ID: &str = "SELECT s.store_id || '/' || \
     COALESCE((SELECT file FROM pragma_database_list WHERE name = 'main'), '') AS id \
     FROM hallpass_site s";

/// Deletes up to `$2` rows.
const PRUNE: &str = delete_some!(
    "hallpass_revocations",
    "WHERE at < ",
    unestimated!("$1"),
    " ORDER BY at LIMIT $2"
);

/// One statement, so that the facts and the entries are of one moment. One row has the facts, as a
/// JSON array, and each other row has an entry. The driver copies every value of every row, so
/// few columns make the start of a node with a long log fast.
const SINCE: &str = "SELECT json_array(s.store_id, s.epoch, s.incarnation, s.timeline, \
        (SELECT seq FROM sqlite_sequence WHERE name = 'hallpass_revocations'), \
        (SELECT max(at) FROM hallpass_revocations)) AS facts, NULL AS place, \
        NULL AS kind, NULL AS account_id, NULL AS number, NULL AS session_id, NULL AS at \
     FROM hallpass_site s \
     UNION ALL SELECT NULL, place, kind, account_id, number, session_id, at FROM ( \
        SELECT * FROM hallpass_revocations WHERE place > ?1 ORDER BY place LIMIT ?2)";

/// The JSON array of the facts in a read of the log.
type Facts = (String, i64, Option<String>, Option<i64>, Option<i64>, Option<i64>);

fn facts(array: &str) -> Result<StoreFacts, StoreError> {
    let (store_id, epoch, identity, timeline, highest, newest): Facts =
        serde_json::from_str(array).map_err(StoreError::corrupt)?;
    let timeline = timeline.map(column::to_unsigned).transpose()?;
    let recorded =
        identity.zip(timeline).map(|(identity, timeline)| Incarnation { identity, timeline });
    let highest = column::to_unsigned(highest.unwrap_or_default())?;
    let newest = newest.map(column::to_time).transpose()?;
    let facts = StoreFacts::new(store_id, column::to_unsigned(epoch)?, UnixTime::from_secs(0));
    Ok(facts.with_log(highest, newest).with_incarnations(recorded.clone(), recorded))
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

    fn push(&self) -> Option<&'static str> {
        Some("the data version of the file")
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
