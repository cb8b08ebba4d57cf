//! What can go wrong, without the driver's own error in any signature.

use std::{error::Error, fmt};

/// A call to the server that failed. The driver's error is reachable through `source()`, for logs.
pub struct RedisStoreError {
    kind: RedisStoreErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// What kind of failure a [`RedisStoreError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedisStoreErrorKind {
    /// The server cannot be reached, or does not answer in time.
    Unavailable,
    /// The server refused the command: it has no memory left, say, or this user may not run it.
    Refused,
    /// A key holds what this version cannot read.
    Corrupt,
}

impl RedisStoreError {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> RedisStoreErrorKind {
        self.kind
    }

    /// No `From`, which would make the driver's error a part of the interface.
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
            RedisStoreErrorKind::Refused => "the Redis server refused the command",
            RedisStoreErrorKind::Corrupt => "the Redis server holds a value that cannot be read",
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

/// The driver's error without its causes: the driver prints them in its own message.
#[derive(Debug)]
struct Driver(redis::RedisError);

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Driver {}
