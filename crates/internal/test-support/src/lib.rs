//! Code that the tests of hallpass share. This package is not published.
//!
//! | module | contents |
//! |---|---|
//! | [`http`] | requests and responses over real sockets, a client with cookies, HTTP/2 |
//! | [`cookie_jar`] | a cookie jar that follows RFC 6265bis |
//! | [`authenticator`] | an authenticator app, written from RFC 6238 |
//! | [`fake_clock`] | a wrong clock of a process, by libfaketime |
//! | [`fault_proxy`] | a TCP proxy that cuts connections, stalls responses and switches the server |
//! | [`pgbouncer`] | a PgBouncer that a test starts and kills, with the settings of the guide |
//! | [`postgres_server`] | PostgreSQL servers that a test starts, kills and promotes |
//! | [`process`] | child processes, servers, and functions that wait for a condition |
//! | [`redis`] | a Redis server that a test starts, pauses, kills and configures |
//! | [`random`] | random bytes of a known seed, for keys that a site accepts |
//! | [`scratch`] | a directory for one test |
//! | `postgres` | a schema or a database for one test (feature `postgres`) |
//! | `memory_store` | a store in memory that can be set to fail (feature `memory-store`) |
//! | `tokens` | valid and invalid tokens of one site (feature `tokens`) |
//!
//! The cookie jar and the authenticator check crates of hallpass. They are written from the
//! standards and use no code of hallpass, so that they do not share its defects. Only the last two
//! modules use crates of hallpass.
//!
//! A function of this package panics if the test cannot continue, so that the test fails.
//!
//! A published crate depends on this package by its path only, without a version. Cargo removes
//! such a development dependency when it packages the crate.

#![forbid(unsafe_code)]
#![allow(clippy::expect_used, reason = "`expect` is an assertion in a test")]

pub mod authenticator;
pub mod cookie_jar;
pub mod fake_clock;
pub mod fault_proxy;
pub mod http;
#[cfg(feature = "memory-store")]
pub mod memory_store;
pub mod pgbouncer;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod postgres_server;
pub mod process;
pub mod random;
pub mod redis;
pub mod scratch;
#[cfg(feature = "tokens")]
pub mod tokens;
