//! The blog as an outsider meets it: a real process, a real socket, a real SQLite file, and no line
//! of hallpass on this side.
//!
//! Each row of the contract that the blog serves stands here as a request and what must come back.
//! One-time codes come from RFC 6238 written out in `hallpass-test-support`.

#![allow(clippy::expect_used, reason = "in a test, to expect is to assert")]

mod accounts;
mod bad_input;
mod cookies;
mod killed;
mod limits;
mod many_nodes;
mod operator;
mod origin;
mod own_routes;
mod person;
mod revoked;
mod second_factor;
mod sessions;
mod site;
mod start_and_stop;
mod walk;
