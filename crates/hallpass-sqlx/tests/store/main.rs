//! The SQL stores on real databases: the suite of `hallpass-testkit`, and tests beyond the suite.

#![allow(clippy::unwrap_used, reason = "tests")]

mod child;
mod crash;
mod dropped;
mod every_write;
mod faults;
mod moved;
mod opening;
mod own_users;
#[cfg(feature = "postgres")]
mod postgres;
mod processes;
mod rows;
mod scale;
mod sizes;
mod sqlite_suite;
mod watching;
mod without_flow;

use hallpass_test_support::scratch;
