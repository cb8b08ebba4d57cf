//! Runs the `hallpass` command as a real process, and checks its exit code and its output.

#![expect(clippy::unwrap_used, reason = "tests")]

mod attacks;
mod command;
mod keys;
mod password;
mod rsa;
mod token;
mod totp;
