//! The SQLite store against real files. `suite` asks for the store traits alone: any store must pass it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod child;
mod crash;
mod opening;
mod processes;
mod rows;
mod scratch;
mod sqlite_suite;
mod suite;
