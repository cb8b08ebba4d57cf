//! How often the stores of a kit were asked, and whether they may be.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The count that a kit shares with the stores that it watches.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreCalls(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU64,
    forbidden: AtomicBool,
}

impl StoreCalls {
    /// Counts a call, in the name of the method that was called.
    #[cfg(feature = "stores")]
    pub(crate) fn called(&self, method: &str) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0.forbidden.load(Ordering::SeqCst), "the store was asked: {method}");
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.count.load(Ordering::SeqCst)
    }

    pub(crate) fn forget(&self) {
        self.0.count.store(0, Ordering::SeqCst);
    }

    pub(crate) fn forbid(&self) {
        self.0.forbidden.store(true, Ordering::SeqCst);
    }
}
