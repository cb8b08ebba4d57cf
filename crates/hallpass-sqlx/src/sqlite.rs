//! The store on SQLite: one file, no server.
//!
//! Rules for every operation:
//!
//! - A change is one transaction that takes the write lock at its start (`BEGIN IMMEDIATE`). A
//!   transaction that reads first and locks later would fail if another process wrote in between.
//! - Values that a transaction has read do not change until its end, because it holds the write
//!   lock. A change of one statement has its condition in the statement, and the number of changed
//!   rows is the result.
//! - The revocation log is written in the transaction of the change that it records.
//! - A dropped future leaves the state before or the state after the change: an unfinished
//!   transaction is rolled back.
//! - A connection that failed is closed. The next call uses another one, so no fault outlasts its
//!   cause.
//! - The file at the path is the one that was opened: no call continues on a file that was moved or
//!   deleted.

/// The condition that a row is one of those that the end of a `SELECT` selects.
macro_rules! selected_rows {
    ($table:literal, $($select:tt)+) => {
        concat!("rowid IN (SELECT rowid FROM ", $table, " ", $($select)+, ")")
    };
}

/// The end of a `SELECT`. Empty, because the file's one lock protects the rows.
macro_rules! skip_locked {
    () => {
        ""
    };
}

#[macro_use]
#[path = "sql/mod.rs"]
mod sql;

mod connection;
mod host_time;
#[path = "inspection.rs"]
mod inspection;
mod open;
mod place;
mod rate_limit;
mod revocation;
mod side_file;
mod write;

use revocation::DATABASE_ID;
pub(crate) use revocation::Watch;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use sqlx::{
    Sqlite as Database, SqlitePool,
    sqlite::{SqliteArguments as Arguments, SqliteRow as Row},
};
use tokio::sync::Semaphore;

use crate::own_users::OwnRow;

use self::{
    SqliteStore as Store, connection::ConnectFailure, host_time::HostTime, place::Place,
    side_file::SideFile,
};
use crate::waiting::Waiting;

/// Accounts, sessions, attempts and the revocation log in one SQLite file.
///
/// Cheap to clone: clones share the connections. Several processes may use one file at the same
/// time.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use hallpass_sqlx::SqliteStore;
///
/// let store = SqliteStore::open("sqlite::memory:").await?;
/// assert!(SqliteStore::open("postgres://db/site").await.is_err());
/// # drop(store); Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
    /// SQLite has one writer at a time. Waiting writers sleep and retry, in no order. So the
    /// writers of this process queue here, in order of arrival, and hold no connection while they
    /// wait. Readers are served meanwhile.
    turn: Arc<Semaphore>,
    path: Option<Arc<Path>>,
    time: Arc<HostTime>,
    /// `None` for a database in memory.
    side_file: Option<SideFile>,
    state: Arc<State>,
    /// Whether the start of the site brings the tables up to date.
    pub(crate) migrates: bool,
    /// The row of the site's own users table that the next operation is about.
    pub(crate) own_row: Option<Box<OwnRow>>,
}

/// Facts about the connections, shared by the clones.
#[derive(Default)]
struct State {
    place: OnceLock<Place>,
    connect_failure: Mutex<Option<ConnectFailure>>,
    waiting: Waiting,
}

impl SqliteStore {
    /// Creates the store on the application's own pool. The application's tables may be in the same
    /// file.
    ///
    /// Call [`migrate`](Self::migrate) before the first use. Every table is named `hallpass_…`,
    /// including the record of the migrations, so the application's own migrations are not
    /// disturbed. The pool's settings are not changed: [`open`](Self::open) lists the settings that
    /// hallpass recommends.
    ///
    /// This and [`SqlStore::on_pool`](crate::SqlStore::on_pool) are the only signatures with a type
    /// of sqlx: to share a pool, both sides must name the same type.
    #[must_use]
    pub fn from_pool(pool: SqlitePool) -> Self {
        let options = pool.connect_options();
        let file = options.get_filename();
        let is_file = file.is_file();
        Self {
            side_file: is_file.then(|| SideFile::of(file)),
            pool,
            turn: Arc::new(Semaphore::new(1)),
            path: None,
            time: Arc::new(HostTime::new()),
            state: Arc::default(),
            migrates: false,
            own_row: None,
        }
    }

    /// Returns the path of the file that [`open`](Self::open) opened, as in its address. `None` for
    /// a database in memory, and for the application's own pool.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Waits until the connections in use are returned, and closes them all. Later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
