//! Rate limits and revocations that the nodes of a site share, in Redis or Valkey: [`RedisStore`].
//!
//! The store counts attempts, so that rate limiting writes nothing to the database. It keeps a
//! revocation log in a stream, which wakes every node within milliseconds. It keeps no accounts and
//! no sessions, because they must not be lost, and most sites run Redis without persistence.
//!
//! The stream usually pushes revocations in addition to a database's log. Then only the rate limits
//! depend on Redis. The stream can also be the only log, for an account store that has no log:
//! [`RedisStore`] describes which revocations a crash then loses.
//!
//! Requires Redis 6.2 or later, or Valkey 7.2 or later. Attempts are counted by a script of three
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
