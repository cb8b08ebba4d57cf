//! The error of the store, without the driver's error in a public signature.

use std::{error::Error, fmt};

use crate::reply::class_of;

/// A failed call to the server. The driver's error is available through `source()`, for logs.
pub struct RedisStoreError {
    kind: RedisStoreErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// The kind of a [`RedisStoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedisStoreErrorKind {
    /// The server cannot be reached, or does not respond in time.
    Unavailable,
    /// The server is a replica, for example the old primary after a failover.
    NotPrimary,
    /// The server is loading its data, runs a script that blocks it, or belongs to a cluster that
    /// is down.
    NotReady,
    /// The server rejects writes, because it cannot save its data or has too few replicas.
    WritesStopped,
    /// The server has reached `maxmemory`, and its policy can evict no key.
    OutOfMemory,
    /// The server does not accept the user or the password.
    Authentication,
    /// The user may not run the command, or not on this key.
    Permission,
    /// The server is a node of a Redis Cluster, and the key is on another node.
    Cluster,
    /// The server rejected the command for another reason.
    Refused,
    /// A key contains a value, or the server sent a response, that this version cannot read.
    Corrupt,
    /// [`RedisStore::scope`](crate::RedisStore::scope) failed.
    Scope,
}

impl RedisStoreError {
    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> RedisStoreErrorKind {
        self.kind
    }

    pub(crate) fn is_unavailable(&self) -> bool {
        self.kind == RedisStoreErrorKind::Unavailable
    }

    /// Not a `From`, which would make the driver's error a part of the public interface.
    pub(crate) fn from_driver(error: redis::RedisError) -> Self {
        Self { kind: class_of(&error).0, source: Box::new(Driver(error)) }
    }

    pub(crate) fn timed_out(elapsed: tokio::time::error::Elapsed) -> Self {
        Self { kind: RedisStoreErrorKind::Unavailable, source: Box::new(elapsed) }
    }

    pub(crate) fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: RedisStoreErrorKind::Corrupt, source: source.into() }
    }

    pub(crate) fn scope(source: &'static str) -> Self {
        Self { kind: RedisStoreErrorKind::Scope, source: source.into() }
    }
}

impl fmt::Display for RedisStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use RedisStoreErrorKind as Kind;
        f.write_str(match self.kind {
            Kind::Unavailable => {
                "the Redis server cannot be reached or does not respond: check that it runs, and \
                 that its address is right"
            }
            Kind::NotPrimary => {
                "the Redis server is a replica, which rejects writes: its address must lead to the \
                 primary"
            }
            Kind::NotReady => {
                "the Redis server is not ready: wait until it has loaded its data, its cluster is \
                 up, and no script blocks it"
            }
            Kind::WritesStopped => {
                "the Redis server rejects writes: free its disk if it cannot save its data, or \
                 start its replicas"
            }
            Kind::OutOfMemory => {
                "the Redis server has no memory left: raise maxmemory, or delete keys of other \
                 applications"
            }
            Kind::Authentication => {
                "the Redis server does not accept the user or the password: correct them in its \
                 address"
            }
            Kind::Permission => {
                "the Redis user may not run the command: give it the ACL rules that RedisStore \
                 documents"
            }
            Kind::Cluster => {
                "the Redis server is a node of a cluster, and the key is on another node: use a \
                 server without cluster mode"
            }
            Kind::Refused => "the Redis server rejected the command: its message names the cause",
            Kind::Corrupt => {
                "the Redis server contains a value that cannot be read: delete the keys of the \
                 prefix, or use another prefix"
            }
            Kind::Scope => "the Redis store cannot be scoped to this site",
        })
    }
}

impl fmt::Debug for RedisStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for RedisStoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// The driver's error without its causes, because its own message contains them.
#[derive(Debug)]
struct Driver(redis::RedisError);

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Driver {}
