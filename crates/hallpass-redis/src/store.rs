//! The handle of the store: an address, the names of its keys, a connection.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use redis::Client;

use crate::{error::RedisStoreError, line::Line};

/// Attempts and a revocation log in Redis or Valkey.
///
/// Cheap to clone: clones share the connection and the scope. The connection is replaced when it is
/// lost, and when its server is not the primary any more. A command waits at most 1.4 s for the
/// server.
///
/// # Stored data
/// `hallpass:ID:attempts:…` for each account and address with recent attempts. The key expires one
/// minute after the attempts no longer count. `hallpass:ID:revocations` is a stream of the
/// revocations within the lifetime of an access token. `ID` is the [scope](Self::scope), the id of
/// the site's database, so that two sites can share one server. Without a scope the names are
/// `hallpass:attempts:…` and `hallpass:revocations`.
///
/// # Permissions
/// A user of the server needs these rules, and `+select` if the address names a database:
///
/// ```text
/// ACL SETUSER site on >PASSWORD resetkeys resetchannels -@all +del +eval +get +set +xadd +xrange +xread +xrevrange +xtrim ~hallpass:*
/// ```
///
/// [`open`](Self::open) tries each command, and returns an error that contains the missing rules.
///
/// # Data that a crash loses
/// Without `appendonly`, a crash of Redis loses the attempts and the stream. Rate limits then start
/// again. If the stream is used in addition to a database's log, no revocation is lost. **If the
/// stream is the only log, revocations are lost**: a node that had not read the stream, or that
/// starts later, accepts tokens that were revoked before. Set `appendonly yes`, and use short-lived
/// access tokens.
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
    keys: Arc<Keys>,
}

/// The parts with which the name of each key begins.
struct Keys {
    prefix: Box<str>,
    /// `None` after the first use without a scope.
    scope: OnceLock<Option<Box<str>>>,
}

impl RedisStore {
    pub(crate) fn to(client: Client, prefix: &str) -> Self {
        let keys = Keys { prefix: prefix.into(), scope: OnceLock::new() };
        Self { line: Arc::new(Line::to(client)), keys: Arc::new(keys) }
    }

    /// Adds the id of the site's database to the names of all keys, for this store and its clones.
    /// Two sites on one server then share neither rate limits nor notifications.
    ///
    /// The engine calls this at the start of a site whose store has facts
    /// ([`SiteStore`](hallpass_accounts::SiteStore)). Otherwise call it before the store is used. A
    /// second call with the same id has no effect.
    ///
    /// # Errors
    /// [`RedisStoreErrorKind::Scope`](crate::RedisStoreErrorKind::Scope): the store has another
    /// scope, was used without one, or `store_id` is not valid. A valid id is not empty and has
    /// only ASCII letters, digits, `-` and `_`, because other characters could produce the names of
    /// another site.
    pub fn scope(&self, store_id: &str) -> Result<(), RedisStoreError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if store_id.is_empty() || !store_id.bytes().all(is_plain) {
            return Err(RedisStoreError::scope(
                "the id of the site's database is not valid: it has only letters, digits, - and _",
            ));
        }
        match self.keys.scope.get_or_init(|| Some(store_id.into())) {
            Some(scope) if **scope == *store_id => Ok(()),
            Some(_) => Err(RedisStoreError::scope(
                "it already serves the site of another database: open one RedisStore per site",
            )),
            None => Err(RedisStoreError::scope(
                "it was used before the start of the site: start the site first, or open another \
                 RedisStore",
            )),
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.keys.prefix
    }

    pub(crate) fn log_key(&self) -> String {
        self.key("revocations")
    }

    pub(crate) fn attempts_key(&self, key: &str) -> String {
        self.key(&format!("attempts:{key}"))
    }

    /// A key for the check when the store is opened, before its scope is known.
    pub(crate) fn check_key(&self, name: &str) -> String {
        format!("{}:check:{name}", self.keys.prefix)
    }

    fn key(&self, name: &str) -> String {
        let Keys { prefix, scope } = &*self.keys;
        match scope.get_or_init(|| None) {
            Some(scope) => format!("{prefix}:{scope}:{name}"),
            None => format!("{prefix}:{name}"),
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.keys.prefix)
            .field("scope", &self.keys.scope.get().and_then(Option::as_ref))
            .finish_non_exhaustive()
    }
}

pub(crate) const PREFIX: &str = "hallpass";
