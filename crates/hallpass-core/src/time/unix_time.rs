//! A moment in Unix seconds, and arithmetic on it that cannot wrap.
//!
//! Every time in hallpass is one of these: in claims (`NumericDate` of RFC 7519 section 2, whole
//! seconds), in the key ring, in the stores. No date crate and no `SystemTime` stands in a public
//! signature, and nothing here reads a clock: `now` comes in as a value, so a test says what time
//! it is. Sums saturate, because a lifetime added to a hostile `exp` must not wrap round to the
//! past or panic.

use std::time::Duration;

/// A moment, in whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
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
    /// The moment this many seconds after the epoch.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The moment `duration` later; the last moment there is where that would overflow. Fractions
    /// of a second are cut off.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// The moment `duration` earlier; the epoch where that would lie before it. Fractions of a
    /// second are cut off.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_secs()))
    }

    /// How long after `earlier` this moment is; zero where `earlier` is in truth the later one.
    ///
    /// A clock set back must never make something look old: zero is "just now".
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
    fn a_clock_set_back_reads_as_just_now() {
        assert_eq!(UnixTime(10).since(UnixTime(4)), Duration::from_secs(6));
        assert_eq!(UnixTime(4).since(UnixTime(10)), Duration::ZERO);
    }
}
