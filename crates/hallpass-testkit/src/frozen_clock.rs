//! A clock that changes only when a test changes it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hallpass_core::{Clock, UnixTime};

/// A clock that changes only when a test changes it. Clones share the time.
///
/// ```
/// use hallpass_core::{Clock, UnixTime};
/// use hallpass_testkit::FrozenClock;
/// use std::time::Duration;
///
/// let clock = FrozenClock::at(UnixTime::from_secs(1_764_000_000));
/// let same = clock.clone();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(same.now().as_secs(), 1_764_000_060);
/// clock.turn_back(Duration::from_secs(90));
/// assert_eq!(same.now().as_secs(), 1_763_999_970);
/// ```
#[derive(Clone, Debug)]
pub struct FrozenClock(Arc<AtomicU64>);

impl FrozenClock {
    /// Creates a clock at this time.
    #[must_use]
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_secs())))
    }

    /// Advances the clock, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().saturating_add(by));
    }

    /// Sets the clock back, in whole seconds.
    pub fn turn_back(&self, by: Duration) {
        self.set(self.now().saturating_sub(by));
    }

    /// Sets the clock to this time.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}
