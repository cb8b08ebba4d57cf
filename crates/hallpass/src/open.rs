//! `Hallpass::open`: one database, with all capabilities on.

use hallpass_core::Role;
use hallpass_sqlx::{SqlStore, StoreOpenError};

use crate::{builder::HallpassBuilder, hallpass::Hallpass, key_file::KeyFile, start::StartError};

impl<R: Role> Hallpass<R> {
    /// Opens a site on one database, with all capabilities on. Tables and keys are created on the
    /// first start. The revocation list is loaded before this returns.
    ///
    /// - `sqlite://site.db` is a file, which is created if it does not exist. The keys are in
    ///   `site-keys.json` in the same directory, with mode 0600.
    /// - `postgres://site@localhost/site`, with the feature `postgres`, is an existing database.
    ///   The keys are in the working directory of the process. The file is named after the
    ///   database: `site-keys.json` for the database `site`. **Nodes on several machines must have
    ///   the same file**, or each node rejects the tokens of the others.
    ///
    /// It does the same as the following code, to which further settings can be added:
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
    /// Returns an error if the database cannot be opened, the keys cannot be used, or the
    /// revocation log cannot be read. The text of [`OpenError`] describes the fix.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Ok(builder_on(SqlStore::open(url).await?).start().await?)
    }
}

/// Returns the settings of [`Hallpass::open`].
pub(crate) fn builder_on<R: Role>(store: SqlStore) -> HallpassBuilder<R, SqlStore> {
    let key_file = key_file(&store);
    let builder = Hallpass::builder(store).everything();
    match key_file {
        Some(file) => builder.key_file(file.path()),
        None => builder.keys_in_memory(),
    }
}

/// Returns `None` for a database in memory.
fn key_file(store: &SqlStore) -> Option<KeyFile> {
    match store {
        #[cfg(feature = "postgres")]
        SqlStore::Postgres(store) => Some(KeyFile::new(format!("{}-keys.json", store.database()))),
        #[cfg(feature = "sqlite")]
        SqlStore::Sqlite(store) => store.path().map(KeyFile::beside),
        // `SqlStore` is `#[non_exhaustive]`.
        _ => None,
    }
}

/// A reason why a site could not be opened.
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
