//! The error of a store, without the driver's error in a public signature.
//!
//! The driver's error is available through `source()`, for logs. As a public type it would make
//! each new version of the driver a breaking change for every application that names this error.

use std::{error::Error, fmt};

/// A failed call to the store.
///
/// The login routes return a 503 for every kind. The kind is for the operator: each has its own
/// message, which names the cause and, if there is one, the fix.
pub struct StoreError {
    kind: StoreErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

/// The kind of a [`StoreError`].
///
/// After [`Locked`](Self::Locked), [`DiskFull`](Self::DiskFull), [`Io`](Self::Io) and
/// [`ReadOnly`](Self::ReadOnly), calls succeed again as soon as the cause is gone, without a
/// restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The server cannot be reached, the file cannot be opened, or the call failed for a reason
    /// without a kind of its own.
    Unavailable,
    /// No connection became free in time.
    NoConnection,
    /// The server accepts no more connections.
    TooManyClients,
    /// Another process has locked the database, a table or a row for too long.
    Locked,
    /// The disk of the database is full.
    DiskFull,
    /// The disk of the database failed to read or to write. A disk quota or a limit on the size of
    /// files counts as such.
    Io,
    /// The file or the server accepts no changes.
    ReadOnly,
    /// The file was moved, deleted or replaced after it was opened.
    Moved,
    /// The database is damaged, or the file is not a database.
    Damaged,
    /// The database rejected the change, because it would violate a constraint of the schema or has
    /// a value that is too large.
    Refused,
    /// A row contains a value that this version cannot read, or a value to be written does not fit
    /// into its column.
    Corrupt,
    /// The site's own users table could not be read or written.
    OwnTable,
    /// An account was changed again and again while it was read.
    Busy,
    /// A pooler is between this process and the server, and does not support what is needed there.
    Pooler,
}

impl StoreError {
    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Not a `From`, which would make the driver's error a part of the public interface.
    pub(crate) fn from_driver(error: sqlx::Error) -> Self {
        use sqlx::Error;
        let kind = match &error {
            Error::Decode(_) | Error::ColumnDecode { .. } | Error::ColumnNotFound(_) => {
                StoreErrorKind::Corrupt
            }
            Error::PoolTimedOut => StoreErrorKind::NoConnection,
            #[cfg(feature = "postgres")]
            error if crate::postgres::rejects_startup(error) => StoreErrorKind::Pooler,
            Error::Database(error) => of_database(&**error),
            _ => StoreErrorKind::Unavailable,
        };
        Self::new(kind, Driver(error))
    }

    /// The side file of an SQLite database cannot be read or written.
    #[cfg(feature = "sqlite")]
    pub(crate) fn side_file(error: std::io::Error) -> Self {
        Self { kind: StoreErrorKind::Unavailable, source: Box::new(error) }
    }

    pub(crate) fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(StoreErrorKind::Corrupt, source)
    }

    pub(crate) fn new(
        kind: StoreErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, source: source.into() }
    }
}

fn of_database(error: &(dyn sqlx::error::DatabaseError + 'static)) -> StoreErrorKind {
    if !matches!(error.kind(), sqlx::error::ErrorKind::Other) {
        return StoreErrorKind::Refused;
    }
    let code = error.code().unwrap_or_default();
    #[cfg(feature = "sqlite")]
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        return of_sqlite(code.parse().unwrap_or_default());
    }
    of_sqlstate(&code)
}

/// The codes are listed at <https://www.sqlite.org/rescode.html>. The low byte of an extended code
/// is the primary code.
#[cfg(feature = "sqlite")]
fn of_sqlite(code: u32) -> StoreErrorKind {
    const READONLY_DBMOVED: u32 = 8 | 4 << 8;
    const IOERR_VNODE: u32 = 10 | 27 << 8;
    match (code, code & 0xff) {
        (READONLY_DBMOVED | IOERR_VNODE, _) => StoreErrorKind::Moved,
        // BUSY, LOCKED, PROTOCOL
        (_, 5 | 6 | 15) => StoreErrorKind::Locked,
        // READONLY
        (_, 8) => StoreErrorKind::ReadOnly,
        // IOERR
        (_, 10) => StoreErrorKind::Io,
        // CORRUPT, NOTADB
        (_, 11 | 26) => StoreErrorKind::Damaged,
        // FULL
        (_, 13) => StoreErrorKind::DiskFull,
        // TOOBIG, CONSTRAINT, MISMATCH
        (_, 18..=20) => StoreErrorKind::Refused,
        _ => StoreErrorKind::Unavailable,
    }
}

