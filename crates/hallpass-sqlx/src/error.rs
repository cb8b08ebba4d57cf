//! The error of a store, without the driver's error in a public signature.
//!
//! The driver's error is available through `source()`, for logs. As a public type it would make
//! each new version of the driver a breaking change for every application that names this error.

use std::{error::Error, fmt};

/// A failed call to the store.
///
/// The login routes return "try again later" for every kind. The kind is for the operator.
pub struct StoreError {
    kind: StoreErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// The kind of a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The database cannot be reached, another writer locks it for too long, or its disk is full.
    Unavailable,
    /// The database rejected the change, because it would violate a constraint of the schema.
    Refused,
    /// A row contains a value that this version cannot read.
    Corrupt,
}

impl StoreError {
    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Not a `From`, which would make the driver's error a part of the public interface.
    pub(crate) fn from_driver(error: sqlx::Error) -> Self {
        use sqlx::{Error, error::ErrorKind};
        let kind = match &error {
            Error::Decode(_) | Error::ColumnDecode { .. } | Error::ColumnNotFound(_) => {
                StoreErrorKind::Corrupt
            }
            Error::Database(refusal) if !matches!(refusal.kind(), ErrorKind::Other) => {
                StoreErrorKind::Refused
            }
            _ => StoreErrorKind::Unavailable,
        };
        Self { kind, source: Box::new(Driver(error)) }
    }

    /// The side file of an SQLite database cannot be read or written.
    #[cfg(feature = "sqlite")]
    pub(crate) fn side_file(error: std::io::Error) -> Self {
        Self { kind: StoreErrorKind::Unavailable, source: Box::new(error) }
    }

    pub(crate) fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Corrupt, source: source.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the account database did not answer",
            StoreErrorKind::Refused => "the account database rejected the change",
            StoreErrorKind::Corrupt => "the account database contains a row that cannot be read",
        })
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// The driver's error without its causes, because its own message contains them.
#[derive(Debug)]
struct Driver(sqlx::Error);

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Driver {}
