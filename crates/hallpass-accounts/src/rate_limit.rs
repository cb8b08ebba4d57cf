//! Rate limits against brute force: the number and speed of guesses, computed without a store.
//!
//! A key (an account, an address) has a number of free attempts. After them, each further attempt
//! must wait, and each wait is twice the previous one, up to a maximum. The count decreases by one
//! per regain interval. The limit is a delay, not a lock: after the wait the owner can log in with
//! the right password. Only the totals of wrong codes after a right password are final.
//!
//! An attempt is counted **before** the password or code is evaluated, and subtracted again if it
//! was right. Limits that count failures afterwards let a burst of parallel guesses through
//! (AuthQuake 2024, CVE-2026-27801). Tested in `tests/flow/limit.rs`.

mod client_address;
pub(crate) mod codes;
pub(crate) mod counted;
pub(crate) mod limits;
pub(crate) mod network;
pub(crate) mod proxies;
pub(crate) mod site_brake;
pub(crate) mod store;
pub(crate) mod turns;

use std::time::Duration;

use hallpass_core::UnixTime;

/// The limit of one kind of key.
///
/// ```
/// use hallpass_accounts::{AttemptOutcome, RateLimit};
/// use hallpass_core::UnixTime;
/// use std::time::Duration;
///
/// let policy = RateLimit::new(1, Duration::from_secs(30));
/// let now = UnixTime::from_secs(1_000);
/// let (state, first) = policy.take(None, now);
/// assert_eq!(first, AttemptOutcome::Allowed);
/// let (_, second) = policy.take(Some(state), now);
/// assert_eq!(second, AttemptOutcome::Blocked { retry_after: Duration::from_secs(30) });
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateLimit {
    free: u32,
    first_wait: Duration,
    longest_wait: Duration,
    regain: Duration,
}

impl RateLimit {
    /// Creates a limit that allows `free` attempts without a wait, then one after `first_wait`, the
    /// next after twice that, and so on.
    #[must_use]
    pub const fn new(free: u32, first_wait: Duration) -> Self {
        Self {
            free,
            first_wait,
            longest_wait: Duration::from_secs(15 * 60),
            regain: Duration::from_secs(3 * 60 * 60),
        }
    }

    /// Sets the maximum wait. Defaults to 15 minutes, which allows about 100 guesses per day. NIST
    /// SP 800-63B section 3.2.2 allows 100 consecutive wrong guesses in total.
    #[must_use]
    pub const fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// Sets the interval in which one attempt is regained, at least 1 second. Defaults to 3 hours:
    /// a client that makes at most eight attempts per day never waits.
    #[must_use]
    pub const fn regain_every(mut self, time: Duration) -> Self {
        self.regain = time;
        self
    }

    /// Counts one attempt on a key in this state. Returns the state to write, and whether the
    /// attempt may be evaluated.
    ///
    /// A blocked attempt leaves the state unchanged, so repeated attempts do not extend the wait.
    pub fn take(
        &self,
        state: Option<AttemptState>,
        now: UnixTime,
    ) -> (AttemptState, AttemptOutcome) {
        let state = self.current(state, now);
        if state.blocked_until > now {
            let retry_after = state.blocked_until.since(now);
            return (state, AttemptOutcome::Blocked { retry_after });
        }
        let count = state.count.saturating_add(1);
        // Attempts may arrive in another order than their times, so a free attempt blocks nothing,
        // not even the second before it.
        let wait = self.wait_after(count);
        let blocked_until =
            if wait.is_zero() { state.blocked_until } else { now.saturating_add(wait) };
        let taken = AttemptState { count, blocked_until, ..state };
        (taken, AttemptOutcome::Allowed)
    }

