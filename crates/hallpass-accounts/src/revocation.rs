//! Revocations of this node that are not yet published to a log outside the store.
//!
//! A store with its own log writes it in the transaction of the change, and nothing is queued here.
//! A log outside the store, in Redis for example, can only be written afterwards and may be down. A
//! revocation stays in this queue until it is published, so a logout neither fails nor waits for
//! the log. Revocations that are lost when the process ends take effect when the tokens expire.

pub(crate) mod readiness;
pub(crate) mod store;
pub(crate) mod sync;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::revocation::store::Revocation;

/// Revocations to publish, oldest first.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<VecDeque<Revocation>>,
    pub(crate) filled: Notify,
}

impl Outbox {
    pub(crate) fn put(&self, change: Revocation) {
        let mut waiting = self.lock();
        if waiting.len() < CAPACITY {
            waiting.push_back(change);
        }
        self.filled.notify_one();
    }

    pub(crate) fn first(&self) -> Option<Revocation> {
        self.lock().front().cloned()
    }

    /// Removes a published revocation. Two tasks may publish the same revocation concurrently; it
    /// is removed once.
    pub(crate) fn told(&self, change: &Revocation) {
        let mut waiting = self.lock();
        if waiting.front() == Some(change) {
            waiting.pop_front();
        }
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Revocation>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A few megabytes. If a log is down for so long that the queue is full, further revocations take
/// effect when the tokens expire.
const CAPACITY: usize = 50_000;
