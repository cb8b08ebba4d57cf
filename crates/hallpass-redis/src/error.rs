//! The error of the store, without the driver's error in a public signature.

use std::{error::Error, fmt};

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
    /// The server rejected the command: it has no memory left, for example, or this user may not
    /// run it.
    Refused,
    /// A key contains a value that this version cannot read.
    Corrupt,
}

impl RedisStoreError {
    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> RedisStoreErrorKind {
        self.kind
    }

    /// Not a `From`, which would make the driver's error a part of the public interface.
    pub(crate) fn from_driver(error: redis::RedisError) -> Self {
        use redis::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => RedisStoreErrorKind::Corrupt,
            ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => {
                RedisStoreErrorKind::Refused
            }
            _ => RedisStoreErrorKind::Unavailable,
        };
        Self { kind, source: Box::new(Driver(error)) }
    }

    pub(crate) fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: RedisStoreErrorKind::Corrupt, source: source.into() }
    }
}

impl fmt::Display for RedisStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            RedisStoreErrorKind::Unavailable => "the Redis server did not answer",
            RedisStoreErrorKind::Refused => "the Redis server rejected the command",
            RedisStoreErrorKind::Corrupt => "the Redis server contains a value that cannot be read",
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
