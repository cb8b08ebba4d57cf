//! The number of calls that wait for a connection, for metrics.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use hallpass_accounts::StoreConnections;

/// Counts the calls that wait. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<AtomicU32>);

impl Waiting {
    /// Counts a call until the returned value is dropped, also if the call itself is dropped.
    pub(crate) fn begin(&self) -> OneWaiting {
        self.0.fetch_add(1, Ordering::Relaxed);
        OneWaiting(Arc::clone(&self.0))
    }

    /// Returns the state of a pool with these connections.
    pub(crate) fn beside(&self, open: u32, idle: usize) -> StoreConnections {
        let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(open);
        StoreConnections { open, idle, waiting: self.0.load(Ordering::Relaxed) }
    }
}

/// A call that waits.
#[must_use]
pub(crate) struct OneWaiting(Arc<AtomicU32>);

impl Drop for OneWaiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
