//! The statements of the stores on large tables: none reads a whole table.
//!
//! A short form with 10,000 accounts runs in CI. `SCALE_ACCOUNTS=1000000` has the sizes of
//! docs/many-nodes.md: `cargo xtask long scale`. There are twice as many sessions, entries of the
//! revocation log and rows of activity as accounts.
//!
//! The statements are those of the running store: a [workload] calls every method of the store
//! traits, and the database reports what each statement did. A statement that the workload does not
//! run is found in the [sources](sources::not_run_among), so that it cannot be forgotten.

#![allow(clippy::print_stdout, reason = "prints the times")]

mod measure;
#[cfg(feature = "postgres")]
mod postgres;
mod sources;
mod sqlite;
mod workload;

use hallpass_core::{Clock, SystemClock, UnixTime};

/// Returns the number of accounts.
fn accounts() -> u64 {
    std::env::var("SCALE_ACCOUNTS").map_or(10_000, |number| number.parse().unwrap())
}

/// Returns whether the tables have the sizes for which the times are documented.
fn is_full_size() -> bool {
    accounts() >= 1_000_000
}

fn now() -> UnixTime {
    SystemClock.now()
}

/// The statements of an operator's command that reads a whole table by design.
fn reads_a_table_by_design(statement: &str) -> bool {
    let counts = ["SELECT roles, count(*)", "SELECT count(*)"];
    counts.iter().any(|start| statement.starts_with(start))
}

/// Returns the statement with one space for each sequence of white space.
fn normal(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}
