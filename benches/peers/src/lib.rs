//! Benchmarks of hallpass and its peers. All guard the same page and verify tokens with the same
//! content.
//!
//! The page is `GET /admin`. It returns `hello` to an admin and rejects all other clients. Each
//! site is built as the documentation of its crate shows, with the fastest settings of the crate.
//! This crate is a separate workspace with its own lock file, because the peers depend on another
//! SQLite than hallpass and users of hallpass should not have to compile them.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "benches: an error must stop the run")]

mod actix_sites;
pub mod axum_sites;
mod case;
mod groups;
mod growth;
mod ready;
mod token;
mod verifiers;

pub use case::Case;
pub use groups::{GROUPS, group};
pub use token::install_jsonwebtoken;
