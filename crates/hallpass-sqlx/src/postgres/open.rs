//! Opening the database on a server that is there. And the schema, step by step.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Executor,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    PostgresStore,
    sql::{get, sql},
};
use crate::{
    column,
    error::StoreError,
    open_error::StoreOpenError,
    schema::{MigrateError, Step, steps},
};

impl PostgresStore {
    /// Connects to the database that `url` names, `postgres://site@localhost/site` say, and brings
    /// its tables up to date. What the address leaves out comes from the usual `PG…` variables.
    /// PostgreSQL 13 or later.
    ///
    /// What it sets, for each connection:
    ///
    /// | setting | value | because |
    /// |---|---|---|
    /// | `synchronous_commit` | `on`, unless it is stricter | a log-out or a consumed code that was acknowledged must outlive a power cut |
    /// | `statement_timeout` | 5 s | the sign-in has given up long before, and the lock must not outlive it |
    /// | `idle_in_transaction_session_timeout` | 10 s | a process that stops in the middle must not hold its lock |
    ///
    /// There are at most 8 connections, and a call waits at most 2 s for one, so that a log-in
    /// fails in time for a person to try again. The revocation log listens on one more.
    ///
    /// # TLS
    /// With the feature `tls`, and `sslmode` as PostgreSQL's own clients know it. **A server across
    /// a network is named with `?sslmode=verify-full`**: `prefer`, which is what an address
    /// without it means, and `require` encrypt, but ask no certificate who is there. Trusted
    /// are the authorities that Mozilla trusts, compiled in, and those of the file in
    /// `sslrootcert=/etc/site/ca.pem`; `sslcert` and `sslkey` name the site's own certificate.
    ///
    /// # Errors
    /// `url` is no PostgreSQL address, or the database cannot be reached or brought up to date.
    /// [`StoreOpenError`] says which.
    pub async fn open(url: &str) -> Result<Self, StoreOpenError> {
        if !(url.starts_with("postgres:") || url.starts_with("postgresql:")) {
            return Err(StoreOpenError::Scheme { example: EXAMPLE });
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| StoreOpenError::Address {
            example: EXAMPLE,
            source: StoreError::from_driver(error),
        })?;
        let host = format!("{}:{}", options.get_host(), options.get_port());
        let database = options.get_database().unwrap_or(options.get_username()).to_owned();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECTION_WAIT)
            .after_connect(|connection, _| {
                Box::pin(async { connection.execute(SETTINGS).await.map(drop) })
            })
            .connect_with(options)
            .await
            .map_err(|error| match error {
                // sqlx says so before it sends anything. Another crate may have turned its TLS on:
                // so it is asked, not the feature.
                error @ sqlx::Error::Tls(_) if cfg!(not(feature = "tls")) => {
                    StoreOpenError::Tls { source: StoreError::from_driver(error) }
                }
                error => StoreOpenError::Connect {
                    host,
                    database,
                    source: StoreError::from_driver(error),
                },
            })?;
        let store = Self::from_pool(pool);
        store.migrate().await?;
        Ok(store)
    }
}

const EXAMPLE: &str = "postgres://site@localhost/site";
/// `remote_apply` waits for a replica as well, and is left alone.
const SETTINGS: &str = "SET statement_timeout = 5000; SET idle_in_transaction_session_timeout = 10000; \
     SELECT set_config('synchronous_commit', 'on', FALSE) \
     WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// For each process. More would only queue on the server's cores, and a server takes 100 in all
/// unless it is told otherwise.
const CONNECTIONS: u32 = 8;

impl PostgresStore {
    /// Brings the tables up to date, in the first schema of the connection's `search_path`. Does
    /// nothing where they are.
    ///
    /// [`open`](Self::open) does this by itself. Any number of processes may call it at the same
    /// time: all of it is one transaction that holds a lock, so each step runs once and a crash
    /// leaves nothing half done.
    ///
    /// # Errors
    /// The database does not answer, or was written by a newer version of this crate.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut write = self.write().await?;
        // Another process's steps may take long, and so may these.
        write.script("SET LOCAL statement_timeout = 0").await?;
        // Two transactions that create one table at the same time would not wait for each other:
        // one of them fails.
        write.row(sql("SELECT pg_advisory_xact_lock(730482301)")).await?;
        let record = "CREATE TABLE IF NOT EXISTS hallpass_migrations (step BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
        // A notice that the table is there is not worth a line in the log of each start.
        write.script("SET LOCAL client_min_messages = warning").await?;
        write.script(record).await?;
        let latest = write
            .row(sql("SELECT step FROM hallpass_migrations ORDER BY step DESC LIMIT 1"))
            .await?;
        let done: u32 = latest.map_or(Ok(0), |row| column::to_unsigned(get(&row, "step")?))?;
        MigrateError::unless_known(done, &STEPS)?;
        for (number, step) in (1..).zip(&STEPS).filter(|(number, _)| *number > done) {
            write.script(step.sql).await?;
            let record = sql("INSERT INTO hallpass_migrations (step, name) VALUES ($1, $2)");
            write.change(record.bind(i64::from(number)).bind(step.name)).await?;
        }
        Ok(write.commit().await?)
    }
}

static STEPS: [Step; 7] = steps!["postgres":
    "0001_accounts.sql" "0002_second_factors.sql" "0003_sessions.sql" "0004_revocation_log.sql" "0005_attempts.sql"
    "0006_refreshes.sql" "0007_drift.sql"
];