/// The codes are listed at <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_sqlstate(code: &str) -> StoreErrorKind {
    match code {
        // read_only_sql_transaction
        "25006" => StoreErrorKind::ReadOnly,
        // too_many_connections
        "53300" => StoreErrorKind::TooManyClients,
        // disk_full
        "53100" => StoreErrorKind::DiskFull,
        // lock_not_available
        "55P03" => StoreErrorKind::Locked,
        // io_error
        "58030" => StoreErrorKind::Io,
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => StoreErrorKind::Damaged,
        _ => StoreErrorKind::Unavailable,
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => {
                "the account database cannot be reached or opened: start its server, or let this \
                 server open its file"
            }
            StoreErrorKind::NoConnection => {
                "no connection to the account database became free in time: look for a slow disk \
                 or a long transaction, or reduce the load"
            }
            StoreErrorKind::TooManyClients => {
                "the server of the account database has too many clients and accepts no more \
                 connections: raise its max_connections, or close connections of other clients"
            }
            StoreErrorKind::Locked => {
                "another process locks the account database for too long: end its transaction"
            }
            StoreErrorKind::DiskFull => {
                "the disk of the account database is full: free some space, no restart is needed"
            }
            StoreErrorKind::Io => {
                "the disk of the account database failed to read or write: check the disk, the \
                 file system and the quota, no restart is needed"
            }
            StoreErrorKind::ReadOnly => {
                "the account database is read-only: let this server write to the file, its -wal \
                 and -shm files and its directory, or connect to the primary server"
            }
            StoreErrorKind::Moved => {
                "the file of the account database was moved, deleted or replaced: put it back, or \
                 restart this server on the file that is there now"
            }
            StoreErrorKind::Damaged => {
                "the account database is damaged, or its file is not a database: correct the \
                 address, or restore a backup"
            }
            StoreErrorKind::Refused => "the account database rejected the change",
            StoreErrorKind::Corrupt => "the account database contains a row that cannot be read",
            StoreErrorKind::OwnTable => {
                "the site's own users table could not be used: the cause names the fix"
            }
            StoreErrorKind::Busy => {
                "an account was changed again and again while it was read: try again"
            }
            StoreErrorKind::Pooler => {
                "a pooler is in front of the account database: write pooler=transaction in the \
                 address, without options, and in listen the address of the server itself"
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_codes_have_the_kind_of_their_cause() {
        for (code, kind) in [
            (1, StoreErrorKind::Unavailable),
            (5, StoreErrorKind::Locked),
            (261, StoreErrorKind::Locked),
            (8, StoreErrorKind::ReadOnly),
            (1032, StoreErrorKind::Moved),
            (778, StoreErrorKind::Io),
            (6922, StoreErrorKind::Moved),
            (13, StoreErrorKind::DiskFull),
            (14, StoreErrorKind::Unavailable),
            (267, StoreErrorKind::Damaged),
            (26, StoreErrorKind::Damaged),
            (3091, StoreErrorKind::Refused),
        ] {
            assert_eq!(of_sqlite(code), kind, "{code}");
        }
    }

    #[test]
    fn sqlstates_have_the_kind_of_their_cause() {
        for (code, kind) in [
            ("53100", StoreErrorKind::DiskFull),
            ("53300", StoreErrorKind::TooManyClients),
            ("25006", StoreErrorKind::ReadOnly),
            ("57P01", StoreErrorKind::Unavailable),
        ] {
            assert_eq!(of_sqlstate(code), kind, "{code}");
        }
    }

    #[test]
    fn full_pool_is_no_connection() {
        let error = StoreError::from_driver(sqlx::Error::PoolTimedOut);
        assert_eq!(error.kind(), StoreErrorKind::NoConnection);
        assert!(error.to_string().contains("became free in time"), "{error}");
    }
}