    /// Subtracts one counted attempt, which was right or was not evaluated. Returns the state to
    /// write, or `None` to delete the key.
    #[must_use]
    pub fn give_back(&self, state: Option<AttemptState>, now: UnixTime) -> Option<AttemptState> {
        let mut state = self.current(state, now);
        state.count = state.count.saturating_sub(1);
        if state.count < self.free {
            state.blocked_until = UNBLOCKED;
        }
        (state.count > 0).then_some(state)
    }

    /// Returns the time from which a key in this state is equivalent to a new key. A store may
    /// delete the key from then on.
    #[must_use]
    pub fn forgotten_at(&self, state: &AttemptState) -> UnixTime {
        state.last.saturating_add(self.regain().saturating_mul(state.count))
    }

    /// Returns the state at `now`: without the regained attempts, and blocked for at most the
    /// maximum wait, so that a clock that was once ahead does not block a key forever.
    fn current(&self, state: Option<AttemptState>, now: UnixTime) -> AttemptState {
        let fresh = AttemptState { count: 0, last: now, blocked_until: UNBLOCKED };
        let Some(state) = state else { return fresh };
        let regained = now.since(state.last).as_secs() / self.regain().as_secs();
        let regained = u32::try_from(regained).unwrap_or(u32::MAX);
        if regained >= state.count {
            return fresh;
        }
        AttemptState {
            count: state.count - regained,
            // The part of the current interval that has already passed still counts.
            last: state.last.saturating_add(self.regain() * regained).min(now),
            blocked_until: state.blocked_until.min(now.saturating_add(self.longest_wait)),
        }
    }

    /// Returns the limit of a group: this many times the free attempts and the regained ones.
    #[must_use]
    pub(crate) fn times(&self, share: u32) -> Self {
        let share = share.max(1);
        Self { free: self.free.saturating_mul(share), regain: self.regain / share, ..self.clone() }
    }

    fn regain(&self) -> Duration {
        self.regain.max(Duration::from_secs(1))
    }

    fn wait_after(&self, count: u32) -> Duration {
        let Some(doublings) = count.checked_sub(self.free) else {
            return Duration::ZERO;
        };
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.first_wait.saturating_mul(factor).min(self.longest_wait)
    }
}

const UNBLOCKED: UnixTime = UnixTime::from_secs(0);

/// The state that a store keeps per key.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptState {
    /// The number of attempts that were counted and not regained or subtracted.
    pub count: u32,
    /// The start of the current regain interval.
    pub last: UnixTime,
    /// Attempts before this time are rejected.
    pub blocked_until: UnixTime,
}

/// Whether an attempt may be evaluated.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum AttemptOutcome {
    /// The attempt was counted and may be evaluated.
    Allowed,
    /// The attempt was not counted and must not be evaluated.
    Blocked {
        /// The time to wait.
        retry_after: Duration,
    },
}

/// A key, and the limit that applies to it. One attempt may count on several keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LimitedKey<'a> {
    /// The key.
    pub key: &'a str,
    /// The limit of the key.
    pub limit: &'a RateLimit,
}

impl<'a> LimitedKey<'a> {
    /// Creates a key with its limit.
    #[must_use]
    pub const fn new(key: &'a str, limit: &'a RateLimit) -> Self {
        Self { key, limit }
    }

