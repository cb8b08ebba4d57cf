//! The error of opening a store: one enum for both databases, because the address selects the
//! database.

use std::{io, path::PathBuf};

use crate::{error::StoreError, schema::MigrateError};

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreOpenError {
    /// The address is of another kind of database.
    #[error("the database address names another kind of database: write for example {example}")]
    Scheme {
        /// An example of a valid address.
        example: &'static str,
    },
    /// The address cannot be parsed, or has an unknown parameter.
    #[error("the database address cannot be read: write for example {example}")]
    Address {
        /// An example of a valid address.
        example: &'static str,
        /// The driver's error.
        source: StoreError,
    },
    /// The file does not exist and cannot be created.
    #[error("the database file {} cannot be created: create its directory, or let the server write to it", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file does not exist, and may not be created.
    #[error("the database file {} does not exist: check the address and the working directory, or start the site first", path.display())]
    Missing {
        /// The absolute path of the file.
        path: PathBuf,
    },
    /// The address is a database in memory, which no other process can open.
    #[error(
        "the database is in the memory of another process: use a file, for example sqlite://site.db"
    )]
    InMemory,
    /// The file exists but cannot be opened as a database.
    #[error("the database file {} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's error, with the fix.
        source: StoreError,
    },
    /// The address requires TLS, which this build does not support.
    #[error(
        "the database address requires TLS, which this build does not support: build it with the feature `tls`"
    )]
    Tls {
        /// The driver's error.
        source: StoreError,
    },
    /// The address has `options` and leads to a pooler, which would not pass them to the server.
    #[error(
        "options in the database address do not pass a pooler: remove them from the address, and set them for the user with ALTER ROLE … SET …"
    )]
    PoolerOptions,
    /// The address says `pooler=session`, and the pooler is in another mode.
    #[error(
        "the pooler at {host} shares its connections after each transaction: write pooler=transaction in the database address"
    )]
    PoolerMode {
        /// The pooler's host and port.
        host: String,
    },
    /// The server cannot be reached, or rejects this user for this database.
    #[error(
        "the database {database} at {host} cannot be reached: start the server, or correct the user, password or database in its address"
    )]
    Connect {
        /// The server's host and port.
        host: String,
        /// The database's name.
        database: String,
        /// The error of the server or the network.
        source: StoreError,
    },
    /// The tables could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}
