//! Limits and revocations that many nodes share, in Redis or Valkey: [`RedisStore`].
//!
//! It counts attempts, so that log-ins and guesses write nothing to the database but sessions; and
//! it keeps a revocation log in a stream, which wakes every node within milliseconds. It keeps no
//! account and no session: what must not be lost is not for a server that most sites run without a
//! log on the disk.
//!
//! As a push beside a database's log, which is the rule, nothing depends on it but the limits. As
//! the only log, for a store that has none, it tells what the store has already done: see
//! [`RedisStore`] for what that is worth.
//!
//! Redis 6.2 or later, Valkey 7.2 or later. It runs one script, of three commands on one key.
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `tls` | `rediss://`: TLS on the way to the server | off, because many a server is on the same machine, and aws-lc takes a minute to build |

#![forbid(unsafe_code)]

mod error;
mod line;
mod open;
mod rate_limit;
mod revocation;
mod store;

pub use error::{RedisStoreError, RedisStoreErrorKind};
pub use open::RedisOpenError;
pub use store::RedisStore;
