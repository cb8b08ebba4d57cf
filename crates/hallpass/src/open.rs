//! The short way: one database, everything on.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use hallpass_core::Role;
use hallpass_signin::NoRandomness;
use hallpass_sqlx::StoreOpenError;

use crate::{Hallpass, StartError};

impl<R: Role> Hallpass<R> {
    /// Opens a site on one database, with everything on. Tables and keys are made on the first start. The revocation view is
    /// loaded when this returns.
    ///
    /// - `sqlite://site.db` is one file, which is made, and `site-keys.json` beside it, with mode 0600.
    /// - `postgres://site@localhost/site`, with the feature `postgres`, is a database that is there; the keys are in
    ///   `site-keys.json`, named as the database is, in the directory in which the server runs. **Nodes on several machines must
    ///   have the same file**, or each refuses the others' tokens.
    ///
    /// It is short for this, which takes further settings before `start`:
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # use hallpass::{Hallpass, Role, SqliteStore};
    /// # #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)] enum SiteRole { Guest, Admin }
    /// let store = SqliteStore::open("sqlite://site.db").await?;
    /// let hallpass = Hallpass::<SiteRole>::builder(store)
    ///     .key_file("site-keys.json")
    ///     .everything()
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `sqlite::memory:` keeps accounts and keys in memory, for a test.
    ///
    /// # Errors
    /// The database cannot be opened, or the keys cannot be used. [`OpenError`] says which, and what to write instead.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        match url.split_once(':') {
            #[cfg(feature = "sqlite")]
            Some(("sqlite", _)) => Self::open_sqlite(url).await,
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => Self::open_postgres(url).await,
            _ => Err(StoreOpenError::Scheme { example: EXAMPLE }.into()),
        }
    }
}

#[cfg(feature = "sqlite")]
const EXAMPLE: &str = "sqlite://site.db";
#[cfg(not(feature = "sqlite"))]
const EXAMPLE: &str = "postgres://site@localhost/site";

/// Why a site could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// The keys cannot be used, or the revocation view cannot be loaded.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There were no random bytes to make a key of.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}
