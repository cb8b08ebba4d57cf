//! The brake of the whole site: how many attempts of unknown browsers a node evaluates and finds
//! wrong, over all names and addresses.
//!
//! Credential stuffing from many networks tries each name once, so no limit per account or network
//! notices it. The brake does. While it holds, unknown browsers get a 429, and known browsers log
//! in as before. It is kept in the memory of each node: one row that every login of the site
//! writes would be the slowest part of a login. Tested in `tests/flow/network.rs`.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hallpass_core::UnixTime;

use crate::rate_limit::AttemptOutcome;

/// The limit of the brake: a number of wrong attempts, and how many are regained per minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BrakeLimit {
    pub(crate) free: u32,
    pub(crate) per_minute: u32,
}

/// The number of attempts that count, and the time until which they were regained.
pub(crate) struct SiteBrake(Mutex<(u32, UnixTime)>);

impl Default for SiteBrake {
    fn default() -> Self {
        Self(Mutex::new((0, UnixTime::from_secs(0))))
    }
}

impl SiteBrake {
    /// Counts one attempt, or returns the time to wait.
    pub(crate) fn take(&self, limit: BrakeLimit, now: UnixTime) -> AttemptOutcome {
        let mut guard = self.state();
        let (mut count, mut last) = *guard;
        let seconds = now.since(last).as_secs();
        let regained = seconds.saturating_mul(u64::from(limit.per_minute)) / 60;
        if regained > 0 || now < last {
            count = count.saturating_sub(u32::try_from(regained).unwrap_or(u32::MAX));
            last = now;
        }
        let is_free = count < limit.free;
        *guard = (count + u32::from(is_free), last);
        if is_free {
            return AttemptOutcome::Allowed;
        }
        let regain = Duration::from_secs(60) / limit.per_minute.max(1);
        AttemptOutcome::Blocked { retry_after: regain.max(Duration::from_secs(1)) }
    }

    /// Subtracts an attempt that was right or was not evaluated.
    pub(crate) fn give_back(&self) {
        let mut state = self.state();
        state.0 = state.0.saturating_sub(1);
    }

    fn state(&self) -> MutexGuard<'_, (u32, UnixTime)> {
        // Every change is one assignment, so a panic leaves no partial change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brake_regains_per_minute_and_not_more_than_it_counted() {
        let limit = BrakeLimit { free: 3, per_minute: 60 };
        let brake = SiteBrake::default();
        let at = UnixTime::from_secs;
        for _ in 0..3 {
            assert_eq!(brake.take(limit, at(100)), AttemptOutcome::Allowed);
        }
        let blocked = AttemptOutcome::Blocked { retry_after: Duration::from_secs(1) };
        assert_eq!(brake.take(limit, at(100)), blocked);
        assert_eq!(brake.take(limit, at(101)), AttemptOutcome::Allowed, "one per second");
        assert_eq!(brake.take(limit, at(101)), blocked);
        brake.give_back();
        assert_eq!(brake.take(limit, at(101)), AttemptOutcome::Allowed);
        for _ in 0..3 {
            assert_eq!(brake.take(limit, at(9_000)), AttemptOutcome::Allowed);
        }
        assert_eq!(brake.take(limit, at(9_000)), blocked, "no more than the free attempts");
        assert_eq!(brake.take(limit, at(8_000)), blocked, "a clock that was set back");
        assert_eq!(brake.take(limit, at(8_001)), AttemptOutcome::Allowed);
    }
}
