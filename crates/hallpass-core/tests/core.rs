//! The token engine from outside: what is issued, what is refused, and why.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what stands ready for the tests may panic as they do"
)]

#[path = "core/site.rs"]
mod site;

#[path = "core/round_trip.rs"]
mod round_trip;

#[path = "core/attacks.rs"]
mod attacks;

#[path = "core/key_rings.rs"]
mod key_rings;

#[path = "core/settings.rs"]
mod settings;

#[path = "core/remembered.rs"]
mod remembered;
