//! Black-box tests of the blog: a real process, a real socket and a real SQLite file. The tests do
//! not use hallpass's code.
//!
//! Each row of `docs/CONTRACT.md` that the blog implements is tested with a request and the
//! expected response. `hallpass-test-support` computes one-time codes with its own RFC 6238
//! implementation.

#![allow(clippy::expect_used, reason = "in a test, to expect is to assert")]

mod accounts;
mod attacks;
mod bad_input;
mod cookies;
mod incidents;
mod killed;
mod limits;
mod many_nodes;
mod operator;
mod origin;
mod own_routes;
mod person;
mod recovery;
mod revoked;
mod second_factor;
mod sessions;
mod site;
mod slow_clients;
mod start_and_stop;
mod walk;
