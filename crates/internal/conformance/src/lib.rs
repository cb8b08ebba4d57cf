//! One table of requests and expected responses for every adapter of hallpass.
//!
//! If two adapters parse a cookie differently, an attacker can choose the adapter that accepts it.
//! Therefore `table/*.txt` contains each expected response once. `tests/suite` sends each row to a
//! bare tower service, to axum, to actix-web and to tonic, in process and over sockets. A
//! deliberate difference of a stack is listed below its row, with the reason.
//!
//! This package is not published. An error in a table or a key is a defect of the suite, so the
//! suite panics instead of returning errors. The tokens are not signed by hallpass ([`token`]), so
//! that the verifier is tested against the RFC and not against the issuer.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a defect of the suite panics, as in a test"
)]

mod exchange;
mod judge;
mod row;
mod site;
mod table;
mod token;

pub use exchange::{Received, Sent, json_request};
pub use judge::judge;
pub use row::{Expected, Row};
pub use site::{NOW, OtherRole, SiteRole, StoppedClock, authenticator, ring, settings};
pub use table::{grpc_rows, negotiation_rows, rows};
pub use token::{COOKIE, token};
