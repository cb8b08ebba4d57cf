//! The handle: an address, a prefix, a connection.

use std::{fmt, sync::Arc};

use redis::{Client, IntoConnectionInfo};

use crate::{RedisStoreError, line::Line};

/// Attempts, and a revocation feed, in Redis or Valkey.
///
/// Cheap to clone: clones share the connection, which is made anew when it is lost. No call waits longer than 1.4 s for the server.
///
/// # What is kept
/// `hallpass:attempts:…` for each account and address that made attempts lately; a key goes when it counts no more. `hallpass:feed`,
/// a stream of what was revoked within the life of an access token.
///
/// # What a crash loses
/// Without `appendonly` Redis forgets both. Limits then begin anew. As a push beside a database's feed, the stream is missed by
/// nobody. **As the only feed it is**: a node that had not read it yet, or starts later, knows nothing of what was revoked before;
/// turn `appendonly yes` on, and use a short-lived access token.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use hallpass_redis::RedisStore;
///
/// # if let Ok(url) = std::env::var("REDIS_URL") {
/// let shared = RedisStore::open(&url).await?; // redis://127.0.0.1:6379
/// # }
/// assert!(RedisStore::open("postgres://site@localhost/site").await.is_err());
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) line: Arc<Line>,
    prefix: Arc<str>,
}

impl RedisStore {
    /// Connects to the server that `url` names, `redis://127.0.0.1:6379` say, and asks whether it is there.
    ///
    /// # Errors
    /// `url` is no Redis address, or nobody answers there. [`RedisOpenError`] says which.
    pub async fn open(url: &str) -> Result<Self, RedisOpenError> {
        let address = url.into_connection_info();
        let address = address.map_err(|error| RedisOpenError::Address(RedisStoreError::from_driver(error)))?;
        let host = address.addr().to_string();
        let client = Client::open(address);
        let client = client.map_err(|error| RedisOpenError::Address(RedisStoreError::from_driver(error)))?;
        let store = Self { line: Arc::new(Line::to(client)), prefix: PREFIX.into() };
        let there: Result<String, _> = store.line.ask(&redis::cmd("PING")).await;
        match there {
            Ok(_) => Ok(store),
            Err(source) => Err(RedisOpenError::Connect { host, source }),
        }
    }

    /// Sets what the names of all keys begin with. Defaults to `hallpass`, because most servers serve one site.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    pub(crate) fn feed_key(&self) -> String {
        format!("{}:feed", self.prefix)
    }

    pub(crate) fn attempts_key(&self, key: &str) -> String {
        format!("{}:attempts:{key}", self.prefix)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The server could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisOpenError {
    /// The address is none of Redis.
    #[error("the Redis address cannot be read: write for example redis://127.0.0.1:6379")]
    Address(#[source] RedisStoreError),
    /// Nobody answers there, or this user may not come in.
    #[error("the Redis server at {host} cannot be reached: start it, or mend host, user or password in its address")]
    Connect {
        /// The server's host and port.
        host: String,
        /// What the server or the network said.
        source: RedisStoreError,
    },
}

const PREFIX: &str = "hallpass";
