//! The store on SQLite: one file, no server.
//!
//! What holds for every operation here:
//!
//! - A change is one transaction that takes the write lock at its start (`BEGIN IMMEDIATE`). A
//!   transaction that reads first and asks for the lock later would be refused by SQLite when
//!   another process wrote in between.
//! - "Only if it still is" is a condition in the `UPDATE` itself, and the count of changed rows is
//!   the answer. Nothing is read, compared in Rust and then written.
//! - The revocation log is written in the transaction of the change that it tells of.
//! - A dropped future leaves the state before or the state after: SQLite rolls an unfinished
//!   transaction back.

mod open;
mod rate_limit;
mod revocation;
#[path = "sql/mod.rs"]
mod sql;
mod write;

pub(crate) use revocation::Watch;

use std::{fmt, path::Path, sync::Arc};

use sqlx::{
    Sqlite as Database, SqlitePool,
    sqlite::{SqliteArguments as Arguments, SqliteRow as Row},
};
use tokio::sync::Semaphore;

use self::SqliteStore as Store;

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
    /// SQLite has one writer at a time, and those who wait for it sleep and try again, in no
    /// order. So the writers of this process queue here, first come, first served, and hold no
    /// connection while they wait: readers stay served.
    turn: Arc<Semaphore>,
    path: Option<Arc<Path>>,
}

impl SqliteStore {
    /// Puts the store on the application's own pool, whose tables may live in the same file.
    ///
    /// Call [`migrate`](Self::migrate) before the first use. Every table is named `hallpass_…`, the
    /// one that records the migrations too, so the application's own migrations are not
    /// disturbed. The pool's settings stay the application's: see [`open`](Self::open) for
    /// those that hallpass would have chosen.
    ///
    /// This is the one signature with a type of sqlx in it: to share a pool, both must name the
    /// same type.
    #[must_use]
    pub fn from_pool(pool: SqlitePool) -> Self {
        Self { pool, turn: Arc::new(Semaphore::new(1)), path: None }
    }

    /// The file that [`open`](Self::open) opened, as its address names it. `None` for a database in
    /// memory, and for the application's own pool.
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
