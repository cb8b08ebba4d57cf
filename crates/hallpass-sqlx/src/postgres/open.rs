//! Opens a database on a server, and applies the steps of the schema.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Executor,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    PostgresStore,
    sql::{LATEST_STEP, get, sql},
    wait,
};
use crate::{
    column,
    error::StoreError,
    open_error::StoreOpenError,
    schema::{MigrateError, SchemaStep, Step, steps},
};

impl PostgresStore {
    /// Connects to the database at `url`, for example `postgres://site@localhost/site`, and brings
    /// its tables up to date. The usual `PG…` variables supply the parts that the address omits.
    /// Requires PostgreSQL 13 or later.
    ///
    /// Settings of each connection:
    ///
    /// | setting | value | reason |
    /// |---|---|---|
    /// | `synchronous_commit` | `on`, unless it is stricter | a logout or a consumed code that was acknowledged must survive a power failure |
    /// | `statement_timeout` | 5 s | the login has failed long before, and its lock must not remain |
    /// | `idle_in_transaction_session_timeout` | 10 s | a process that stops inside a transaction must not keep its lock |
    ///
    /// There are at most 8 connections, and a call waits about 1.3 s for one, so that a login fails
    /// early enough for a person to try again. The revocation log listens on one more connection.
    ///
    /// # TLS
    /// Requires the feature `tls`. `sslmode` has the values of PostgreSQL's own clients. **For a
    /// server across a network, add `?sslmode=verify-full`**: `prefer`, the default, and `require`
    /// encrypt, but do not verify the server's certificate. The authorities that Mozilla trusts are
    /// compiled in. `sslrootcert=/etc/site/ca.pem` adds those of a file. `sslcert` and `sslkey` set
    /// the site's own certificate.
    ///
    /// # Errors
    /// `url` is not a PostgreSQL address, or the database cannot be reached or brought up to date.
    /// [`StoreOpenError`] distinguishes these cases.
    pub async fn open(url: &str) -> Result<Self, StoreOpenError> {
        let store = Self::open_existing(url).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Connects to the database at `url` as [`open`](Self::open) does, but changes no table, for an
    /// operator's command.
    ///
    /// The tables may be missing or at another step: [`schema`](Self::schema) returns the step.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_existing(url: &str) -> Result<Self, StoreOpenError> {
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
            .connect_with(options.clone())
            .await;
        let pool = match pool {
            Err(error) => Err(wait::cause(error, &options).await),
            connected => connected,
        };
        let pool = pool.map_err(|error| match error {
            // sqlx returns this before it sends anything. Another crate may have enabled sqlx's
            // TLS, so the feature alone does not decide.
            error @ sqlx::Error::Tls(_) if cfg!(not(feature = "tls")) => {
                StoreOpenError::Tls { source: StoreError::from_driver(error) }
            }
            error => {
                StoreOpenError::Connect { host, database, source: StoreError::from_driver(error) }
            }
        })?;
        Ok(Self::from_pool(pool))
    }

    /// Returns the database and the server, for the messages of a command.
    pub(crate) fn location(&self) -> String {
        let options = self.pool.connect_options();
        format!("{} at {}:{}", self.database(), options.get_host(), options.get_port())
    }
}

const EXAMPLE: &str = "postgres://site@localhost/site";
/// `remote_apply` also waits for a replica, and is not changed.
const SETTINGS: &str = "SET statement_timeout = 5000; SET idle_in_transaction_session_timeout = 10000; \
     SELECT set_config('synchronous_commit', 'on', FALSE) \
     WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// Per process. More connections would only queue on the server's cores, and a server accepts 100
/// in all by default.
const CONNECTIONS: u32 = 8;

impl PostgresStore {
    /// Brings the tables up to date, in the first schema of the connection's `search_path`. Has no
    /// effect if they are.
    ///
    /// [`open`](Self::open) calls this. Any number of processes may call it at the same time: it is
    /// one transaction that holds a lock, so each step runs once, and a crash leaves no partial
    /// change.
    ///
    /// # Errors
    /// The database is unavailable, or was written by a newer version of this crate.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut write = self.write().await?;
        // The steps may take long, and so may those of another process.
        write.script("SET LOCAL statement_timeout = 0").await?;
        // Two transactions that create the same table at the same time do not wait for each other:
        // one of them fails.
        write.row(sql("SELECT pg_advisory_xact_lock(730482301)")).await?;
        let record = "CREATE TABLE IF NOT EXISTS hallpass_migrations (step BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
        // Otherwise each start would log the notice that the table exists.
        write.script("SET LOCAL client_min_messages = warning").await?;
        write.script(record).await?;
        let latest = write.row(sql(LATEST_STEP)).await?;
        let done: u32 = latest.map_or(Ok(0), |row| column::to_unsigned(get(&row, "step")?))?;
        MigrateError::unless_known(done, &STEPS)?;
        for (number, step) in (1..).zip(&STEPS).filter(|(number, _)| *number > done) {
            write.script(step.sql).await?;
            let record = sql("INSERT INTO hallpass_migrations (step, name) VALUES ($1, $2)");
            write.change(record.bind(i64::from(number)).bind(step.name)).await?;
        }
        Ok(write.commit().await?)
    }

    /// Returns the step of the schema at which the tables are. Changes nothing.
    ///
    /// # Errors
    /// The database is unavailable, or the record of the steps cannot be read.
    pub async fn schema(&self) -> Result<SchemaStep, StoreError> {
        let record = sql("SELECT 1 WHERE to_regclass('hallpass_migrations') IS NOT NULL");
        let latest = match self.row(record).await? {
            Some(_) => self.row(sql(LATEST_STEP)).await?,
            None => None,
        };
        let found = latest.map_or(Ok(0), |row| column::to_unsigned(get(&row, "step")?))?;
        Ok(SchemaStep::new(found, &STEPS))
    }
}

static STEPS: [Step; 10] = steps!["postgres":
    "0001_site.sql" "0002_accounts.sql" "0003_two_factor.sql" "0004_sessions.sql"
    "0005_revocations.sql" "0006_rate_limits.sql" "0007_browsers.sql" "0008_outcomes.sql"
    "0009_consumed.sql" "0010_activity.sql"
];
