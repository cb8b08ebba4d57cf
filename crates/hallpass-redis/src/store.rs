//! The handle of the store: an address, a prefix, a connection.

use std::{fmt, sync::Arc};

use redis::Client;

use crate::line::Line;

/// Attempts and a revocation log in Redis or Valkey.
///
/// Cheap to clone: clones share the connection, which is replaced when it is lost. A call waits at
/// most 1.4 s for the server.
///
/// # Stored data
/// `hallpass:attempts:…` for each account and address with recent attempts. The key is deleted when
/// the attempts no longer count. `hallpass:revocations` is a stream of the revocations within the
/// lifetime of an access token.
///
/// # Data that a crash loses
/// Without `appendonly` Redis loses both. Rate limits then start again. If the stream is used in
/// addition to a database's log, no revocation is lost. **If the stream is the only log,
/// revocations are lost**: a node that had not read the stream, or that starts later, accepts
/// tokens that were revoked before. Set `appendonly yes`, and use short-lived access tokens.
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
    pub(crate) fn to(client: Client) -> Self {
        Self { line: Arc::new(Line::to(client)), prefix: PREFIX.into() }
    }

    /// Sets the prefix of the names of all keys. Defaults to `hallpass`. Sites that share a server
    /// need different prefixes.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    pub(crate) fn log_key(&self) -> String {
        format!("{}:revocations", self.prefix)
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

const PREFIX: &str = "hallpass";
