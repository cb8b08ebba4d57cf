//! The facade as an application uses it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod adapters;
mod apart;
mod background;
#[cfg(feature = "postgres")]
mod blocked_name;
#[cfg(feature = "cli")]
mod cli;
mod clocks;
mod csrf;
mod errors;
#[cfg(feature = "postgres")]
mod failover;
mod gone_clients;
mod guesses;
mod hands;
mod key_file;
mod login_flood;
mod lost_key;
mod opening;
mod operator_is_final;
mod outage;
mod own_claims;
mod pepper;
#[cfg(all(feature = "postgres", feature = "cli"))]
mod pooler;
#[cfg(feature = "postgres")]
mod postgres_outage;
mod public_origin;
mod races;
#[cfg(feature = "redis")]
mod redis_outage;
mod refused_cost;
mod revocation_log;
mod rotation;
mod settings;
mod site;
#[cfg(feature = "postgres")]
mod statements;
mod streams;
mod usernames;
mod users;
mod visit;
mod zero_queries;

#[cfg(feature = "postgres")]
use hallpass_test_support::postgres as schema;
use hallpass_test_support::scratch;
