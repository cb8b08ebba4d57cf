//! Opens the file, and applies the steps of the schema. The file is created on first use, readable
//! only by its owner, and safe against a crash.

use std::{
    io,
    path::Path,
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    SqliteStore,
    sql::{LATEST_STEP, get, revocation::STRETCH, sql},
    write::Write,
};
use crate::{
    column,
    error::{StoreError, StoreErrorKind},
    open_error::StoreOpenError,
    schema::{MigrateError, SchemaStep, Step, steps},
};

impl SqliteStore {
    /// Opens the file at `url`, for example `sqlite://site.db`, and brings its tables up to date. A
    /// missing file is created, with mode 0600 where the system has modes, because it contains
    /// password hashes.
    ///
    /// Settings of each connection:
    ///
    /// | setting | value | reason |
    /// |---|---|---|
    /// | `journal_mode` | `WAL` | readers continue during a write |
    /// | `synchronous` | `FULL` | a logout or a consumed code that was acknowledged must survive a power failure. `NORMAL` survives only a killed process |
    /// | `busy_timeout` | 1 s | another process may hold the write lock for a moment |
    /// | `foreign_keys` | `ON` | no session without its account |
    ///
    /// A call waits at most 1 s for a connection. Both times are shorter than the `store_timeout`
    /// of a site, 1.5 s by default, so that the error with the cause is logged. A site with a
    /// shorter `store_timeout` responds within its own setting, and the error is then that of the
    /// timeout. [`migrate`](Self::migrate) waits 5 s for the lock, because another process may run
    /// a migration.
    ///
    /// `sqlite::memory:` creates a database that lives as long as the store and its clones, on one
    /// connection.
    ///
    /// # Errors
    /// `url` is not an SQLite address, or the file cannot be created, opened or brought up to date.
    /// [`StoreOpenError`] distinguishes these cases.
    pub async fn open(url: &str) -> Result<Self, StoreOpenError> {
        let (options, is_in_memory) = parse(url)?;
        let store = if is_in_memory {
            Self::from_pool(in_memory(options).await?)
        } else {
            let path = options.get_filename().to_owned();
            make_private(&path).map_err(|source| StoreOpenError::Make { path, source })?;
            Self::open_file(options.journal_mode(SqliteJournalMode::Wal)).await?
        };
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the file at `url`, which must exist. Creates no file, and changes neither the tables
    /// nor the journal mode, for an operator's command: a command with a wrong path must not create
    /// an empty database (`a_wrong_path_is_one_line_and_creates_nothing`).
    ///
    /// The tables may be missing or at another step: [`schema`](Self::schema) returns the step.
    ///
    /// # Errors
    /// As [`open`](Self::open). [`StoreOpenError::Missing`] if the file does not exist, and
    /// [`StoreOpenError::InMemory`] if `url` is a database in memory, which no other process can
    /// open.
    pub async fn open_existing(url: &str) -> Result<Self, StoreOpenError> {
        let (options, is_in_memory) = parse(url)?;
        if is_in_memory {
            return Err(StoreOpenError::InMemory);
        }
        let path = options.get_filename();
        if std::fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            return Err(StoreOpenError::Missing { path });
        }
        Self::open_file(options.create_if_missing(false)).await
    }

    async fn open_file(options: SqliteConnectOptions) -> Result<Self, StoreOpenError> {
        let path = options.get_filename().into();
        let pool = on_file(options).await?;
        Ok(Self { path: Some(path), ..Self::from_pool(pool) })
    }

    /// Returns the absolute path of the file, for the messages of a command.
    pub(crate) fn location(&self) -> String {
        match &self.path {
            Some(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
                path.display().to_string()
            }
            None => "the pool of the application".to_owned(),
        }
    }
}

const EXAMPLE: &str = "sqlite://site.db";
/// Rows that the thread of a connection reads ahead: the rows of a read of the revocation log. With
/// the driver's 50, the thread waits for its reader 20 times.
const ROW_BUFFER: usize = STRETCH as usize + 1;
/// Shorter than the default store timeout of the engine, 1.5 s, whose error does not name the lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the start of a process waits for other processes that start.
const START_WAIT: Duration = Duration::from_secs(5);
const CONNECTION_WAIT: Duration = Duration::from_secs(1);
/// A new connection reads the file, for which it may wait until a lock is released. Shorter than
/// [`CONNECTION_WAIT`], because otherwise the pool would return its timeout instead of the cause.
const CONNECT_BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// One connection writes, and the others read. More would only queue on two or four cores.
const CONNECTIONS: u32 = 8;

/// Returns the options of an address, and whether it is a database in memory.
fn parse(url: &str) -> Result<(SqliteConnectOptions, bool), StoreOpenError> {
    let Some(address) = url.strip_prefix("sqlite:") else {
        return Err(StoreOpenError::Scheme { example: EXAMPLE });
    };
    let options = SqliteConnectOptions::from_str(url).map_err(|error| StoreOpenError::Address {
        example: EXAMPLE,
        source: StoreError::from_driver(error),
    })?;
    Ok((options, is_in_memory(address)))
}

fn is_in_memory(address: &str) -> bool {
    let address = address.strip_prefix("//").unwrap_or(address);
    let (name, query) = address.split_once('?').unwrap_or((address, ""));
    name == ":memory:" || query.split('&').any(|pair| pair == "mode=memory")
}