    /// Counts one attempt on each of the keys, whose states are in the same order, or on none of
    /// them. A key without a state is a new key. Returns the states to write, and whether the
    /// attempt may be evaluated.
    ///
    /// If one of the keys is blocked, all states are unchanged and nothing is to be written. If
    /// several keys are blocked, the outcome has the one with the longest wait.
    ///
    /// ```
    /// use hallpass_accounts::{LimitedKey, RateLimit, TakeAllOutcome};
    /// use hallpass_core::UnixTime;
    /// use std::time::Duration;
    ///
    /// let (wide, narrow) =
    ///     (RateLimit::new(9, Duration::from_secs(30)), RateLimit::new(1, Duration::from_secs(30)));
    /// let keys = [LimitedKey::new("address", &wide), LimitedKey::new("account", &narrow)];
    /// let now = UnixTime::from_secs(1_000);
    /// let (states, first) = LimitedKey::take_all(&keys, &[], now);
    /// assert_eq!(first, TakeAllOutcome::Allowed);
    ///
    /// let states: Vec<_> = states.into_iter().map(Some).collect();
    /// let (unchanged, second) = LimitedKey::take_all(&keys, &states, now);
    /// let retry_after = Duration::from_secs(30);
    /// assert_eq!(second, TakeAllOutcome::Blocked { key: 1, retry_after });
    /// assert_eq!(unchanged[0].count, 1);
    /// ```
    pub fn take_all(
        keys: &[LimitedKey<'_>],
        states: &[Option<AttemptState>],
        now: UnixTime,
    ) -> (Vec<AttemptState>, TakeAllOutcome) {
        let states = states.iter().copied().chain(std::iter::repeat(None));
        let mut outcome = TakeAllOutcome::Allowed;
        let mut longest = Duration::ZERO;
        let mut before = Vec::with_capacity(keys.len());
        let mut after = Vec::with_capacity(keys.len());
        for (number, (key, state)) in keys.iter().zip(states).enumerate() {
            let (taken, attempted) = key.limit.take(state, now);
            if let AttemptOutcome::Blocked { retry_after } = attempted
                && retry_after > longest
            {
                longest = retry_after;
                outcome = TakeAllOutcome::Blocked { key: number, retry_after };
            }
            before.push(key.limit.current(state, now));
            after.push(taken);
        }
        match outcome {
            TakeAllOutcome::Allowed => (after, outcome),
            TakeAllOutcome::Blocked { .. } => (before, outcome),
        }
    }
}

/// Whether an attempt on several keys may be evaluated.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum TakeAllOutcome {
    /// The attempt was counted on every key and may be evaluated.
    Allowed,
    /// The attempt was counted on no key and must not be evaluated.
    Blocked {
        /// The place of the blocked key in the list of keys, from 0.
        key: usize,
        /// The time to wait.
        retry_after: Duration,
    },
}

impl From<TakeAllOutcome> for AttemptOutcome {
    fn from(outcome: TakeAllOutcome) -> Self {
        match outcome {
            TakeAllOutcome::Allowed => Self::Allowed,
            TakeAllOutcome::Blocked { retry_after, .. } => Self::Blocked { retry_after },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RateLimit = RateLimit::new(3, Duration::from_secs(30));

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_000_000 + seconds)
    }

    fn blocked(seconds: u64) -> AttemptOutcome {
        AttemptOutcome::Blocked { retry_after: Duration::from_secs(seconds) }
    }

    /// Takes attempts at these times, in order.
    fn takes(moments: &[u64]) -> (Option<AttemptState>, Vec<AttemptOutcome>) {
        let mut state = None;
        let mut answers = Vec::new();
        for moment in moments {
            let (next, answer) = POLICY.take(state, at(*moment));
            state = Some(next);
            answers.push(answer);
        }
        (state, answers)
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let (_, answers) = takes(&[0, 0, 0, 0, 29, 30, 89, 90]);
        let allowed = AttemptOutcome::Allowed;
        assert_eq!(
            answers,
            [allowed, allowed, allowed, blocked(30), blocked(1), allowed, blocked(1), allowed]
        );
        let many = AttemptState { count: u32::MAX, last: at(0), blocked_until: at(0) };
        let (state, _) = POLICY.take(Some(many), at(0));
        assert_eq!(state.blocked_until, at(900));
    }

    /// An attempt that waited for its turn is counted after a later one.
    #[test]
    fn free_attempts_are_free_in_any_order() {
        let (_, answers) = takes(&[5, 4, 3]);
        assert_eq!(answers, [AttemptOutcome::Allowed; 3]);
        let (state, _) = takes(&[5, 5, 5]);
        let state = POLICY.give_back(state, at(6));
        assert_eq!(POLICY.take(state, at(4)).1, AttemptOutcome::Allowed);
    }

