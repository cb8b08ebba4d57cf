//! SQLite and PostgreSQL stores for the sign-in of hallpass
#![forbid(unsafe_code)]

mod error;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::{StoreError, StoreErrorKind};
#[cfg(feature = "sqlite")]
pub use sqlite::{MigrateError, OpenError, SqliteStore};
