//! The `hallpass` command as people and scripts run it: a real process, its exit code, its output.

#![expect(clippy::unwrap_used, reason = "tests")]

mod command;
mod keys;
mod password;
mod token;
mod totp;
