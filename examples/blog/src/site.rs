//! The blog put together: sign-in, store and posts over one database.

use hallpass::pages::DefaultPages;
use hallpass::store::{RedisOpenError, RedisStore, SqlStore};
use hallpass::{Hallpass, StartError};

use crate::{BlogLayout, BlogRole, Config, Posts};

/// What every request needs; cheap to clone.
#[derive(Clone, Debug)]
pub struct Site {
    /// Who may pass.
    pub hallpass: Hallpass<BlogRole>,
    /// The accounts.
    pub store: SqlStore,
    /// The posts.
    pub posts: Posts,
}

impl Site {
    /// Opens the database, and Redis where there is one, brings the tables up to date, reads the
    /// keys, and loads what was revoked. What is missing is made.
    ///
    /// # Errors
    /// An [`OpenError`] that names the setting to mend.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let store =
            SqlStore::open(&config.database_url).await.map_err(hallpass::OpenError::from)?;
        let posts = Posts::open(&config.database_url).await?;
        let hallpass = Hallpass::builder(store.clone()).everything();
        let hallpass = match &config.redis_url {
            Some(url) => hallpass.shared_backend(RedisStore::open(url).await?),
            None => hallpass,
        };
        let hallpass = hallpass
            .key_file(&config.keys)
            .site_name("Hall Notes")
            .default_roles([BlogRole::Guest])
            .pages(DefaultPages::new().layout(BlogLayout))
            .proxies(config.proxies.clone())
            .start()
            .await
            .map_err(OpenError::of_start)?;
        Ok(Self { hallpass, store, posts })
    }
}

/// What the settings name cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database cannot be made, opened or brought up to date.
    #[error("DATABASE_URL")]
    Database(#[from] hallpass::OpenError),
    /// The posts' table cannot be made.
    #[error(
        "DATABASE_URL: the table of posts cannot be made; the server must be able to write the database"
    )]
    Posts(#[from] sqlx::Error),
    /// What was revoked cannot be read.
    #[error("DATABASE_URL")]
    RevocationLog(#[source] StartError),
    /// The Redis server cannot be reached.
    #[error("REDIS_URL")]
    Redis(#[from] RedisOpenError),
    /// The key file cannot be made or read.
    #[error("BLOG_KEYS")]
    Keys(#[source] StartError),
}

impl OpenError {
    fn of_start(error: StartError) -> Self {
        match error {
            StartError::RevocationLog(_) => Self::RevocationLog(error),
            _ => Self::Keys(error),
        }
    }
}
