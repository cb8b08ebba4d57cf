//! The numbers of sign-ins, hash gate and revocation view, for the recorder that the site installed (the `metrics` facade).
//!
//! None of this is on the request path: beside a password hash or a store's answer, finding a handle costs nothing. Labels are names
//! that the source code lists; no user name, address or token is one. The guide has the table, and a test there holds it to what a
//! recorder sees.

use std::time::Duration;

use hallpass_core::UnixTime;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::event::Event;

/// Tells the recorder what the numbers are, and that nobody waits yet.
pub(crate) fn describe() {
    describe_counter!(EVENTS, "What happened in sign-ins and to accounts, by the event's name.");
    describe_counter!(SIGN_INS, "Completed sign-ins and refused attempts, by outcome.");
    describe_counter!(LIMITS_HIT, "Attempts that were not looked at, by the limit that was hit.");
    describe_counter!(RENEWALS, "Refresh tokens that were spent, or came back after they were.");
    describe_gauge!(HASH_GATE_WAITING, "Sign-ins that wait for a permit to hash.");
    describe_histogram!(HASH_GATE_WAIT, Unit::Seconds, "How long sign-ins waited for a permit to hash.");
    describe_gauge!(VIEW_ENTRIES, "Accounts and sessions that the revocation view voids.");
    describe_gauge!(VIEW_SYNCED, Unit::Seconds, "When the revocation feed was last read to its end, in Unix time.");
    gauge!(HASH_GATE_WAITING).increment(0.0);
}

pub(crate) fn happened(event: &Event) {
    counter!(EVENTS, "event" => event.as_str()).increment(1);
    match event {
        Event::LoggedIn { .. } => counter!(SIGN_INS, "outcome" => event.as_str()).increment(1),
        Event::Refused { reason, .. } => counter!(SIGN_INS, "outcome" => reason.as_str()).increment(1),
        Event::Limited { limit, .. } => counter!(LIMITS_HIT, "limit" => limit.as_str()).increment(1),
        Event::SessionRefreshed { .. } => counter!(RENEWALS, "outcome" => "refreshed").increment(1),
        Event::RefreshReused { .. } => counter!(RENEWALS, "outcome" => "reused").increment(1),
        _ => {}
    }
}

/// One more waits for a permit, or one less.
pub(crate) fn hash_gate_waiting(change: f64) {
    gauge!(HASH_GATE_WAITING).increment(change);
}

pub(crate) fn hash_gate_waited(time: Duration) {
    histogram!(HASH_GATE_WAIT).record(time);
}

pub(crate) fn view_entries(entries: usize) {
    let entries = u32::try_from(entries).unwrap_or(u32::MAX);
    gauge!(VIEW_ENTRIES).set(entries);
}

/// The moment, not how long ago it was: an age would stand still with the task that reads the feed.
pub(crate) fn view_synced(at: UnixTime) {
    gauge!(VIEW_SYNCED).set(Duration::from_secs(at.as_secs()));
}

const EVENTS: &str = "hallpass_events_total";
const SIGN_INS: &str = "hallpass_logins_total";
const LIMITS_HIT: &str = "hallpass_rate_limit_hits_total";
const RENEWALS: &str = "hallpass_refreshes_total";
const HASH_GATE_WAITING: &str = "hallpass_password_hasher_waiting";
const HASH_GATE_WAIT: &str = "hallpass_password_hasher_wait_seconds";
const VIEW_ENTRIES: &str = "hallpass_revocation_list_entries";
const VIEW_SYNCED: &str = "hallpass_revocation_list_synced_timestamp_seconds";
