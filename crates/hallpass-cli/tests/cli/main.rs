//! The `hallpass` command as people and scripts run it: a real process, its exit code, its output.

#![expect(clippy::unwrap_used, reason = "tests")]

mod attacks;
mod command;
mod keys;
mod password;
mod rsa;
mod token;
mod totp;
