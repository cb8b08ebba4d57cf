//! Tests that the 25-line example works, and that the documentation shows the same text.

#![allow(clippy::unwrap_used, reason = "tests")]

mod below;
mod commands;
mod served;
mod text;
