//! The way from a node to the server: directly, or through a pooler.
//!
//! A pooler in transaction mode gives a connection of the server to another client after each
//! transaction. sqlx prepares each statement under a name, once per connection, and counts the
//! names from 1. Behind such a pooler a name belongs to another client's statement, and the server
//! would run that statement with this client's values. So the mode must be known before the first
//! statement, and a wrong setting must not go unnoticed.
//!
//! The server shows a direct connection: each one is opened with a setting of hallpass
//! (`hallpass.direct`). PgBouncer rejects the setting, or removes it if `ignore_startup_parameters`
//! contains `options`. Both are noticed, also if the address leads to a pooler only later. The node
//! then works as with `pooler=transaction`.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{PgConnection, PgPool, postgres::PgConnectOptions};

use crate::pooler::Pooler;

/// The state that the connections of a store share.
pub(super) struct Route {
    pooler: AtomicU8,
    /// Whether the address or the program names the pooler.
    is_set: AtomicBool,
    pub(super) listen: Option<PgConnectOptions>,
    /// The options without the mark, if the options of the pool have it.
    unmarked: Option<PgConnectOptions>,
    /// When the pool last opened a connection. `None` for a pool of the application.
    last_opened: Option<Mutex<Instant>>,
}

impl Route {
    /// The route of an application's own pool.
    pub(super) fn of_application() -> Self {
        Self::new(None, None)
    }

    pub(super) fn new(pooler: Option<Pooler>, listen: Option<PgConnectOptions>) -> Self {
        Self {
            pooler: AtomicU8::new(number(pooler.unwrap_or_default())),
            is_set: AtomicBool::new(pooler.is_some()),
            listen,
            unmarked: None,
            last_opened: None,
        }
    }

    /// The route of a pool of the store itself.
    pub(super) fn owned(self, unmarked: Option<PgConnectOptions>) -> Self {
        Self { unmarked, last_opened: Some(Mutex::new(Instant::now())), ..self }
    }

    pub(super) fn with(&self, pooler: Option<Pooler>, listen: Option<PgConnectOptions>) -> Self {
        let set = self.is_set().then(|| self.pooler());
        Self::new(pooler.or(set), listen.or_else(|| self.listen.clone()))
    }

    pub(super) fn pooler(&self) -> Pooler {
        match self.pooler.load(Ordering::Acquire) {
            0 => Pooler::None,
            1 => Pooler::Session,
            _ => Pooler::Transaction,
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    /// Returns whether the store opened the pool.
    pub(super) fn is_owned(&self) -> bool {
        self.last_opened.is_some()
    }

    /// A pooler was found that nobody named.
    pub(super) fn found_pooler(&self) {
        let transaction = number(Pooler::Transaction);
        if self.pooler.swap(transaction, Ordering::AcqRel) != transaction {
            tracing::warn!(target: "hallpass", "the address of the database leads to a pooler: add pooler=transaction to it");
        }
    }

    /// Returns whether to connect again, after the pool could not connect: a pooler rejected the
    /// mark, and the next connection is opened without it.
    pub(super) fn connects_again(&self, pool: &PgPool, error: &sqlx::Error) -> bool {
        let (true, Some(unmarked)) = (rejects_startup(error), &self.unmarked) else {
            return false;
        };
        // Options of the address do not pass a pooler either, for example `search_path`.
        if unmarked.get_options().is_some() {
            return false;
        }
        self.found_pooler();
        pool.set_connect_options(unmarked.clone());
        true
    }

    /// The pool has opened a connection.
    pub(super) fn opened(&self) {
        if let Some(last) = &self.last_opened {
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }

    /// Returns whether the pool opened no connection for some time, so that it has too many.
    fn is_calm(&self) -> bool {
        self.last_opened.as_ref().is_some_and(|last| {
            last.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > CALM
        })
    }

    /// Waits a little for a connection that is being returned to the pool.
    ///
    /// The driver returns a connection on another task, after a message to the server. Without this
    /// wait, two statements of one task would open two connections. To open one takes longer.
    pub(super) async fn await_idle(&self, pool: &PgPool) {
        let may_open = || {
            let size = pool.size();
            self.is_owned()
                && pool.num_idle() == 0
                && size > 0
                && size < pool.options().get_max_connections()
        };
        let start = Instant::now();
        while may_open() && start.elapsed() < RETURN {
            // On the same machine it takes about 0.1 ms. The timer's next tick would be the longest
            // part of a poll.
            if start.elapsed() < RETURN_NEARBY {
                // Other tasks, and the threads that run them, come first.
                std::thread::yield_now();
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Closes a connection if the pool has more than it needs.
    ///
    /// The driver uses its idle connections in turn. So the poll of each second would keep all of
    /// them in use, and its idle timeout would close none.
    pub(super) fn close_spare(&self, pool: &PgPool) {
        if pool.num_idle() > 1
            && self.is_calm()
            && let Some(spare) = pool.try_acquire()
        {
            // A read does not wait for it. The server closes it in any case.
            tokio::spawn(async move {
                let _closed = spare.close().await;
            });
        }
    }
}

const fn number(pooler: Pooler) -> u8 {
    match pooler {
        Pooler::None => 0,
        Pooler::Session => 1,
        Pooler::Transaction => 2,
    }
}

/// Adds the mark of a direct connection.
pub(super) fn marked(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options([("hallpass.direct", "1")])
}

/// Returns whether a connection with the mark is direct.
pub(super) async fn is_direct(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    use sqlx::Executor;
    // A statement without a name: nothing is known yet about the way.
    let mark = "SELECT 1 WHERE current_setting('hallpass.direct', TRUE) = '1'";
    Ok(connection.fetch_optional(sqlx::raw_sql(mark)).await?.is_some())
}

/// Returns whether a pooler rejected a setting of the connection.
pub(crate) fn rejects_startup(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| match error.code().as_deref() {
        // protocol_violation: PgBouncer
        Some("08P01") => error.message().contains("unsupported startup parameter"),
        // feature_not_supported: RDS Proxy, "doesn't support command-line options"
        Some("0A000") => error.message().contains("command-line options"),
        _ => false,
    })
}

/// Returns whether two connections use the connections of a server in turn, as those of a pooler in
/// transaction mode do. A pooler that has much to do may hide it.
pub(super) async fn shares_servers(
    one: &mut PgConnection,
    other: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let first = server(one).await?;
    Ok(server(other).await? == first || server(one).await? != first)
}

async fn server(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    use sqlx::{Executor, Row};
    let id = sqlx::raw_sql("SELECT pg_backend_pid()::text");
    connection.fetch_optional(id).await?.map(|row| row.try_get(0)).transpose()
}

/// Longer than a message to a server in the same region and back, on a machine that is busy.
const RETURN: Duration = Duration::from_millis(40);
/// Longer than a message to a server on the same machine and back.
const RETURN_NEARBY: Duration = Duration::from_micros(300);
/// After this time without a new connection, one connection is closed per second, until one is
/// left. A site that needs them within this time keeps them.
const CALM: Duration = Duration::from_secs(10);
