//! The time of the host, without the jumps of its clock.
//!
//! SQLite has no clock of its own. A clock that jumps by a day would delete the revocation log of
//! all processes. So the time of this store continues by the time since the start of the machine,
//! and follows the clock only while both agree. A node whose clock has jumped differs from it, and
//! is not ready.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hallpass_core::{Clock, SystemClock, UnixTime};

#[derive(Debug)]
pub(super) struct HostTime {
    start: Instant,
    /// The time and the uptime at which both agreed last.
    agreed: Mutex<(UnixTime, Duration)>,
}

impl HostTime {
    pub(super) fn new() -> Self {
        let start = Instant::now();
        Self { start, agreed: Mutex::new((SystemClock.now(), uptime(start))) }
    }

    pub(super) fn now(&self) -> UnixTime {
        let (clock, uptime) = (SystemClock.now(), uptime(self.start));
        let mut agreed = self.agreed.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = agreed.0.saturating_add(uptime.saturating_sub(agreed.1));
        if clock.since(expected).max(expected.since(clock)) > CORRECTION {
            return expected;
        }
        *agreed = (clock, uptime);
        clock
    }
}

/// Returns the time since the start of the machine. On Linux it includes the time in which the
/// machine was suspended, which [`Instant`] does not.
fn uptime(start: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split(' ').next().and_then(|text| text.parse().ok());
    let uptime = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    uptime.unwrap_or_else(|| start.elapsed())
}

/// The usual correction of a clock between two reads, and the rounding to seconds.
const CORRECTION: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_time_follows_the_clock_and_ignores_a_jump() {
        let time = HostTime::new();
        let now = SystemClock.now();
        assert!(time.now().since(now) <= CORRECTION);
        let (agreed, uptime) = *time.agreed.lock().unwrap();
        // The clock was a day behind when both agreed, so it has jumped a day ahead since.
        let behind = agreed.saturating_sub(Duration::from_secs(86_400));
        *time.agreed.lock().unwrap() = (behind, uptime);
        assert!(time.now().since(behind) <= CORRECTION);
    }
}