    #[test]
    fn blocked_attempts_do_not_extend_the_wait() {
        let (_, answers) = takes(&[0, 0, 0, 1, 2, 3, 29, 30]);
        assert_eq!(answers.last(), Some(&AttemptOutcome::Allowed));
    }

    #[test]
    fn attempts_are_regained_one_by_one() {
        const HOUR: u64 = 3600;
        let (state, _) = takes(&[0, 0, 0]);
        let (after_two, _) = POLICY.take(state, at(3 * HOUR - 1));
        assert_eq!(after_two.count, 4);
        let (state, _) = POLICY.take(state, at(4 * HOUR));
        assert_eq!((state.count, state.last), (3, at(3 * HOUR)), "the fourth hour is not lost");
        assert_eq!(POLICY.forgotten_at(&state), at(12 * HOUR));
        let (state, answer) = POLICY.take(Some(state), at(12 * HOUR));
        assert_eq!((state.count, state.last, answer), (1, at(12 * HOUR), AttemptOutcome::Allowed));
    }

    #[test]
    fn an_attempt_that_is_given_back_does_not_count() {
        let (state, _) = takes(&[0, 0, 0]);
        let state = POLICY.give_back(state, at(0));
        let (state, answer) = POLICY.take(state, at(0));
        assert_eq!((state.count, answer), (3, AttemptOutcome::Allowed));
        let (first, _) = POLICY.take(None, at(0));
        assert_eq!(POLICY.give_back(Some(first), at(0)), None);
        assert_eq!(POLICY.give_back(None, at(0)), None);
    }

    #[test]
    fn giving_back_keeps_the_wait_after_the_free_attempts() {
        let (state, _) = takes(&[0, 0, 0, 30]);
        let state = POLICY.give_back(state, at(31)).unwrap();
        assert_eq!((state.count, state.blocked_until), (3, at(90)));
    }

    #[test]
    fn an_attempt_counts_on_all_keys_or_on_none() {
        let wide = RateLimit::new(9, Duration::from_secs(30));
        let keys = [LimitedKey::new("a", &wide), LimitedKey::new("b", &POLICY)];
        let some = |states: Vec<AttemptState>| states.into_iter().map(Some).collect::<Vec<_>>();
        let mut states = vec![None, None];
        for count in 1..=3 {
            let (after, outcome) = LimitedKey::take_all(&keys, &states, at(0));
            assert_eq!(outcome, TakeAllOutcome::Allowed);
            assert_eq!(after.iter().map(|state| state.count).collect::<Vec<_>>(), [count; 2]);
            states = some(after);
        }
        let retry_after = Duration::from_secs(29);
        let (after, outcome) = LimitedKey::take_all(&keys, &states, at(1));
        assert_eq!(outcome, TakeAllOutcome::Blocked { key: 1, retry_after });
        assert_eq!(some(after), states, "nothing is written");
    }

    #[test]
    fn the_longest_wait_of_several_blocked_keys_is_returned() {
        let slow = RateLimit::new(1, Duration::from_secs(90));
        let quick = RateLimit::new(1, Duration::from_secs(30));
        let keys = [&quick, &slow, &quick].map(|limit| LimitedKey::new("", limit));
        let (states, _) = LimitedKey::take_all(&keys, &[], at(0));
        let states: Vec<_> = states.into_iter().map(Some).collect();
        let (_, outcome) = LimitedKey::take_all(&keys, &states, at(0));
        let retry_after = Duration::from_secs(90);
        assert_eq!(outcome, TakeAllOutcome::Blocked { key: 1, retry_after });
    }

    #[test]
    fn a_clock_set_back_blocks_for_the_longest_wait_at_most() {
        let ahead = AttemptState { count: 3, last: at(1_000_000), blocked_until: at(1_000_030) };
        assert_eq!(POLICY.take(Some(ahead), at(0)).1, blocked(900));
    }
}
