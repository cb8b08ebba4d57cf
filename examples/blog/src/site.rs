//! The site: hallpass, the account store and the posts, which use one database.

use hallpass::pages::DefaultPages;
use hallpass::store::{RedisOpenError, RedisStore, SqlStore};
use hallpass::{Hallpass, HallpassBuilder, StalePolicy, StartError};

use crate::{BlogLayout, BlogRole, Config, Posts};

/// The state that all requests share. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Site {
    /// Authentication and authorization.
    pub hallpass: Hallpass<BlogRole>,
    /// The accounts.
    pub store: SqlStore,
    /// The posts.
    pub posts: Posts,
}

impl Site {
    /// Opens the database and, if it is configured, Redis. Migrates the tables, reads the key file
    /// and loads the revocations. Creates a SQLite file, tables and key file that do not exist.
    ///
    /// # Errors
    /// Returns an [`OpenError`] that names the setting to fix.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let store =
            SqlStore::open(&config.database_url).await.map_err(hallpass::OpenError::from)?;
        let posts = Posts::open(&config.database_url).await?;
        let hallpass = Self::settings(config, store.clone()).await?;
        let hallpass = hallpass.start().await.map_err(OpenError::of_start)?;
        Ok(Self { hallpass, store, posts })
    }

    /// Returns the settings of hallpass on this store, for the server and for an operator's
    /// command. Connects to Redis if it is configured.
    ///
    /// # Errors
    /// Returns an [`OpenError`] if the Redis server cannot be reached.
    pub async fn settings(
        config: &Config,
        store: SqlStore,
    ) -> Result<HallpassBuilder<BlogRole, SqlStore>, OpenError> {
        let hallpass = Hallpass::builder(store).everything();
        let hallpass = match &config.redis_url {
            Some(url) => hallpass.shared_backend(RedisStore::open(url).await?),
            None => hallpass,
        };
        let hallpass = match config.public_origin() {
            Some(origin) => hallpass.public_origin(origin),
            None => hallpass,
        };
        let hallpass = match config.refuse_after {
            Some(after) => hallpass.stale_policy(StalePolicy::Refuse { after }),
            None => hallpass,
        };
        Ok(hallpass
            .key_file(&config.keys)
            .site_name("Hall Notes")
            .default_roles([BlogRole::Guest])
            .keep_at_least_one(BlogRole::Admin)
            .pages(DefaultPages::new().layout(BlogLayout))
            .proxies(config.proxies.clone()))
    }
}

/// A part of the site that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database cannot be created, opened or migrated.
    #[error("DATABASE_URL")]
    Database(#[from] hallpass::OpenError),
    /// The table of posts cannot be created.
    #[error(
        "DATABASE_URL: the table of posts cannot be created; the server needs permission to create tables in the database"
    )]
    Posts(#[from] sqlx::Error),
    /// The revocations cannot be read.
    #[error("DATABASE_URL")]
    RevocationLog(#[source] StartError),
    /// The Redis server cannot be reached.
    #[error("REDIS_URL")]
    Redis(#[from] RedisOpenError),
    /// The path of the public origin cannot be used.
    #[error("BLOG_ORIGIN")]
    Origin(#[source] StartError),
    /// The key file cannot be created or read.
    #[error("BLOG_KEYS")]
    Keys(#[source] StartError),
}

impl OpenError {
    fn of_start(error: StartError) -> Self {
        match error {
            StartError::RevocationLog(_) => Self::RevocationLog(error),
            StartError::PublicOrigin(_) | StartError::PrefixIsRoute { .. } => Self::Origin(error),
            _ => Self::Keys(error),
        }
    }
}
