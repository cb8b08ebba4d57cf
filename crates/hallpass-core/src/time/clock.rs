//! The source of the current time.
//!
//! The other functions of this crate take a [`UnixTime`]. Adapters and the login flow hold a
//! [`Clock`] and read it once per request. This is the only file of the workspace with
//! `SystemTime::now`, so that a test can replace the clock. The clocks of two machines differ by at
//! most [`MAX_CLOCK_SKEW`].

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::time::unix_time::UnixTime;

/// A source of the current time.
///
/// ```
/// use hallpass_core::{Clock, UnixTime};
///
/// struct Frozen(u64);
/// impl Clock for Frozen {
///     fn now(&self) -> UnixTime {
///         UnixTime::from_secs(self.0)
///     }
/// }
/// assert_eq!(Frozen(1_764_000_000).now().as_secs(), 1_764_000_000);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock: it does not implement `Clock`",
    label = "`Clock` is not implemented for this type",
    note = "use `SystemClock`, or write `impl Clock for {Self}` with a method `now` that returns a `UnixTime`",
    note = "guide: docs/guide/src/testing.md"
)]
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> UnixTime;

    /// Returns whether this is the clock of the operating system, which must agree with the clock
    /// of the store. Defaults to `false`: a clock that a test injects is also used for the store.
    fn is_system(&self) -> bool {
        false
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> UnixTime {
        C::now(self)
    }

    fn is_system(&self) -> bool {
        C::is_system(self)
    }
}

/// The maximum difference between the clocks of two machines that issue, verify or revoke the same
/// tokens: 60 seconds.
///
/// A node is ready only if its clock differs from the time of the store by at most 30 seconds, so
/// two ready nodes differ by at most 60. A verifier accepts `iat`, `nbf` and `auth_time` that are
/// up to this much in the future. Without it, a person who logs in on a node whose clock is one
/// second ahead is sent back to the login page by the other nodes. `exp` has no such tolerance,
/// because it would extend the life of a stolen token.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// Returns the time of the operating system. If that time is before 1970, returns the latest
    /// time, so that a wrong clock expires tokens and does not make expired tokens valid.
    fn now(&self) -> UnixTime {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .as_ref()
            .map_or(u64::MAX, Duration::as_secs);
        UnixTime::from_secs(seconds)
    }

    fn is_system(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_clock_is_after_2025_and_works_in_an_arc() {
        let shared: Arc<dyn Clock> = Arc::new(SystemClock);
        assert!(Clock::now(&shared).as_secs() > 1_735_689_600);
    }
}
