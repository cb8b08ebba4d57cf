//! The waiters of a revocation list: futures that complete when their token is no longer accepted.
//!
//! A request is checked once, when it begins. A WebSocket or a stream of events lives on, so its
//! handler waits for the end of its token. A waiter registers a waker under its account and its
//! session. A new entry of the list wakes the waiters of that account or session only, and each
//! woken waiter checks its token again. Nothing is polled.
//!
//! **A waiter that nobody would wake completes.** Revocations and the time come from outside, from
//! the holder of a [`Maintenance`]. If nobody holds one, because the sync was not started or has
//! stopped, each waiter completes immediately. Otherwise a stream would stay open for ever (tested
//! in `list/tests.rs`).
//!
//! The memory is that of the waiters that exist: a waiter that is dropped removes its registration.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    pin::Pin,
    sync::PoisonError,
    task::{Context, Poll, Waker},
};

use crate::{
    revocation::{
        list::RevocationList,
        outcome::{RevokedKind, TokenFacts},
    },
    shared::{AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering},
    time::unix_time::UnixTime,
};

/// The registrations of a list.
pub(super) struct Watchers {
    registered: Mutex<Registered>,
    /// Number of [`Maintenance`] values.
    maintained: AtomicUsize,
    /// The time of the last tick, in seconds, or [`NEVER`].
    now: AtomicU64,
}

#[derive(Default)]
struct Registered {
    last: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Keys of accounts and sessions, each with the number of a waiter.
    by_key: BTreeSet<(u64, u64)>,
    /// Expiry times in seconds, each with the number of a waiter.
    by_expiry: BTreeSet<(u64, u64)>,
}

struct Waiting {
    waker: Waker,
    keys: Keys,
    expires_at: u64,
}

/// The keys of the account and of the session in the ledger.
type Keys = [Option<u64>; 2];

impl Watchers {
    pub(super) fn new() -> Self {
        Self {
            registered: Mutex::new(Registered::default()),
            maintained: AtomicUsize::new(0),
            now: AtomicU64::new(NEVER),
        }
    }

    /// Wakes the waiters under this key. Call it after the entry is in the ledger: a waiter
    /// registers first and then checks.
    pub(super) fn wake(&self, key: u64) {
        self.wake_selected(|registered| {
            let numbers = registered.by_key.range((key, 0)..=(key, u64::MAX));
            numbers.map(|(_, number)| *number).collect()
        });
    }

    pub(super) fn wake_all(&self) {
        self.wake_selected(|registered| registered.waiting.keys().copied().collect());
    }

    /// Returns the time of the last tick.
    fn now(&self) -> Option<UnixTime> {
        Some(self.now.load(Ordering::Acquire)).filter(|now| *now != NEVER).map(UnixTime::from_secs)
    }

    fn wake_expired(&self, now: UnixTime) {
        self.now.store(now.as_secs(), Ordering::Release);
        self.wake_selected(|registered| {
            let numbers = registered.by_expiry.range(..=(now.as_secs(), u64::MAX));
            numbers.map(|(_, number)| *number).collect()
        });
    }

