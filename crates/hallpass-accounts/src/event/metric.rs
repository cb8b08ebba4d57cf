//! Metrics of logins, the password hasher, store calls, the revocation sync and the keys, for the
//! recorder that the site installed (the `metrics` facade).
//!
//! None of this runs on the request path. The cost of a counter is negligible compared with a
//! password hash or a store call. Labels are names from a fixed list in the source code, and ids of
//! signing keys; no label contains a user name, an address or a token. The guide has the table of
//! metrics, and a test checks the table against the output of a recorder.

use std::time::{Duration, Instant};

use hallpass_core::{KeyRing, UnixTime};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::{
    event::Event,
    password::password_hasher::{Lane, NotAdmitted},
    revocation::{readiness::Readiness, store::StoreConnections},
};

/// Registers the descriptions, and the series that an alert needs before their first change.
pub(crate) fn describe() {
    describe_counter!(EVENTS, "Events in logins and of accounts, by name of the event.");
    describe_counter!(SIGN_INS, "Completed logins and rejected attempts, by outcome.");
    describe_counter!(LIMITS_HIT, "Attempts that were rejected by a limit, by limit.");
    describe_counter!(
        ADDRESS_UNKNOWN,
        "Requests to login routes whose client address is not known: see client-address-unknown."
    );
    describe_counter!(BREACH_LOOK_UPS, "New passwords that were looked up, by outcome.");
    describe_counter!(ACTIVITY_LOST, "Rows of the activity of accounts that were not written.");
    describe_counter!(
        CHALLENGES,
        "Challenges (CAPTCHA, proof of work) that were checked, by outcome."
    );
    describe_counter!(RENEWALS, "Refresh tokens that were presented, by outcome.");
    describe_gauge!(HASHER_WAITING, "Calls that wait for the password hasher, by lane.");
    describe_histogram!(
        HASHER_WAIT,
        Unit::Seconds,
        "Time that calls waited for the password hasher."
    );
    describe_counter!(
        HASHER_REFUSED,
        "Calls that the password hasher rejected without a run, by reason."
    );
    describe_gauge!(LIST_ENTRIES, "Accounts and sessions in the revocation list.");
    describe_gauge!(
        LIST_SYNCED,
        Unit::Seconds,
        "Unix time at which the revocation log was last read to its end."
    );
    describe_histogram!(
        STORE_CALLS,
        Unit::Seconds,
        "Duration of store calls, by operation. A call that is dropped at the timeout counts."
    );
    describe_counter!(
        STORE_FAILURES,
        "Store calls that returned an error or were dropped, such as at the timeout, by operation."
    );
    describe_gauge!(CONNECTIONS, "Connections of the store's pool, by state.");
    describe_gauge!(PUSH_LIVE, "Whether the notifier of a log is connected: 1 or 0, by log.");
    describe_gauge!(READINESS, "Whether the node is in this state: 1 or 0, by state.");
    describe_gauge!(
        CLOCK_DIFFERENCE,
        Unit::Seconds,
        "Time of this node minus the time of the store, at the last read of the log."
    );
    describe_counter!(PRUNED, "Expired rows of the stores that this node deleted.");
    describe_counter!(PRUNE_FAILURES, "Failed attempts to delete expired rows or log entries.");
    describe_gauge!(KEY_ACTIVE, "Whether this node signs with the key: 1 or 0, by key.");
    describe_gauge!(
        KEY_CREATED,
        Unit::Seconds,
        "Unix time at which the signing key was created, by key."
    );
    describe_gauge!(
        KEYS_MISSING,
        "Encryption keys and peppers that the store was used with and that this node lacks."
    );
    for lane in [Lane::General, Lane::Reserved] {
        hasher_waiting(lane, 0.0);
    }
    for reason in [NotAdmitted::Full, NotAdmitted::Displaced, NotAdmitted::Overdue] {
        counter!(HASHER_REFUSED, "reason" => reason.as_str()).increment(0);
    }
    for outcome in ["unknown", "known", "failed"] {
        counter!(BREACH_LOOK_UPS, "outcome" => outcome).increment(0);
    }
    for outcome in ["passed", "required", "failed"] {
        counter!(CHALLENGES, "outcome" => outcome).increment(0);
    }
    for gauge in [CLOCK_DIFFERENCE, KEYS_MISSING] {
        gauge!(gauge).increment(0.0);
    }
    for counter in [ACTIVITY_LOST, ADDRESS_UNKNOWN, PRUNED, PRUNE_FAILURES] {
        counter!(counter).increment(0);
    }
}

/// One store call, from its start to its end. A call that is dropped before its end counts as
/// failed: the timeout of the engine drops a call that takes too long.
pub(crate) struct StoreCall {
    operation: &'static str,
    start: Instant,
    is_ok: bool,
}

impl StoreCall {
    pub(crate) fn start(operation: &'static str) -> Self {
        Self { operation, start: Instant::now(), is_ok: false }
    }

    pub(crate) fn ended(mut self, is_ok: bool) {
        self.is_ok = is_ok;
    }
}

impl Drop for StoreCall {
    fn drop(&mut self) {
        histogram!(STORE_CALLS, "operation" => self.operation).record(self.start.elapsed());
        let failed = u64::from(!self.is_ok);
        counter!(STORE_FAILURES, "operation" => self.operation).increment(failed);
    }
}

