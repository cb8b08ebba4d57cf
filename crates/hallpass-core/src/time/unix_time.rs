//! A time in Unix seconds, and arithmetic on it that cannot wrap.
//!
//! Every time in hallpass has this type: in claims (`NumericDate` of RFC 7519 section 2, whole
//! seconds), in the key ring and in the stores. Public signatures use no date crate and no
//! `SystemTime`. This module reads no clock: `now` is an argument, so a test chooses the time. Sums
//! saturate, because the sum of a lifetime and a hostile `exp` must neither wrap to the past nor
//! panic.

use std::time::Duration;

/// A time, in whole seconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// ```
/// use hallpass_core::UnixTime;
/// use std::time::Duration;
///
/// let noon = UnixTime::from_secs(1_764_000_000);
/// assert!(noon < noon.saturating_add(Duration::from_secs(1)));
/// assert_eq!(
///     UnixTime::from_secs(u64::MAX).saturating_add(Duration::from_secs(1)).as_secs(),
///     u64::MAX
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UnixTime(u64);

impl UnixTime {
    /// Creates the time this many seconds after the epoch.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since the epoch.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns the time `duration` later, or the latest time on overflow. Fractions of a second are
    /// truncated.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// Returns the time `duration` earlier, or the epoch if the result would be before it.
    /// Fractions of a second are truncated.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_secs()))
    }

    /// Returns the duration from `earlier` to this time, or zero if `earlier` is later than this
    /// time.
    ///
    /// With zero, a clock that was set back does not make anything look old.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let second = Duration::from_secs(1);
        assert_eq!(UnixTime(u64::MAX).saturating_add(second), UnixTime(u64::MAX));
        assert_eq!(UnixTime(0).saturating_sub(second), UnixTime(0));
        assert_eq!(UnixTime(5).saturating_sub(second).saturating_add(second), UnixTime(5));
    }

    #[test]
    fn since_is_zero_for_a_clock_that_was_set_back() {
        assert_eq!(UnixTime(10).since(UnixTime(4)), Duration::from_secs(6));
        assert_eq!(UnixTime(4).since(UnixTime(10)), Duration::ZERO);
    }
}
