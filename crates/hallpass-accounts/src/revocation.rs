//! What was revoked here and a log elsewhere has not been told.
//!
//! A store with a log of its own writes it in the transaction of the change, and nothing waits
//! here. A log in Redis, say, can only be told afterwards, and may be down just then: a change
//! stays here until it is told, so a log-out neither fails nor waits for it. What a process takes
//! with it when it ends, the tokens' own end makes good.

pub(crate) mod store;
pub(crate) mod sync;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::revocation::store::Revocation;

/// Changes that are to be told, oldest first.
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

    /// Two may tell the same change at the same time; it leaves once.
    pub(crate) fn told(&self, change: &Revocation) {
        let mut waiting = self.lock();
        if waiting.front() == Some(change) {
            waiting.pop_front();
        }
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Revocation>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Some megabytes. A log that is down for longer than it takes to fill this is caught up by the
/// tokens' own end.
const CAPACITY: usize = 50_000;
