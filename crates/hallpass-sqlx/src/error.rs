//! What can go wrong with a store, without the driver's own error in any signature.
//!
//! The driver's error stays reachable through `source()`, for logs. It is not a public type here,
//! because a new version of the driver would then be a breaking change of every application that
//! names our error.

use std::{error::Error, fmt};

/// A call to the store that failed.
///
/// Sign-in answers each kind alike, with "try again later": the kind is for the operator.
pub struct StoreError {
    kind: StoreErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// What kind of failure a [`StoreError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The database cannot be reached, is locked by somebody else for too long, or its disk is
    /// full.
    Unavailable,
    /// The database refused the change, since it would break a rule of the schema.
    Refused,
    /// A row holds what this version cannot read.
    Corrupt,
}

impl StoreError {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// No `From`, which would make the driver's error a part of the interface.
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

    pub(crate) fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Corrupt, source: source.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the account database did not answer",
            StoreErrorKind::Refused => "the account database refused the change",
            StoreErrorKind::Corrupt => "the account database holds a row that cannot be read",
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

/// The driver's error without its causes: the driver prints them in its own message.
#[derive(Debug)]
struct Driver(sqlx::Error);

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Driver {}
