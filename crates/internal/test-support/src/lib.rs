//! What the tests of hallpass share. This package is never published.
//!
//! | module | what it has |
//! |---|---|
//! | [`http`] | requests and responses over real sockets, a client with cookies, HTTP/2 |
//! | [`cookie_jar`] | a cookie jar that follows RFC 6265bis |
//! | [`authenticator`] | an authenticator app, written from RFC 6238 |
//! | [`fault_proxy`] | a TCP proxy that cuts, stalls and drops |
//! | [`process`] | child processes, servers, and waiting for what they do |
//! | [`scratch`] | a directory for one test |
//! | `postgres` | a schema or a database for one test (feature `postgres`) |
//! | `memory_store` | a store in memory that can be down (feature `memory-store`) |
//! | `tokens` | tokens of one site, valid and invalid (feature `tokens`) |
//!
//! The cookie jar and the authenticator check crates of hallpass, so a defect of those must not
//! reach them: they are written from the standards. Only the last two modules use crates of
//! hallpass.
//!
//! A function here panics where a test cannot go on, since that is how a test reports it.
//!
//! A published crate depends on this package by its path alone, without a version. Cargo removes
//! such a development dependency when it packages the crate.

#![forbid(unsafe_code)]
#![allow(clippy::expect_used, reason = "in a test, to expect is to assert")]

pub mod authenticator;
pub mod cookie_jar;
pub mod fault_proxy;
pub mod http;
#[cfg(feature = "memory-store")]
pub mod memory_store;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod process;
pub mod scratch;
#[cfg(feature = "tokens")]
pub mod tokens;
