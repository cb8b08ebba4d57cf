//! SQL stores for the sign-in of hallpass: [`SqliteStore`] and [`PostgresStore`] implement every
//! store trait of `hallpass-accounts`.
//!
//! [`SqlStore`] is whichever the site's settings name.
//!
//! It keeps accounts, second factors, recovery codes, sessions, attempts and the revocation log, in
//! tables of its own whose names begin with `hallpass_`. It decides nothing: what must happen once,
//! or only if something still is, the traits say, and each of their operations is one transaction
//! here. A site with a users table of its own implements the traits instead.
//!
//! It is apart from `hallpass-accounts`, because a database driver is the largest part of a site's
//! dependencies, and apart from the request path, because that must not be able to reach a store.
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `postgres` | [`PostgresStore`] | off, because it needs a server |
//! | `sqlite` | [`SqliteStore`], with SQLite itself compiled in | on, because a site should start without a server beside it |
//! | `tls` | TLS on the way to PostgreSQL | off, because many a server is on the same machine, and aws-lc takes a minute to build |

#![forbid(unsafe_code)]
#![allow(clippy::duplicate_mod, reason = "sql/ is a module of either database, in its terms")]

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod column;
mod error;
mod open_error;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql_store;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::{StoreError, StoreErrorKind};
pub use open_error::StoreOpenError;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use schema::MigrateError;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use sql_store::SqlStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
