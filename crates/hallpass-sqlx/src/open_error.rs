//! Why a store could not be opened: one enum for both databases, since a site chooses between them
//! by an address.

use std::{io, path::PathBuf};

use crate::{error::StoreError, schema::MigrateError};

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreOpenError {
    /// The address names another kind of database.
    #[error("the database address names another kind of database: write for example {example}")]
    Scheme {
        /// An address that would do.
        example: &'static str,
    },
    /// The address has a parameter that the database does not know, or is none.
    #[error("the database address cannot be read: write for example {example}")]
    Address {
        /// An address that would do.
        example: &'static str,
        /// What is wrong with it.
        source: StoreError,
    },
    /// The file is not there and cannot be made.
    #[error("the database file {} cannot be made: create its directory, or let the server write there", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there but cannot be opened as a database.
    #[error("the database file {} cannot be opened: it must be an SQLite database that the server may write", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: StoreError,
    },
    /// The address asks for TLS, and this build has none.
    #[error(
        "the database address asks for TLS, which this build leaves out: build it with the feature `tls`"
    )]
    Tls {
        /// What the driver said.
        source: StoreError,
    },
    /// The server cannot be reached, or does not let this user into this database.
    #[error(
        "the database {database} at {host} cannot be reached: start the server, or mend user, password or database in its address"
    )]
    Connect {
        /// The server's host and port.
        host: String,
        /// The database's name.
        database: String,
        /// What the server or the network said.
        source: StoreError,
    },
    /// The tables could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}
