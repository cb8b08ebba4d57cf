//! The revocation log.
//!
//! PostgreSQL assigns numbers when a transaction requests them, not when it commits. So a row may
//! appear at a place before rows that were read long ago. A cursor therefore points only to a final
//! row: the row's transaction, and every earlier one, has ended (`pg_snapshot_xmin`). Rows after
//! the last final one are returned as soon as they are visible, and again until they are final. A
//! transaction that stays open for an hour, in any database of the server, delays no revocation.
//!
//! Transaction numbers belong to one server, so cursors are not valid after a dump was restored on
//! another server. The revocation sync detects that by the facts of the store, and reads from the
//! start again when an operator has accepted the store. A physical replica that takes over has the
//! same numbers.

use std::{io::ErrorKind, time::Duration};

use hallpass_accounts::{
    Cursor, Incarnation, Notifier, RevocationLog, RevocationPage, StoreConnections, StoreFacts,
};
use hallpass_core::UnixTime;
use sqlx::{
    Executor, PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions, PgRow},
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{
    PostgresStore, acquiring, route,
    sql::{
        revocation::{STRETCH, read_entry},
        {get, sql},
    },
};
use crate::{
    column,
    error::{StoreError, StoreErrorKind},
    pooler::Pooler,
};

impl RevocationLog for PostgresStore {
    type Error = StoreError;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, StoreError> {
        self.route.close_spare(&self.pool);
        let (transaction, place) = parts(cursor);
        let rows =
            self.rows(sql(SINCE).bind(transaction).bind(place).bind(i64::from(STRETCH))).await?;
        let mut page =
            RevocationPage { changes: Vec::new(), cursor, skipped: 0, facts: None, is_last: false };
        let mut final_rows = 0;
        let mut last_final = None;
        for row in &rows {
            match get::<Option<bool>>(row, "settled")? {
                None => page.facts = Some(facts(row)?),
                Some(settled) => {
                    read_entry(row, &mut page);
                    if settled {
                        last_final = Some(row);
                        final_rows += 1;
                    }
                }
            }
        }
        if let Some(row) = last_final {
            page.cursor = place_of(row)?;
        }
        page.is_last = final_rows < STRETCH;
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
        self.listen()
    }

    fn connections(&self) -> Option<StoreConnections> {
        Some(self.acquiring.waiting.beside(self.pool.size(), self.pool.num_idle()))
    }
}

