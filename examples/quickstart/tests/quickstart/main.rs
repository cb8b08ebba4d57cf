//! The 25 lines are the same text everywhere, and they work.

#![allow(clippy::unwrap_used, reason = "tests")]

mod served;
mod text;
