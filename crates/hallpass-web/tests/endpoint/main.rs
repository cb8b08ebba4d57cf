//! The sign-in routes, each row of the contract's table, as HTML and as JSON, through
//! [`Routes::handle`] over a store in memory.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test binary: no outside, and a panic is its answer"
)]

mod code;
mod cookie_jar;
mod edge;
mod enrolment;
mod log_in;
mod log_out;
mod outage;
mod own_pages;
mod page;
mod password;
mod proxies;
mod refresh;
mod register;
mod second_factor;
mod sessions;
mod site;
