//! SQL stores for hallpass: [`SqliteStore`] and [`PostgresStore`] implement every store trait of
//! `hallpass-accounts`.
//!
//! [`SqlStore`] is one type for both, for a site whose settings select the database.
//!
//! The stores keep accounts, second factors, recovery codes, sessions, attempts, the revocation log
//! and the facts of the site, in tables whose names begin with `hallpass_`. They also keep known
//! browsers, activity, outcomes of forms and consumed one-time values, which no flow uses yet. The
//! traits define which changes happen once, or only under a condition. Each change is one
//! transaction; only `purge_before` deletes old entries in several transactions. A site with its
//! own users table combines it with a store: [`OwnUsers`].
//!
//! This crate is separate from `hallpass-accounts`, because a database driver is the largest part
//! of a site's dependencies. It is separate from the request path, because a request must not be
//! able to reach a store.
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `postgres` | [`PostgresStore`] | off, because it needs a server |
//! | `sqlite` | [`SqliteStore`], with SQLite itself compiled in | on, because a site should start without a server |
//! | `tls` | TLS for connections to PostgreSQL | off, because many servers are on the same machine, and aws-lc takes a minute to build |

#![forbid(unsafe_code)]
#![allow(
    clippy::duplicate_mod,
    reason = "sql/ and inspection.rs are compiled once for each database"
)]

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod column;
mod error;
mod open_error;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod own_users;
mod pooler;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql_store;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod stored;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod waiting;

pub use error::{StoreError, StoreErrorKind};
pub use open_error::StoreOpenError;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use own_users::{HashColumn, NoHashColumn, OwnUsers};
pub use pooler::Pooler;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use schema::{MigrateError, SchemaStep};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use sql_store::SqlStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use stored::{RevocationLogSize, StoredAccount, StoredRoles, StoredRows};