    /// Wakes after the lock is released, because a waker runs code of the executor.
    fn wake_selected(&self, select: impl FnOnce(&Registered) -> Vec<u64>) {
        let wakers: Vec<Waker> = {
            let registered = self.lock();
            if registered.waiting.is_empty() {
                return;
            }
            let numbers = select(&registered);
            let waiting = numbers.iter().filter_map(|number| registered.waiting.get(number));
            waiting.map(|waiting| waiting.waker.clone()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Registers a waiter, or replaces the waker of the waiter with this number. Returns the
    /// number.
    fn register(&self, number: Option<u64>, waiting: Waiting) -> u64 {
        let mut registered = self.lock();
        let number = number.unwrap_or_else(|| {
            registered.last += 1;
            registered.last
        });
        for key in waiting.keys.into_iter().flatten() {
            registered.by_key.insert((key, number));
        }
        registered.by_expiry.insert((waiting.expires_at, number));
        registered.waiting.insert(number, waiting);
        number
    }

    fn remove(&self, number: u64) {
        let mut registered = self.lock();
        let Some(waiting) = registered.waiting.remove(&number) else { return };
        for key in waiting.keys.into_iter().flatten() {
            registered.by_key.remove(&(key, number));
        }
        registered.by_expiry.remove(&(waiting.expires_at, number));
    }

    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Returns whether no key and no time of a waiter is left.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let registered = self.lock();
        registered.waiting.is_empty()
            && registered.by_key.is_empty()
            && registered.by_expiry.is_empty()
    }

    /// Locks the registrations. No code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Registered> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The proof that a list is maintained: its holder adds the revocations of the site to the list and
/// calls [`tick`](Self::tick) about every second. `RevocationSync::run` of hallpass-accounts holds
/// one.
///
/// When the last one of a list is dropped, all waiters of the list complete.
#[must_use = "the waiters of the list complete when this value is dropped"]
pub struct Maintenance(RevocationList);

impl Maintenance {
    pub(super) fn new(list: RevocationList) -> Self {
        list.watchers().maintained.fetch_add(1, Ordering::AcqRel);
        Self(list)
    }

    /// Completes the waiters whose token has expired at this time. If the list is older than
    /// [`StalePolicy::Refuse`](crate::StalePolicy::Refuse) allows, completes all waiters.
    pub fn tick(&self, now: UnixTime) {
        self.0.watchers().wake_expired(now);
        if self.0.is_too_old(now) {
            self.0.watchers().wake_all();
        }
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        let watchers = self.0.watchers();
        if watchers.maintained.fetch_sub(1, Ordering::AcqRel) == 1 {
            watchers.wake_all();
        }
    }
}

impl fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Maintenance").field(&self.0).finish()
    }
}

/// Waits until a token is no longer accepted.
pub(crate) struct Watch<T> {
    list: RevocationList,
    token: T,
    registered: Option<(u64, Waker)>,
}

/// The reason why a waiter completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchEnd {
    /// The token was revoked or is stale.
    Revoked(RevokedKind),
    Expired,
    /// The list is not maintained.
    Unmaintained,
}

/// A token that is waited for.
pub(crate) trait WatchedToken: Unpin {
    fn facts(&self) -> TokenFacts<'_>;
}

impl<T: WatchedToken> Watch<T> {
    pub(crate) fn new(list: RevocationList, token: T) -> Self {
        Self { list, token, registered: None }
    }

    fn register(&mut self, waker: &Waker) {
        let facts = self.token.facts();
        let waiting = Waiting {
            waker: waker.clone(),
            keys: self.list.keys_of(&facts),
            expires_at: facts.expires_at.as_secs(),
        };
        let number = self.registered.as_ref().map(|(number, _)| *number);
        let number = self.list.watchers().register(number, waiting);
        self.registered = Some((number, waker.clone()));
    }

    fn end(&self) -> Option<WatchEnd> {
        let (facts, watchers) = (self.token.facts(), self.list.watchers());
        if watchers.maintained.load(Ordering::Acquire) == 0 {
            return Some(WatchEnd::Unmaintained);
        }
        let now = watchers.now();
        if now.is_some_and(|now| now >= facts.expires_at) {
            return Some(WatchEnd::Expired);
        }
        let checked = match now {
            Some(now) => self.list.check(&facts, now),
            None => self.list.check_entries(&facts),
        };
        checked.err().map(|revoked| WatchEnd::Revoked(revoked.kind()))
    }
}

impl<T: WatchedToken> Future for Watch<T> {
    type Output = WatchEnd;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<WatchEnd> {
        // A stream polls this future with each message: it takes the lock only for another waker.
        if !self.registered.as_ref().is_some_and(|(_, waker)| waker.will_wake(cx.waker())) {
            self.register(cx.waker());
        }
        // After the registration: a revocation in between wakes this task.
        self.end().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        if let Some((number, _)) = self.registered.take() {
            self.list.watchers().remove(number);
        }
    }
}

const NEVER: u64 = u64::MAX;
