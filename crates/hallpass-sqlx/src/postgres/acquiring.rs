//! Takes connections out of the pool, and names the cause if none becomes free.
//!
//! sqlx's pool connects again and again while the server has too many clients, is starting or
//! refuses the connection, and then returns its own timeout, which hides the cause. So after a
//! timeout one connection is opened apart from the pool, and its error is the cause. Tested in
//! `tests/store/postgres/connections.rs`.

use std::time::Duration;

use sqlx::{Connection, PgConnection, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::PostgresStore;
use crate::{
    error::{StoreError, StoreErrorKind},
    waiting::Waiting,
};

/// The calls that wait for a connection, and the last cause of a timeout.
#[derive(Debug, Default)]
pub(super) struct Acquiring {
    pub(super) waiting: Waiting,
    /// Locked during an attempt, so that the calls that time out together make one attempt.
    last: Mutex<Option<Attempt>>,
}

/// An attempt to connect apart from the pool.
#[derive(Debug)]
struct Attempt {
    at: Instant,
    /// The kind and the text of the error, or `None` if the server accepted the connection.
    failure: Option<(StoreErrorKind, String)>,
}

impl PostgresStore {
    pub(super) async fn acquire(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let waiting = self.acquiring.waiting.begin();
        self.route.await_idle(&self.pool).await;
        let acquired = self.acquire_or_again().await;
        drop(waiting);
        match acquired {
            Ok(connection) => Ok(connection),
            Err(error) => Err(self.acquire_error(error).await),
        }
    }

    /// Takes a connection out of the pool. If a pooler rejected the mark of a direct connection,
    /// connects again without it.
    pub(super) async fn acquire_or_again(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        match self.pool.acquire().await {
            Err(error) if self.route.connects_again(&self.pool, &error) => {
                self.pool.acquire().await
            }
            acquired => acquired,
        }
    }

    /// Returns the error of a call that got no connection, with the cause of a timeout.
    pub(super) async fn acquire_error(&self, error: sqlx::Error) -> StoreError {
        if !matches!(error, sqlx::Error::PoolTimedOut) {
            return StoreError::from_driver(error);
        }
        let mut last = self.acquiring.last.lock().await;
        let attempt = match last.take() {
            Some(attempt) if attempt.at.elapsed() < RECENT => attempt,
            _ => Attempt::to(&self.pool.connect_options()).await,
        };
        last.insert(attempt).error(self.pool.size())
    }
}

/// Returns the error of a pool whose first connection timed out.
pub(super) async fn timeout_error(options: &PgConnectOptions) -> StoreError {
    Attempt::to(options).await.error(0)
}

impl Attempt {
    /// Connects, and closes the connection again.
    async fn to(options: &PgConnectOptions) -> Self {
        let failure = match timeout(ATTEMPT_WAIT, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => {
                // The server closes it in any case.
                let _closed = timeout(ATTEMPT_WAIT, connection.close()).await;
                None
            }
            Ok(Err(error)) => {
                let text = error.to_string();
                Some((StoreError::from_driver(error).kind(), text))
            }
            Err(_) => {
                let text =
                    format!("the server did not respond within {} ms", ATTEMPT_WAIT.as_millis());
                Some((StoreErrorKind::Unavailable, text))
            }
        };
        Self { at: Instant::now(), failure }
    }

    /// Returns the error of a pool with this number of connections.
    fn error(&self, open: u32) -> StoreError {
        const NONE_FREE: &str = "no connection became free in time";
        match &self.failure {
            Some((kind, text)) => {
                StoreError::new(*kind, format!("{NONE_FREE}, and a new one failed: {text}"))
            }
            None => {
                let text = format!("{NONE_FREE}: all {open} connections of this process are used");
                StoreError::new(StoreErrorKind::NoConnection, text)
            }
        }
    }
}

/// With the wait for the pool shorter than the default store timeout of the engine, 1.5 s, whose
/// error does not name the cause.
const ATTEMPT_WAIT: Duration = Duration::from_millis(300);
/// One attempt per this time. A server with too many clients gets few further ones.
const RECENT: Duration = Duration::from_secs(5);