impl PostgresStore {
    /// The server itself shows its incarnation, so nothing else is recorded.
    pub(super) async fn before_record(&self, _new: &Incarnation) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The id of the database: store, server, database and table. The part of the server is empty if
/// the service does not let this user read it.
pub(super) const DATABASE_ID: &str = "SELECT s.store_id || '/' || \
     COALESCE(hallpass_server_id(), '') || '/' || \
     (SELECT oid::text FROM pg_database WHERE datname = current_database()) || '/' || \
     s.tableoid::text AS id FROM hallpass_site s";

/// Deletes up to `$2` rows.
const PRUNE: &str = delete_some!(
    "hallpass_revocations",
    "WHERE at < ",
    unestimated!("$1"),
    " ORDER BY at LIMIT $2"
);

/// One statement, so that the facts, the limit of the final rows and the rows are of one snapshot.
/// The facts are in a row of their own, the first one.
///
/// Final rows (`settled`) are returned in pages. The last page is followed by all other rows,
/// because no cursor can point to one of them. Those are at most the revocations since the oldest
/// open transaction began that are not yet [removed](RevocationLog::purge_before).
///
/// The planner uses the primary key also if it has no statistics or old ones: it does not use the
/// values of the cursor, reads the final rows in the order of the key, and expects the other rows
/// between two bounds to be few.
///
/// `LIMIT 1` is for the planner too. The table of the site is too small for automatic statistics,
/// so it expects 690 rows there, and would compile each read (JIT), which takes a second.
///
/// A replica has no current position in the write-ahead log.
const SINCE: &str = concat!(
    "WITH open AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS first), \
     stretch AS MATERIALIZED ( \
        SELECT *, TRUE AS settled FROM hallpass_revocations \
        WHERE (transaction, place) > (",
    unestimated!("$1"),
    ", ",
    unestimated!("$2"),
    ") AND transaction < (SELECT first FROM open) \
        ORDER BY transaction, place LIMIT $3), \
     unsettled AS MATERIALIZED ( \
        SELECT *, FALSE AS settled FROM hallpass_revocations \
        WHERE transaction >= (SELECT first FROM open) AND transaction <= 9223372036854775807), \
     site AS MATERIALIZED ( \
        SELECT s.store_id, s.epoch, s.incarnation, s.timeline, \
            CASE WHEN pg_is_in_recovery() THEN NULL ELSE \
                hallpass_server_id() || '/' || \
                (SELECT oid::text FROM pg_database WHERE datname = current_database()) || '/' || \
                s.tableoid::text END AS observed_incarnation, \
            CASE WHEN pg_is_in_recovery() THEN NULL ELSE hallpass_server_timeline() END \
                AS observed_timeline, \
            pg_is_in_recovery() AS is_replica, \
            floor(extract(epoch FROM clock_timestamp()))::bigint AS now, \
            (SELECT last_value FROM hallpass_revocations_place_seq) AS highest, \
            (SELECT at FROM hallpass_revocations ORDER BY at DESC LIMIT 1) AS newest \
        FROM hallpass_site s LIMIT 1) \
     SELECT site.*, NULL::bigint AS transaction, NULL::bigint AS place, NULL AS kind, \
        NULL AS account_id, NULL::bigint AS number, NULL AS session_id, NULL::bigint AS at, \
        NULL::boolean AS settled \
     FROM site \
     UNION ALL \
     SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
        r.transaction, r.place, r.kind, r.account_id, r.number, r.session_id, r.at, r.settled \
     FROM ( \
        SELECT * FROM stretch \
        UNION ALL \
        SELECT * FROM unsettled WHERE (SELECT count(*) FROM stretch) < $3 \
     ) AS r ORDER BY transaction NULLS FIRST, place"
);

/// Reads the facts from a row of the statement that reads the log.
fn facts(row: &PgRow) -> Result<StoreFacts, StoreError> {
    let incarnation = |identity, timeline| {
        let identity: Option<String> = get(row, identity)?;
        let timeline: Option<i64> = get(row, timeline)?;
        let timeline = timeline.map(column::to_unsigned).transpose()?;
        Ok::<_, StoreError>(
            identity.zip(timeline).map(|(identity, timeline)| Incarnation { identity, timeline }),
        )
    };
    let highest: Option<i64> = get(row, "highest")?;
    let newest: Option<i64> = get(row, "newest")?;
    Ok(StoreFacts::new(
        get::<String>(row, "store_id")?,
        column::to_unsigned(get(row, "epoch")?)?,
        column::to_time(get(row, "now")?)?,
    )
    .with_log(
        column::to_unsigned(highest.unwrap_or_default())?,
        newest.map(column::to_time).transpose()?,
    )
    .with_incarnations(
        incarnation("incarnation", "timeline")?,
        incarnation("observed_incarnation", "observed_timeline")?,
    )
    .with_replica(get(row, "is_replica")?))
}

/// The transaction is the upper half, the place the lower half. The first transaction of a server
/// is number 3.
fn parts(cursor: Cursor) -> (i64, i64) {
    let half = |number: u128| i64::try_from(number).unwrap_or(i64::MAX);
    (half(cursor.number() >> 64), half(cursor.number() & u128::from(u64::MAX)))
}

fn place_of(row: &PgRow) -> Result<Cursor, StoreError> {
    let transaction: u64 = column::to_unsigned(get(row, "transaction")?)?;
    let place: u64 = column::to_unsigned(get(row, "place")?)?;
    Ok(Cursor::from_number(u128::from(transaction) << 64 | u128::from(place)))
}

/// Wakes a node with `LISTEN` as soon as a revocation is committed.
///
/// It listens on a connection of its own, at the address of the pool or at the one for listeners.
/// Notifications do not pass a pooler in transaction mode.
pub(crate) struct Listen {
    store: PostgresStore,
    line: Option<Line>,
}

struct Line {
    listener: PgListener,
    /// The pool of this one connection, which closes it.
    own: PgPool,
    /// When to check that the connection works.
    check_at: Instant,
    /// When another connection replaces this one.
    until: Instant,
}

impl Line {
    /// A connection that was cut silently, for example by a firewall, looks like one without
    /// notifications, and a server that is a replica by now sends none.
    async fn check(&mut self) -> Result<(), StoreError> {
        let check = sqlx::raw_sql("SELECT 1 WHERE NOT pg_is_in_recovery()");
        let checked = timeout(CONNECTION_WAIT, self.listener.fetch_optional(check)).await;
        let found = checked.map_err(|_| lost())?.map_err(StoreError::from_driver)?;
        self.check_at = Instant::now() + CHECK_PERIOD;
        found.map(drop).ok_or_else(lost)
    }
}

fn lost() -> StoreError {
    StoreError::from_driver(sqlx::Error::Io(ErrorKind::ConnectionReset.into()))
}

impl PostgresStore {
    pub(crate) fn listen(&self) -> Listen {
        Listen { store: self.clone(), line: None }
    }

