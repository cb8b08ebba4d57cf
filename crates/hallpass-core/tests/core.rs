//! The token engine from outside: issued tokens, rejected tokens, and the reasons.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of the tests may panic as the tests do"
)]

#[path = "core/site.rs"]
mod site;

#[path = "core/round_trip.rs"]
mod round_trip;

#[path = "core/attacks.rs"]
mod attacks;

#[path = "core/foreign_tokens.rs"]
mod foreign_tokens;

#[path = "core/key_rings.rs"]
mod key_rings;

#[path = "core/settings.rs"]
mod settings;

#[path = "core/remembered.rs"]
mod remembered;

#[path = "core/times.rs"]
mod times;
