//! Runs the test of the 25-line example on axum with the example on actix-web.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../quickstart/tests/quickstart/served.rs"]
mod served;

#[test]
fn the_example_has_at_most_25_lines() {
    assert!(include_str!("../src/main.rs").lines().count() <= 25);
}
