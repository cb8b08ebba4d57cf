//! The facade as an application uses it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod adapters;
mod background;
mod errors;
mod guesses;
mod hands;
mod key_file;
mod opening;
mod operator_is_final;
mod outage;
mod own_claims;
mod pepper;
#[cfg(feature = "postgres")]
mod postgres_outage;
mod public_origin;
mod races;
mod revocation_log;
mod rotation;
mod settings;
mod site;
mod users;
mod visit;
mod zero_queries;

#[cfg(feature = "postgres")]
use hallpass_test_support::postgres as schema;
use hallpass_test_support::scratch;
