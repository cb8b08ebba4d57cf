//! One table of requests and answers, run over every adapter of hallpass.
//!
//! An adapter that is almost the same is a hole: where two stacks read a cookie differently, an
//! attacker chooses the reader. So the answers stand once, in `table/*.txt`, and `tests/suite`
//! sends each row to a bare tower service, to axum, to actix-web and to tonic, in process and over
//! sockets. A stack that differs on purpose says so, and why, under the row.
//!
//! Nothing here is published. What is wrong with a table or a key is a defect of the suite, so it
//! panics instead of returning errors. Tokens are signed by hand ([`token`]), not by hallpass, so
//! that the reader is tested against the RFC and not against its writer.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a defect of the suite panics, as in any test"
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
