//! The handle: an address, a prefix, a connection.

use std::{fmt, sync::Arc};

use redis::Client;

use crate::line::Line;

/// Attempts, and a revocation log, in Redis or Valkey.
///
/// Cheap to clone: clones share the connection, which is made anew when it is lost. No call waits
/// longer than 1.4 s for the server.
///
/// # What is kept
/// `hallpass:attempts:…` for each account and address that made attempts lately; a key goes when it
/// counts no more. `hallpass:revocations`, a stream of what was revoked within the life of an
/// access token.
///
/// # What a crash loses
/// Without `appendonly` Redis forgets both. Limits then begin anew. As a push beside a database's
/// log, the stream is missed by nobody. **As the only log it is**: a node that had not read it yet,
/// or starts later, knows nothing of what was revoked before; turn `appendonly yes` on, and use a
/// short-lived access token.
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

    /// Sets what the names of all keys begin with. Defaults to `hallpass`, because most servers
    /// serve one site.
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
