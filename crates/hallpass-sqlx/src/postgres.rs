//! The store on PostgreSQL: one database for any number of nodes.
//!
//! Rules for every operation:
//!
//! - A change of an account first locks the account's row (`write`), as a change on SQLite first
//!   locks the file. Values that are read afterwards do not change until the commit.
//! - If one statement is the whole change, its condition decides, and no lock is taken before it.
//! - A login, a refresh and an attempt are decided without a lock. The statement that writes
//!   compares what was read, and otherwise the operation starts again.
//! - The revocation log is written in the transaction of the change that it records. A trigger
//!   notifies the nodes at the commit.
//! - A dropped future leaves the state before or the state after the change: an unfinished
//!   transaction is rolled back.

/// The condition that a row is one of those that the end of a `SELECT` selects.
///
/// The rows are selected once, and found by their place on the disk. With `IN (SELECT …)` and a
/// limit that is a parameter, a generic plan would read the whole table
/// (`prunes_read_no_whole_table`).
macro_rules! selected_rows {
    ($table:literal, $($select:tt)+) => {
        concat!("ctid = ANY (ARRAY(SELECT ctid FROM ", $table, " ", $($select)+, "))")
    };
}

/// The end of a `SELECT`: locks its rows, and skips those that another transaction has locked.
macro_rules! skip_locked {
    () => {
        " FOR UPDATE SKIP LOCKED"
    };
}

#[macro_use]
#[path = "sql/mod.rs"]
mod sql;

mod acquiring;
mod address;
#[path = "inspection.rs"]
mod inspection;
mod open;
mod rate_limit;
mod revocation;
mod route;
mod session;
mod write;

use revocation::DATABASE_ID;
pub(crate) use revocation::Listen;
pub(crate) use route::rejects_startup;

use std::{fmt, sync::Arc};

use sqlx::{
    PgPool, Postgres as Database,
    postgres::{PgArguments as Arguments, PgRow as Row},
};

use self::{PostgresStore as Store, acquiring::Acquiring, address::Address, route::Route};
use crate::{open_error::StoreOpenError, own_users::OwnRow, pooler::Pooler};

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
    acquiring: Arc<Acquiring>,
    /// Whether the start of the site brings the tables up to date.
    pub(crate) migrates: bool,
    /// The row of the site's own users table that the next operation is about.
    pub(crate) own_row: Option<Box<OwnRow>>,
    route: Arc<Route>,
}

impl PostgresStore {
    /// Creates the store on the application's own pool. The application's tables may be in the same
    /// schema.
    ///
    /// Call [`migrate`](Self::migrate) before the first use. Every table is named `hallpass_…`,
    /// including the record of the migrations, so the application's own migrations are not
    /// disturbed. The pool's settings are not changed: [`open`](Self::open) lists the settings that
    /// hallpass recommends. If the pool connects to a pooler such as PgBouncer, call
    /// [`with_pooler`](Self::with_pooler). Without it, `migrate` looks for one, with one further
    /// connection.
    ///
    /// This and [`SqlStore::on_pool`](crate::SqlStore::on_pool) are the only signatures with a type
    /// of sqlx: to share a pool, both sides must name the same type.
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        Self {
            pool,
            acquiring: Arc::default(),
            route: Arc::new(Route::of_application()),
            migrates: false,
            own_row: None,
        }
    }

    /// Sets the pooler that the pool of [`from_pool`](Self::from_pool) connects to. It is the
    /// parameter `pooler` of an address.
    #[must_use]
    pub fn with_pooler(self, pooler: Pooler) -> Self {
        let route = self.route.with(Some(pooler), None);
        Self { route: Arc::new(route), ..self }
    }

    /// Sets the address on which a pool of [`from_pool`](Self::from_pool) listens for revocations:
    /// the server itself, because notifications do not pass a pooler in transaction mode. It is the
    /// parameter `listen` of an address, and must name the user and the database.
    ///
    /// # Errors
    /// `url` is not a PostgreSQL address.
    pub fn with_listener_at(self, url: &str) -> Result<Self, StoreOpenError> {
        let listen = Address::of_listener(url)?;
        let route = self.route.with(None, Some(listen));
        Ok(Self { route: Arc::new(route), ..self })
    }

    /// Returns the pooler between this process and the server, as it is set or was found.
    #[must_use]
    pub fn pooler(&self) -> Pooler {
        self.route.pooler()
    }

    /// Returns whether the address or the program names the [`pooler`](Self::pooler). If not, it
    /// was found: each connection then costs an attempt without it.
    #[must_use]
    pub fn pooler_is_set(&self) -> bool {
        self.route.is_set()
    }

    /// Returns the name of the database.
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
