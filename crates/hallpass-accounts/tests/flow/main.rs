//! Tests of the flows on the in-memory store, without HTTP: order, costs, limits, replay,
//! revocation, faults and secrets.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test binary has no outside")]

mod breached;
mod budgets;
mod challenge;
mod clocks;
mod coalesced;
mod drift;
mod events;
mod factor_policy;
mod fault;
mod foreign_hash;
mod incarnation;
mod known_browser;
mod limit;
mod log_in;
mod lost_key;
mod model;
mod names;
mod one_cost;
mod own_changes;
mod own_claims;
mod public_origin;
mod recovery;
mod reminders;
mod retention;
mod revocation;
mod second_factor;
mod secret;
mod site;
mod upgrade;
mod year;
