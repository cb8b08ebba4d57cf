//! Opens a database on a server, and applies the steps of the schema.

use std::{sync::Arc, time::Duration};

use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};

use super::{
    PostgresStore,
    address::Address,
    route::{self, Route},
    sql::{LATEST_STEP, get, sql},
};
use crate::{
    column,
    error::StoreError,
    open_error::StoreOpenError,
    pooler::Pooler,
    schema::{MigrateError, SchemaStep, Step, steps},
};

/// The settings of a connection, in one statement. `remote_apply` also waits for a replica, and is
/// not changed.
macro_rules! settings {
    ($condition:literal) => {
        concat!(
            "SELECT set_config('statement_timeout', '5000', FALSE), \
             set_config('idle_in_transaction_session_timeout', '10000', FALSE), \
             CASE WHEN current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') \
             THEN set_config('synchronous_commit', 'on', FALSE) END",
            $condition
        )
    };
}

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
    /// There are at most 7 connections, and a call waits at most 1 s for one. This is shorter than
    /// the `store_timeout` of a site, so that the error with the cause is logged. The revocation
    /// log listens on one more connection. A connection that was idle for 100 ms is checked before
    /// it is used. An idle process keeps two: the others are closed after 10 s, one per second.
    ///
    /// These parameters of the address are those of hallpass:
    ///
    /// | parameter | default | meaning |
    /// |---|---|---|
    /// | `pooler` | a pooler is looked for | `transaction` or `session`: the mode of a pooler such as PgBouncer between this process and the server. `none`: there is no pooler, and none is looked for |
    /// | `listen` | the address itself | the address of the server without the pooler, to listen for revocations. The user, the password and the database are those of the address if it omits them |
    /// | `max_connections` | 7 | maximum number of connections of this process, at least 2, without the one that listens |
    ///
    /// In the session mode of a pooler the settings above are those of its connection to the
    /// server, until it resets the connection. In its transaction mode they are those of each
    /// transaction.
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
        let Address { options, pooler, listen, max_connections } = Address::parse(url)?;
        let host = format!("{}:{}", options.get_host(), options.get_port());
        let database = options.get_database().unwrap_or(options.get_username()).to_owned();
        let has_options = options.get_options().is_some();
        let (options, unmarked) = match pooler {
            Some(_) => (options, None),
            None => (route::marked(&options), Some(options)),
        };
        let route = Arc::new(Route::new(pooler, listen).owned(unmarked));
        let of_connection = Arc::clone(&route);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(CONNECTION_WAIT)
            .idle_timeout(IDLE)
            // sqlx checks each connection when it is returned to the pool.
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move {
                    if state.idle_for >= CHECKED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                let route = Arc::clone(&of_connection);
                Box::pin(async move { prepare(connection, &route).await })
            })
            .connect_lazy_with(options);
        let store = Self { route, ..Self::from_pool(pool) };
        let mut connection = match store.acquire_or_again().await {
            Ok(connection) => connection,
            // sqlx returns this before it sends anything. Another crate may have enabled sqlx's
            // TLS, so the feature alone does not decide.
            Err(error @ sqlx::Error::Tls(_)) if cfg!(not(feature = "tls")) => {
                return Err(StoreOpenError::Tls { source: StoreError::from_driver(error) });
            }
            Err(error) if has_options && route::rejects_startup(&error) => {
                return Err(StoreOpenError::PoolerOptions);
            }
            Err(error) => {
                let source = store.acquire_error(error).await;
                return Err(StoreOpenError::Connect { host, database, source });
            }
        };
        match store.pooler() {
            Pooler::Transaction if has_options => return Err(StoreOpenError::PoolerOptions),
            Pooler::Session if is_shared(&store.pool, &mut connection).await => {
                return Err(StoreOpenError::PoolerMode { host });
            }
            Pooler::None => {}
            pooler => {
                let (pooler, is_set) = (pooler.as_str(), store.pooler_is_set());
                tracing::info!(target: "hallpass", pooler, is_set, "connected to the database through a pooler");
            }
        }
        Ok(store)
    }

    /// Returns the database and the server, for the messages of a command.
    pub(crate) fn location(&self) -> String {
        let options = self.pool.connect_options();
        format!("{} at {}:{}", self.database(), options.get_host(), options.get_port())
    }
}

/// Applies the settings to a new connection, if they do not reach another application.
async fn prepare(connection: &mut PgConnection, route: &Route) -> Result<(), sqlx::Error> {
    route.opened();
    match route.pooler() {
        Pooler::Transaction => {}
        Pooler::Session | Pooler::None if route.is_set() => {
            connection.execute(settings!("")).await?;
        }
        Pooler::Session | Pooler::None => {
            let direct = settings!(" WHERE current_setting('hallpass.direct', TRUE) = '1'");
            if connection.fetch_optional(sqlx::raw_sql(direct)).await?.is_none() {
                route.found_pooler();
            }
        }
    }
    Ok(())
}

/// Returns whether the pooler is certainly not in session mode.
async fn is_shared(pool: &PgPool, connection: &mut PgConnection) -> bool {
    // Without a second connection the pooler has no free connection of the server, and nothing is
    // shared at this moment.
    let Ok(mut other) = pool.acquire().await else { return false };
    route::shares_servers(connection, &mut other).await.unwrap_or(false)
}

/// A connection that was checked within this time is used without another check, which would be a
/// round trip more per statement of a login. It is shorter than a restart of a server.
const CHECKED: Duration = Duration::from_millis(100);
const CONNECTION_WAIT: Duration = Duration::from_secs(1);
/// A process that does not poll closes its connections after this time.
const IDLE: Duration = Duration::from_secs(30);

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
        self.look_for_pooler().await;
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

    /// Looks for a pooler, with a connection that is closed again. [`open`](Self::open) looks at
    /// each connection instead.
    async fn look_for_pooler(&self) {
        if self.route.is_owned() || self.route.is_set() || self.pooler() != Pooler::None {
            return;
        }
        match route::marked(&self.pool.connect_options()).connect().await {
            Ok(mut connection) => {
                if matches!(route::is_direct(&mut connection).await, Ok(false)) {
                    self.route.found_pooler();
                }
                // The server closes it in any case.
                let _closed = connection.close().await;
            }
            Err(error) if route::rejects_startup(&error) => self.route.found_pooler(),
            // The pool returns the error at the next call.
            Err(_) => {}
        }
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
