//! The use of the reserved lane, per account and browser: one call at a time, and six per minute.
//!
//! Without a bound, a known browser of one account would be a way around the queue of strangers.
//! Further calls are not rejected: they join the general queue.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    time::{Duration, Instant},
};

use crate::password::password_hasher::origin::ReservedKey;

/// The calls of the last minute.
#[derive(Default)]
pub(super) struct Allowances {
    current: HashMap<ReservedKey, Used>,
    /// The keys that were last used in the window before. Without a search, each key is removed one
    /// to two windows after its last call.
    previous: HashMap<ReservedKey, Used>,
    /// The start of the window of `current`.
    since: Option<Instant>,
}

#[derive(Default)]
struct Used {
    is_running: bool,
    /// The starts within the last [`WINDOW`], oldest first.
    starts: VecDeque<Instant>,
}

/// Proof that a call may use the reserved lane. [`Allowances::end`] must be called at its end.
#[derive(Debug)]
#[must_use]
pub(super) struct Allowed(ReservedKey);

impl Allowances {
    /// Allows a call, or returns `None` if it must join the general queue.
    pub(super) fn begin(&mut self, key: &ReservedKey, now: Instant) -> Option<Allowed> {
        self.turn_over(now);
        if !self.current.contains_key(key) {
            if self.current.len() >= MAX_KEYS {
                return None;
            }
            let used = self.previous.remove(key).unwrap_or_default();
            self.current.insert(key.clone(), used);
        }
        let used = self.current.get_mut(key)?;
        while used.starts.front().is_some_and(|start| now.duration_since(*start) >= WINDOW) {
            used.starts.pop_front();
        }
        if used.is_running || used.starts.len() >= PER_WINDOW {
            return None;
        }
        used.is_running = true;
        used.starts.push_back(now);
        Some(Allowed(key.clone()))
    }

    /// Ends a call. A call that received no turn is not counted.
    pub(super) fn end(&mut self, allowed: &Allowed, had_a_turn: bool) {
        let used = self.current.get_mut(&allowed.0).or_else(|| self.previous.get_mut(&allowed.0));
        if let Some(used) = used {
            used.is_running = false;
            if !had_a_turn {
                used.starts.pop_back();
            }
        }
    }

    fn turn_over(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let passed = now.duration_since(since);
        if passed >= WINDOW {
            self.previous = mem::take(&mut self.current);
            if passed >= 2 * WINDOW {
                self.previous.clear();
            }
            self.since = Some(now);
        }
    }
}

const WINDOW: Duration = Duration::from_secs(60);
const PER_WINDOW: usize = 6;
/// A node that hashes 500 passwords per second, all of them of different browsers, has 30,000 keys.
const MAX_KEYS: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> ReservedKey {
        number.to_string().into()
    }

    #[test]
    fn a_browser_has_one_call_at_a_time_and_six_per_minute() {
        let (mut allowances, start) = (Allowances::default(), Instant::now());
        for second in 0..6 {
            let now = start + Duration::from_secs(second * 5);
            let allowed = allowances.begin(&key(1), now).unwrap();
            assert!(allowances.begin(&key(1), now).is_none(), "one at a time");
            assert!(allowances.begin(&key(10 + usize::try_from(second).unwrap()), now).is_some());
            allowances.end(&allowed, true);
        }
        assert!(allowances.begin(&key(1), start + Duration::from_secs(59)).is_none());
        let later = start + Duration::from_secs(60);
        let allowed = allowances.begin(&key(1), later).unwrap();
        allowances.end(&allowed, false);
        let allowed = allowances.begin(&key(1), later).expect("the last call was not counted");
        allowances.end(&allowed, true);
        assert!(allowances.begin(&key(1), later).is_none(), "the second call was 55 seconds ago");
    }

    #[test]
    fn a_key_is_kept_for_a_minute_and_then_removed() {
        let (mut allowances, start) = (Allowances::default(), Instant::now());
        let first = allowances.begin(&key(0), start).unwrap();
        allowances.end(&first, true);
        let last_moment = start + WINDOW.mul_f64(0.99);
        for _ in 0..PER_WINDOW {
            let allowed = allowances.begin(&key(1), last_moment).unwrap();
            allowances.end(&allowed, true);
        }
        let next = start + WINDOW;
        assert!(allowances.begin(&key(1), next).is_none(), "its calls are recent");
        assert!(allowances.begin(&key(2), next + WINDOW).is_some());
        assert_eq!((allowances.current.len(), allowances.previous.len()), (1, 1));
        assert!(allowances.begin(&key(3), next + 3 * WINDOW).is_some());
        assert_eq!((allowances.current.len(), allowances.previous.len()), (1, 0));
    }

    #[test]
    fn number_of_keys_is_bounded() {
        let (mut allowances, now) = (Allowances::default(), Instant::now());
        let allowed = (0..2 * MAX_KEYS).filter(|number| {
            let allowed = allowances.begin(&key(*number), now);
            allowed.is_some_and(|allowed| {
                allowances.end(&allowed, true);
                true
            })
        });
        assert_eq!(allowed.count(), MAX_KEYS);
        assert_eq!(allowances.current.len(), MAX_KEYS);
    }
}