    /// Returns the options of a connection that listens, and whether it must be direct. `None` if
    /// no notification would arrive.
    fn listen_options(&self) -> Option<(PgConnectOptions, bool)> {
        let of_pool = self.pool.connect_options();
        match (&self.route.listen, self.pooler()) {
            (Some(listen), _) => Some((route::marked(listen), true)),
            (None, Pooler::Transaction) => None,
            (None, _) if self.route.is_set() => Some(((*of_pool).clone(), false)),
            (None, _) => Some((route::marked(&of_pool), true)),
        }
    }
}

impl Listen {
    async fn connect(&self) -> Result<Line, StoreError> {
        let Some((options, is_direct)) = self.store.listen_options() else {
            return std::future::pending().await;
        };
        let one = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECTION_WAIT);
        let own = match one.connect_with(options.clone()).await {
            Ok(own) => own,
            Err(sqlx::Error::PoolTimedOut) => return Err(acquiring::timeout_error(&options).await),
            Err(error) => return Err(StoreError::from_driver(error)),
        };
        let line = Self::listen(own.clone(), is_direct).await;
        if line.is_err() {
            let _ = timeout(CONNECTION_WAIT, own.close()).await;
        }
        line
    }

    async fn listen(own: PgPool, is_direct: bool) -> Result<Line, StoreError> {
        let mut connection = own.acquire().await.map_err(StoreError::from_driver)?;
        if is_direct && !route::is_direct(&mut connection).await.map_err(StoreError::from_driver)? {
            return Err(StoreError::new(StoreErrorKind::Pooler, "the connection is not direct"));
        }
        drop(connection);
        let mut listener = PgListener::connect_with(&own).await.map_err(StoreError::from_driver)?;
        // A lost connection is an error: notifications in the meantime were lost.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(StoreError::from_driver)?;
        let now = Instant::now();
        Ok(Line { listener, own, check_at: now + CHECK_PERIOD, until: now + LINE_LIFE })
    }
}

impl Notifier for Listen {
    type Error = StoreError;

    async fn notified(&mut self) -> Result<(), StoreError> {
        // The line is put back only while it works. After a dropped future or an error the next
        // call connects again.
        let Some(mut line) = self.line.take() else {
            self.line = Some(self.connect().await?);
            return Ok(());
        };
        match timeout_at(line.check_at, line.listener.try_recv()).await {
            Ok(Ok(Some(_notification))) => {
                // Several notifications cause one read.
                while line.listener.next_buffered().is_some() {}
                self.line = Some(line);
                Ok(())
            }
            Ok(Ok(None)) => Err(lost()),
            Ok(Err(error)) => Err(StoreError::from_driver(error)),
            Err(_time_to_check) if line.until > Instant::now() => {
                line.check().await?;
                self.line = Some(line);
                Ok(())
            }
            Err(_line_is_old) => {
                // Closed before the next one is opened, so that a node has one such connection.
                // The reader polls in the meantime.
                drop(line.listener);
                let _ = timeout(CONNECTION_WAIT, line.own.close()).await;
                sleep(END_OF_CONNECTION).await;
                Ok(())
            }
        }
    }

    fn push(&self) -> Option<&'static str> {
        self.store.listen_options().map(|_| "LISTEN")
    }
}

/// The channel that the trigger on the log's table notifies.
const CHANNEL: &str = "hallpass_revocations";
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// The poll finds a missed revocation within its period of one second.
const CHECK_PERIOD: Duration = Duration::from_secs(60);
/// As the connections of the pool, so that a changed address of the server takes effect.
const LINE_LIFE: Duration = Duration::from_secs(30 * 60);
/// The server ends a closed connection a little later.
const END_OF_CONNECTION: Duration = Duration::from_millis(500);