/// A refresh token that was neither consumed nor reused, by the outcome. Both others are events.
pub(crate) fn refresh(outcome: &'static str) {
    counter!(RENEWALS, "outcome" => outcome).increment(1);
}

pub(crate) fn connections(now: StoreConnections) {
    for (state, number) in [("open", now.open), ("idle", now.idle), ("waiting", now.waiting)] {
        gauge!(CONNECTIONS, "state" => state).set(number);
    }
}

/// `log` is `store` for the log that is read, and `shared` for a log that only notifies.
pub(crate) fn push_live(log: &'static str, is_live: bool) {
    gauge!(PUSH_LIVE, "log" => log).set(u8::from(is_live));
}

pub(crate) fn readiness(now: Readiness) {
    for state in Readiness::ALL {
        gauge!(READINESS, "state" => state.as_str()).set(u8::from(*state == now));
    }
}

/// Sets the time of this node minus the time of the store.
pub(crate) fn clock_difference(node: UnixTime, store: UnixTime) {
    let ahead = node.since(store).as_secs_f64() - store.since(node).as_secs_f64();
    gauge!(CLOCK_DIFFERENCE).set(ahead);
}

pub(crate) fn pruned(rows: u64) {
    counter!(PRUNED).increment(rows);
}

pub(crate) fn prune_failed() {
    counter!(PRUNE_FAILURES).increment(1);
}

/// Sets the state of each signing key of the ring. `before` is the id of the key that signed at the
/// last call, which may not be in the ring any more. Returns the id of the key that signs now.
pub(crate) fn signing_keys(ring: &KeyRing, before: Option<String>) -> Option<String> {
    let active = ring.active().map(|key| key.id().to_string());
    if let Some(former) = before.filter(|former| Some(former) != active.as_ref()) {
        gauge!(KEY_ACTIVE, "key" => former).set(0);
    }
    for entry in ring.keys() {
        let id = entry.key().id().to_string();
        let signs = u8::from(active.as_ref() == Some(&id));
        if let Some(created) = entry.created_at() {
            let created = Duration::from_secs(created.as_secs());
            gauge!(KEY_CREATED, "key" => id.clone()).set(created);
        }
        gauge!(KEY_ACTIVE, "key" => id).set(signs);
    }
    active
}

pub(crate) fn keys_missing(number: usize) {
    gauge!(KEYS_MISSING).set(u32::try_from(number).unwrap_or(u32::MAX));
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

/// Changes the number of calls that wait in a lane: 1 or -1.
pub(crate) fn hasher_waiting(lane: Lane, change: f64) {
    gauge!(HASHER_WAITING, "lane" => lane.as_str()).increment(change);
}

pub(crate) fn hasher_refused(reason: NotAdmitted) {
    counter!(HASHER_REFUSED, "reason" => reason.as_str()).increment(1);
}

/// A request whose client address is not known.
pub(crate) fn client_address_unknown() {
    counter!(ADDRESS_UNKNOWN).increment(1);
}

/// A look-up of a new password in the service of breached passwords.
pub(crate) fn breach_looked_up(outcome: &'static str) {
    counter!(BREACH_LOOK_UPS, "outcome" => outcome).increment(1);
}

/// A row of activity that was not written.
pub(crate) fn activity_lost() {
    counter!(ACTIVITY_LOST).increment(1);
}

/// A challenge was checked.
pub(crate) fn challenged(outcome: &'static str) {
    counter!(CHALLENGES, "outcome" => outcome).increment(1);
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
const ADDRESS_UNKNOWN: &str = "hallpass_client_address_unknown_total";
const BREACH_LOOK_UPS: &str = "hallpass_breached_password_look_ups_total";
const ACTIVITY_LOST: &str = "hallpass_activity_rows_lost_total";
const CHALLENGES: &str = "hallpass_challenges_total";
const RENEWALS: &str = "hallpass_refreshes_total";
const HASHER_WAITING: &str = "hallpass_password_hasher_waiting";
const HASHER_WAIT: &str = "hallpass_password_hasher_wait_seconds";
const HASHER_REFUSED: &str = "hallpass_password_hasher_refused_total";
const STORE_CALLS: &str = "hallpass_store_call_seconds";
const STORE_FAILURES: &str = "hallpass_store_failures_total";
const CONNECTIONS: &str = "hallpass_store_connections";
const PUSH_LIVE: &str = "hallpass_revocation_push_live";
const READINESS: &str = "hallpass_readiness";
const CLOCK_DIFFERENCE: &str = "hallpass_clock_difference_seconds";
const PRUNED: &str = "hallpass_pruned_rows_total";
const PRUNE_FAILURES: &str = "hallpass_prune_failures_total";
const KEY_ACTIVE: &str = "hallpass_signing_key_active";
const KEY_CREATED: &str = "hallpass_signing_key_created_timestamp_seconds";
const KEYS_MISSING: &str = "hallpass_keys_missing";
const LIST_ENTRIES: &str = "hallpass_revocation_list_entries";
const LIST_SYNCED: &str = "hallpass_revocation_list_synced_timestamp_seconds";
