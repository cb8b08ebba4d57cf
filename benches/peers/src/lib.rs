//! hallpass and its peers, each guarding the same page and verifying tokens of the same content, and what measures them.
//!
//! The page is `GET /admin`: it answers `hello` to an admin, and no other caller gets it. Each site is built as its crate's
//! documentation shows, with the cheapest settings that it offers. This is a workspace of its own, with its own lock file: the peers
//! bring another SQLite than hallpass does, and nobody who uses hallpass should ever compile them.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "benches: what fails here must stop the run")]

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
