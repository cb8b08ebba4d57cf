//! The numbers of sign-ins, password hasher and revocation list, for the recorder that the site
//! installed (the `metrics` facade).
//!
//! None of this is on the request path: beside a password hash or a store's answer, finding a
//! handle costs nothing. Labels are names that the source code lists; no user name, address or
//! token is one. The guide has the table, and a test there holds it to what a recorder sees.

use std::time::Duration;

use hallpass_core::UnixTime;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::event::Event;

/// Tells the recorder what the numbers are, and that nobody waits yet.
pub(crate) fn describe() {
    describe_counter!(EVENTS, "What happened in sign-ins and to accounts, by the event's name.");
    describe_counter!(SIGN_INS, "Completed sign-ins and refused attempts, by outcome.");
    describe_counter!(LIMITS_HIT, "Attempts that were not looked at, by the limit that was hit.");
    describe_counter!(RENEWALS, "Refresh tokens that were consumed, or came back after they were.");
    describe_gauge!(HASHER_WAITING, "Sign-ins that wait for a permit to hash.");
    describe_histogram!(
        HASHER_WAIT,
        Unit::Seconds,
        "How long sign-ins waited for a permit to hash."
    );
    describe_gauge!(LIST_ENTRIES, "Accounts and sessions in the revocation list.");
    describe_gauge!(
        LIST_SYNCED,
        Unit::Seconds,
        "When the revocation log was last read to its end, in Unix time."
    );
    gauge!(HASHER_WAITING).increment(0.0);
}

pub(crate) fn happened(event: &Event) {
    counter!(EVENTS, "event" => event.as_str()).increment(1);
    match event {
        Event::LoggedIn { .. } => counter!(SIGN_INS, "outcome" => event.as_str()).increment(1),
        Event::Refused { reason, .. } => {
            counter!(SIGN_INS, "outcome" => reason.as_str()).increment(1)
        }
        Event::Limited { limit, .. } => {
            counter!(LIMITS_HIT, "limit" => limit.as_str()).increment(1)
        }
        Event::SessionRefreshed { .. } => counter!(RENEWALS, "outcome" => "refreshed").increment(1),
        Event::RefreshReused { .. } => counter!(RENEWALS, "outcome" => "reused").increment(1),
        _ => {}
    }
}

/// One more waits for a permit, or one less.
pub(crate) fn hasher_waiting(change: f64) {
    gauge!(HASHER_WAITING).increment(change);
}

pub(crate) fn hasher_waited(time: Duration) {
    histogram!(HASHER_WAIT).record(time);
}

pub(crate) fn list_entries(entries: usize) {
    let entries = u32::try_from(entries).unwrap_or(u32::MAX);
    gauge!(LIST_ENTRIES).set(entries);
}

/// The moment, not how long ago it was: an age would stand still with the task that reads the log.
pub(crate) fn list_synced(at: UnixTime) {
    gauge!(LIST_SYNCED).set(Duration::from_secs(at.as_secs()));
}

const EVENTS: &str = "hallpass_events_total";
const SIGN_INS: &str = "hallpass_logins_total";
const LIMITS_HIT: &str = "hallpass_rate_limit_hits_total";
const RENEWALS: &str = "hallpass_refreshes_total";
const HASHER_WAITING: &str = "hallpass_password_hasher_waiting";
const HASHER_WAIT: &str = "hallpass_password_hasher_wait_seconds";
const LIST_ENTRIES: &str = "hallpass_revocation_list_entries";
const LIST_SYNCED: &str = "hallpass_revocation_list_synced_timestamp_seconds";
