//! Metrics of logins, the password hasher and the revocation list, for the recorder that the site
//! installed (the `metrics` facade).
//!
//! None of this runs on the request path. The cost of a counter is negligible compared with a
//! password hash or a store call. Labels are names from a fixed list in the source code; no label
//! contains a user name, an address or a token. The guide has the table of metrics, and a test
//! checks the table against the output of a recorder.

use std::time::Duration;

use hallpass_core::UnixTime;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::event::Event;

/// Registers the descriptions, and sets the gauge of waiting logins to 0.
pub(crate) fn describe() {
    describe_counter!(EVENTS, "Events in logins and of accounts, by name of the event.");
    describe_counter!(SIGN_INS, "Completed logins and rejected attempts, by outcome.");
    describe_counter!(LIMITS_HIT, "Attempts that were rejected by a limit, by limit.");
    describe_counter!(RENEWALS, "Refresh tokens that were consumed or reused, by outcome.");
    describe_gauge!(HASHER_WAITING, "Logins that wait for a hashing permit.");
    describe_histogram!(
        HASHER_WAIT,
        Unit::Seconds,
        "Time that logins waited for a hashing permit."
    );
    describe_gauge!(LIST_ENTRIES, "Accounts and sessions in the revocation list.");
    describe_gauge!(
        LIST_SYNCED,
        Unit::Seconds,
        "Unix time at which the revocation log was last read to its end."
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

/// Changes the number of logins that wait for a permit: 1 or -1.
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

/// Sets the time of the last read, not its age. An age would stop growing when the task that reads
/// the log stops.
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
