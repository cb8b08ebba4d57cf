//! Tests of the login routes: each row of the table in `docs/CONTRACT.md`, as HTML and as JSON,
//! through [`Routes::handle`] on a store in memory.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test binary has no public items, and a panic is a failed test"
)]

mod activity;
mod browser_cookie;
mod challenge;
mod code;
mod confirm;
mod cookie_jar;
mod duplicate_cookies;
mod edge;
mod enrolment;
mod log_in;
mod log_out;
mod lost_key;
mod null_fields;
mod one_session;
mod outage;
mod own_pages;
mod page;
mod password;
mod proxies;
mod refresh;
mod register;
mod repeated;
mod reset;
mod second_factor;
mod sessions;
mod site;
