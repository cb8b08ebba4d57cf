//! The store on PostgreSQL: one database for any number of nodes.
//!
//! What holds for every operation here:
//!
//! - A change of an account begins with the lock on its row (`write`), as one on SQLite begins with
//!   the lock on the file. What is then read stays as it is until the change commits.
//! - Where one statement is the whole change, its condition decides, and no lock is taken before
//!   it.
//! - The revocation log is written in the transaction of the change that it tells of, and a trigger
//!   notifies the nodes when that commits.
//! - A dropped future leaves the state before or the state after: an unfinished transaction is
//!   rolled back.

mod open;
mod rate_limit;
mod revocation;
#[path = "sql/mod.rs"]
mod sql;
mod write;

pub(crate) use revocation::Listen;

use std::fmt;

use sqlx::{
    PgPool, Postgres as Database,
    postgres::{PgArguments as Arguments, PgRow as Row},
};

use self::PostgresStore as Store;

/// Accounts, sessions, attempts and the revocation log in one PostgreSQL database.
///
/// Cheap to clone: clones share the connections. Any number of processes may use one database at
/// the same time.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use hallpass_sqlx::PostgresStore;
///
/// # if let Ok(url) = std::env::var("DATABASE_URL") {
/// let store = PostgresStore::open(&url).await?; // postgres://site@localhost/site
/// # }
/// assert!(PostgresStore::open("sqlite://site.db").await.is_err());
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Puts the store on the application's own pool, whose tables may live in the same schema.
    ///
    /// Call [`migrate`](Self::migrate) before the first use. Every table is named `hallpass_…`, the
    /// one that records the migrations too, so the application's own migrations are not
    /// disturbed. The pool's settings stay the application's: see [`open`](Self::open) for
    /// those that hallpass would have chosen. Through a pooler that hands a connection to another
    /// client after each transaction, nothing can listen; the log is then polled alone.
    ///
    /// This is the one signature with a type of sqlx in it: to share a pool, both must name the
    /// same type.
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> String {
        let options = self.pool.connect_options();
        options.get_database().unwrap_or(options.get_username()).to_owned()
    }

    /// Waits until the connections in use are returned, and closes them all. Later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
