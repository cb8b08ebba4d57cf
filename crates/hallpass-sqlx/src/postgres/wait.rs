//! Waiting for a connection, and the reason why no connection was opened.
//!
//! If the server refuses connections, because it is down, is starting or has too many clients, the
//! pool of sqlx tries again until its timeout. Its error is then "pool timed out", without the
//! reason, and the timeout of a store call ends earlier. So a call waits for less time here, and
//! one connection is tried, whose error has the reason
//! (`postgres_without_free_connections_names_the_cause`).

use std::{io, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Error, PgPool, Postgres, Transaction,
    pool::{MaybePoolConnection, PoolConnection},
    postgres::PgConnectOptions,
};
use tokio::{sync::Semaphore, time::timeout};

/// Takes a connection of the pool.
pub(super) async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, Error> {
    match timeout(WAIT, pool.acquire()).await.unwrap_or(Err(Error::PoolTimedOut)) {
        Err(error) => Err(cause(error, &pool.connect_options()).await),
        acquired => acquired,
    }
}

/// Takes a connection of the pool and begins a transaction.
pub(super) async fn begin_with(
    pool: &PgPool,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, Error> {
    let connection = MaybePoolConnection::PoolConnection(acquire(pool).await?);
    Transaction::begin(connection, Some(sqlx::SqlSafeStr::into_sql_str(statement))).await
}

/// Returns the reason of the error of a pool that timed out. Other errors have one.
pub(super) async fn cause(error: Error, options: &PgConnectOptions) -> Error {
    if !matches!(error, Error::PoolTimedOut) {
        return error;
    }
    // One at a time: a server that has too many clients gets no more of them.
    let connected = timeout(PROBE, async {
        let _one = PROBES.acquire().await;
        options.connect().await
    });
    match connected.await {
        Ok(Ok(connection)) => {
            // The connections of the pool are in use. The server closes this one in any case.
            let _closed = connection.close().await;
            error
        }
        Ok(Err(error)) => error,
        Err(_) => {
            let text = "the server does not respond to a new connection";
            Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
        }
    }
}

/// With [`PROBE`] less than the default timeout of a store call, 1.5 s.
const WAIT: Duration = Duration::from_millis(1100);
const PROBE: Duration = Duration::from_millis(250);
static PROBES: Semaphore = Semaphore::const_new(1);