/// A database in memory ends with its connection, so the only connection stays open.
async fn in_memory(options: SqliteConnectOptions) -> Result<SqlitePool, StoreOpenError> {
    let path = options.get_filename().to_owned();
    SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.shared_cache(false))
        .await
        .map_err(|error| StoreOpenError::Open { path, source: StoreError::from_driver(error) })
}

async fn on_file(options: SqliteConnectOptions) -> Result<SqlitePool, StoreOpenError> {
    let path = options.get_filename().to_owned();
    let options = options
        // A connection that is opened later is on the same file, even if the process has changed
        // its working directory.
        .filename(std::path::absolute(&path).unwrap_or_else(|_| path.clone()))
        .synchronous(SqliteSynchronous::Full)
        .row_buffer_size(ROW_BUFFER)
        .busy_timeout(CONNECT_BUSY_TIMEOUT)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECTION_WAIT)
        .after_connect(|connection, _| {
            let wait = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
            Box::pin(async move { connection.execute(AssertSqlSafe(wait)).await.map(drop) })
        });
    let give_up = Instant::now() + START_WAIT;
    loop {
        // Switching a new file to WAL takes a lock for which SQLite does not wait, so one of two
        // processes that start together fails. It tries again. Guarded by
        // `many_processes_may_start_concurrently`.
        let error = match pool.clone().connect_with(options.clone()).await {
            Ok(pool) => return Ok(pool),
            Err(error) => StoreError::from_driver(error),
        };
        let may_pass =
            matches!(error.kind(), StoreErrorKind::Locked | StoreErrorKind::NoConnection);
        if !may_pass || Instant::now() >= give_up {
            return Err(StoreOpenError::Open { path, source: error });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// SQLite would make the file readable by every user (mode 0644, less the umask). Its `-wal` and
/// `-shm` files take their mode from it. An existing file keeps its mode, which is the operator's
/// choice.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

impl SqliteStore {
    /// Brings the tables up to date. Has no effect if they are.
    ///
    /// [`open`](Self::open) calls this. Any number of processes may call it at the same time: it is
    /// one transaction that holds the write lock, so each step runs once, and a crash leaves no
    /// partial change.
    ///
    /// # Errors
    /// The database is unavailable, or was written by a newer version of this crate.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut write = self.write_at_start().await?;
        let record = sql("CREATE TABLE IF NOT EXISTS hallpass_migrations \
             (step INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT");
        write.change(record).await?;
        let latest = write.row(sql(LATEST_STEP)).await?;
        let done: u32 = latest.map_or(Ok(0), |row| column::to_unsigned(get(&row, "step")?))?;
        MigrateError::unless_known(done, &STEPS)?;
        for (number, step) in (1..).zip(&STEPS).filter(|(number, _)| *number > done) {
            write.script(step.sql).await?;
            let record = sql("INSERT INTO hallpass_migrations (step, name) VALUES (?1, ?2)");
            write.change(record.bind(number).bind(step.name)).await?;
        }
        Ok(write.commit().await?)
    }

    /// Begins a transaction as [`write`](Self::write) does, but waits longer for the lock.
    async fn write_at_start(&self) -> Result<Write, StoreError> {
        let give_up = Instant::now() + START_WAIT;
        loop {
            match self.write().await {
                Err(error)
                    if error.kind() == StoreErrorKind::Locked && Instant::now() < give_up => {}
                begun => return begun,
            }
        }
    }

    /// Returns the step of the schema at which the tables are. Changes nothing.
    ///
    /// # Errors
    /// The database is unavailable, or the record of the steps cannot be read.
    pub async fn schema(&self) -> Result<SchemaStep, StoreError> {
        let record = sql("SELECT 1 FROM sqlite_schema WHERE name = 'hallpass_migrations'");
        let latest = match self.row(record).await? {
            Some(_) => self.row(sql(LATEST_STEP)).await?,
            None => None,
        };
        let found = latest.map_or(Ok(0), |row| column::to_unsigned(get(&row, "step")?))?;
        Ok(SchemaStep::new(found, &STEPS))
    }
}

static STEPS: [Step; 10] = steps!["sqlite":
    "0001_site.sql" "0002_accounts.sql" "0003_two_factor.sql" "0004_sessions.sql"
    "0005_revocations.sql" "0006_rate_limits.sql" "0007_browsers.sql" "0008_outcomes.sql"
    "0009_consumed.sql" "0010_activity.sql"
];

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_has_the_documented_settings() {
        let directory = std::env::temp_dir().join(format!("hallpass-sqlx-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let store = SqliteStore::open(&format!("sqlite://{}", directory.join("site.db").display()))
            .await
            .unwrap();
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(store.pool.acquire().await.unwrap());
        }
        for connection in &mut connections {
            for (pragma, promised) in [
                ("PRAGMA synchronous", 2_i64),
                ("PRAGMA foreign_keys", 1),
                ("PRAGMA busy_timeout", 1000),
            ] {
                let value: i64 =
                    sqlx::query_scalar(pragma).fetch_one(&mut **connection).await.unwrap();
                assert_eq!(value, promised, "{pragma}");
            }
        }
        drop(connections);
        store.close().await;
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
