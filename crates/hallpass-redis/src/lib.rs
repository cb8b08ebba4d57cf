//! Rate limits and revocations that many nodes share, in Redis or Valkey: [`RedisStore`].
//!
//! It counts attempts, so that logins and guesses write nothing to the database except sessions. It
//! keeps a revocation log in a stream, which wakes every node within milliseconds. It keeps no
//! accounts and no sessions, because they must not be lost, and most sites run Redis without
//! persistence.
//!
//! The stream usually pushes revocations in addition to a database's log. Then only the rate limits
//! depend on Redis. It can also be the only log, for a store that has none: [`RedisStore`]
//! describes which revocations a crash then loses.
//!
//! Requires Redis 6.2 or later, or Valkey 7.2 or later. The crate runs one script, of three
//! commands on one key.
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `tls` | `rediss://`: TLS for the connection to the server | off, because many servers are on the same machine, and aws-lc takes a minute to build |

#![forbid(unsafe_code)]

mod check;
mod error;
mod line;
mod open;
mod rate_limit;
mod reply;
mod revocation;
mod store;

pub use error::{RedisStoreError, RedisStoreErrorKind};
pub use open::RedisOpenError;
pub use store::RedisStore;
