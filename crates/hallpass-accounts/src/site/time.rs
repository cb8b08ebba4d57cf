//! The store's time, as this node computes it between two reads.
//!
//! A wrong clock of one node must not date a change, delete a row or end a session of all nodes.
//! So the times in store calls are the store's: the time that the store reported at the last read,
//! plus the time since then by the monotonic clock. A clock that a test injects is used as it is.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use hallpass_core::UnixTime;

pub(crate) struct StoreTime {
    start: Instant,
    /// The store's time at `start`, in seconds, or [`UNKNOWN`].
    at_start: AtomicU64,
}

impl StoreTime {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), at_start: AtomicU64::new(UNKNOWN) }
    }

    /// Records the time that the store has reported just now.
    pub(crate) fn set(&self, now: UnixTime) {
        let at_start = now.as_secs().saturating_sub(self.start.elapsed().as_secs());
        self.at_start.store(at_start, Ordering::Relaxed);
    }

    /// Returns the store's time, or `None` before the first report.
    pub(crate) fn now(&self) -> Option<UnixTime> {
        match self.at_start.load(Ordering::Relaxed) {
            UNKNOWN => None,
            at_start => Some(UnixTime::from_secs(at_start).saturating_add(self.start.elapsed())),
        }
    }
}

const UNKNOWN: u64 = u64::MAX;

/// The largest difference between the clock of a node that is ready and the store's clock. Two such
/// nodes are at most twice as far apart, which tokens allow for.
pub(crate) const FURTHEST_APART: Duration = Duration::from_secs(30);
