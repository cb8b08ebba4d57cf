//! The short way: one database, everything on.

use hallpass_core::Role;
use hallpass_sqlx::{SqlStore, StoreOpenError};

use crate::{hallpass::Hallpass, key_file::KeyFile, start::StartError};

impl<R: Role> Hallpass<R> {
    /// Opens a site on one database, with everything on. Tables and keys are made on the first
    /// start. The revocation list is loaded when this returns.
    ///
    /// - `sqlite://site.db` is one file, which is made, and `site-keys.json` beside it, with mode
    ///   0600.
    /// - `postgres://site@localhost/site`, with the feature `postgres`, is a database that is
    ///   there; the keys are in `site-keys.json`, named as the database is, in the directory in
    ///   which the server runs. **Nodes on several machines must have the same file**, or each
    ///   refuses the others' tokens.
    ///
    /// It is short for this, which takes further settings:
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # use hallpass::{Hallpass, Role};
    /// # use hallpass::store::SqlStore;
    /// # #[derive(Role)] enum SiteRole { Guest, Admin }
    /// let store = SqlStore::open("sqlite://site.db").await?;
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
    /// The database cannot be opened, or the keys cannot be used. [`OpenError`] says which, and
    /// what to write instead.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let store = SqlStore::open(url).await?;
        let key_file = key_file(&store);
        let builder = Self::builder(store);
        let builder = match key_file {
            Some(file) => builder.key_file(file.path()),
            None => builder.keys_in_memory(),
        };
        Ok(builder.everything().start().await?)
    }
}

/// `None` for what lives in memory.
fn key_file(store: &SqlStore) -> Option<KeyFile> {
    match store {
        #[cfg(feature = "postgres")]
        SqlStore::Postgres(store) => Some(KeyFile::new(format!("{}-keys.json", store.database()))),
        #[cfg(feature = "sqlite")]
        SqlStore::Sqlite(store) => store.path().map(KeyFile::beside),
        // Neither: the enum is open to further databases.
        _ => None,
    }
}

/// Why a site could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// The keys cannot be used, or the revocation log cannot be read.
    #[error(transparent)]
    Start(#[from] StartError),
}
