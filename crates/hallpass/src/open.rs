//! The short way: one SQLite file, everything on.

use hallpass_core::{Clock, KeyRing, Role, SystemClock};
use hallpass_signin::{NoRandomness, Random, SystemRandom};
use hallpass_sqlx::{SqliteStore, StoreOpenError};
use zeroize::Zeroizing;

use crate::{Hallpass, KeyFile, StartError};

impl<R: Role> Hallpass<R> {
    /// Opens a site on one SQLite file, `sqlite://site.db` say, with everything on. File, tables and keys are made on the first
    /// start: the keys in `site-keys.json` beside it, with mode 0600. The revocation view is loaded when this returns.
    ///
    /// It is short for this, which takes further settings before `start`:
    ///
    /// ```no_run
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
    /// The file cannot be opened, or the keys beside it cannot be used. [`OpenError`] says which, and what to write instead.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let store = SqliteStore::open(url).await?;
        let key_file = store.path().map(KeyFile::beside);
        let builder = Self::builder(store);
        let builder = match key_file {
            Some(file) => builder.key_file(file.path()),
            None => {
                let mut random = Zeroizing::new([0; 32]);
                SystemRandom.fill(&mut *random)?;
                builder.keys(KeyRing::generate_hs256(*random, SystemClock.now()))
            }
        };
        Ok(builder.everything().start().await?)
    }
}

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
