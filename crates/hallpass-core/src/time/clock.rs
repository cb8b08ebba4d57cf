//! Where "now" comes from.
//!
//! Core itself never asks: its functions take a [`UnixTime`]. Adapters and the sign-in flow hold a
//! [`Clock`] and ask it once per request. This is the one file of the workspace with
//! `SystemTime::now`, so that "which clock?" has one answer and a test can freeze it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::time::unix_time::UnixTime;

/// A source of the present moment.
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
    /// The present moment.
    fn now(&self) -> UnixTime;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> UnixTime {
        C::now(self)
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// The machine's time; the end of time where the machine claims to stand before 1970, so that a
    /// broken clock expires tokens rather than reviving them.
    fn now(&self) -> UnixTime {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .as_ref()
            .map_or(u64::MAX, Duration::as_secs);
        UnixTime::from_secs(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_past_2025_and_an_arc_reads_the_same_clock() {
        let shared: Arc<dyn Clock> = Arc::new(SystemClock);
        assert!(Clock::now(&shared).as_secs() > 1_735_689_600);
    }
}
