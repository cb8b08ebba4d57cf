//! Attempts on one key take turns on each node, and a blocked key is remembered for a second.
//!
//! The store decides. But a store has few connections, and a flood on one blocked name would keep
//! all of them busy, so that other people's logins would wait too long. With turns, such a flood
//! occupies one connection per node. Once its key is blocked, it costs one read per second and
//! node. Tested in `crates/hallpass/tests/facade/blocked_name.rs`.
//!
//! If another node clears a key, this node may reject attempts on it for one more second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hallpass_core::UnixTime;

use crate::{
    rate_limit::{LimitedKey, RateLimit, TakeAllOutcome},
    store::{DynRateLimitStore, StoreFault},
};

/// The keys with attempts in progress, and those that were found to be blocked within the last
/// second.
#[derive(Default)]
pub(crate) struct Turns {
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    entries: HashMap<String, Arc<Key>>,
    /// The moment at which all entries that are not needed were last removed.
    cleaned: Option<Instant>,
}

#[derive(Default)]
struct Key {
    turn: tokio::sync::Mutex<()>,
    found: Mutex<Option<Found>>,
}

/// A key that the store returned as blocked.
#[derive(Clone, Copy)]
struct Found {
    blocked_until: UnixTime,
    /// The time of the attempt, and the moment of the response.
    now: UnixTime,
    at: Instant,
}

impl Turns {
    /// Counts one attempt on several keys, as
    /// [`RateLimitStore::try_take_all`](crate::RateLimitStore::try_take_all). Attempts wait in the
    /// order of their keys, so two of them cannot wait for each other if their keys have the same
    /// order.
    pub(crate) async fn take(
        &self,
        store: &DynRateLimitStore,
        keys: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<TakeAllOutcome, StoreFault> {
        let entries = self.of(keys);
        if let Some(blocked) = blocked(&entries, now) {
            return Ok(blocked);
        }
        let mut turns = Vec::with_capacity(entries.len());
        for entry in &entries {
            turns.push(entry.turn.lock().await);
        }
        if let Some(blocked) = blocked(&entries, now) {
            return Ok(blocked);
        }
        let outcome = store.try_take_all(keys, now).await?;
        for (number, entry) in entries.iter().enumerate() {
            *entry.found() = match outcome {
                TakeAllOutcome::Blocked { key, retry_after } if key == number => Some(Found {
                    blocked_until: now.saturating_add(retry_after),
                    now,
                    at: Instant::now(),
                }),
                _ => None,
            };
        }
        drop(turns);
        self.forget(keys, entries);
        Ok(outcome)
    }

    /// Runs a read that comes before the count, such as that of a browser cookie. The reads of one
    /// key take turns, so that a flood with invented cookies occupies one connection per node.
    pub(crate) async fn in_turn<T>(&self, key: &str, read: impl Future<Output = T>) -> T {
        let keys = [LimitedKey::new(key, &NO_LIMIT)];
        let entries = self.of(&keys);
        let outcome = match entries.first() {
            Some(entry) => {
                let _turn = entry.turn.lock().await;
                read.await
            }
            None => read.await,
        };
        self.forget(&keys, entries);
        outcome
    }

    /// Removes the entries that no other attempt uses and that have nothing to remember.
    fn forget(&self, keys: &[LimitedKey<'_>], used: Vec<Arc<Key>>) {
        let entries = &mut self.keys().entries;
        drop(used);
        for LimitedKey { key, .. } in keys {
            if entries.get(*key).is_some_and(|entry| !is_needed(entry)) {
                entries.remove(*key);
            }
        }
    }

    /// Forgets what was found about a key, because it was changed.
    pub(crate) fn changed(&self, key: &str) {
        if let Some(entry) = self.keys().entries.get(key) {
            *entry.found() = None;
        }
    }

    fn of(&self, keys: &[LimitedKey<'_>]) -> Vec<Arc<Key>> {
        let mut guard = self.keys();
        let Keys { entries, cleaned } = &mut *guard;
        if entries.len() >= CAPACITY && cleaned.is_none_or(|at| at.elapsed() >= REMEMBERED) {
            entries.retain(|_, entry| is_needed(entry));
            *cleaned = Some(Instant::now());
        }
        let entry = |key: &LimitedKey<'_>| match entries.get(key.key) {
            Some(entry) => Arc::clone(entry),
            // The attempt takes no turns. The store decides all the same.
            None if entries.len() >= CAPACITY => Arc::default(),
            None => Arc::clone(entries.entry(key.key.to_owned()).or_default()),
        };
        keys.iter().map(entry).collect()
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        // Every change is one insert or one removal, so a panic leaves no partial change.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    fn found(&self) -> MutexGuard<'_, Option<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_recent(&self) -> bool {
        self.found().is_some_and(|found| found.at.elapsed() < REMEMBERED)
    }
}

/// Returns whether an attempt uses the entry, or whether it was found to be blocked lately.
fn is_needed(entry: &Arc<Key>) -> bool {
    Arc::strong_count(entry) > 1 || entry.is_recent()
}

/// Returns the outcome of an attempt, if a key was found to be blocked within the last second.
fn blocked(entries: &[Arc<Key>], now: UnixTime) -> Option<TakeAllOutcome> {
    let wait = |entry: &Arc<Key>| {
        let found = (*entry.found())?;
        // The clock may have been set back.
        let holds = found.now <= now && now < found.blocked_until;
        (holds && found.at.elapsed() < REMEMBERED).then(|| found.blocked_until.since(now))
    };
    let waits = entries.iter().enumerate().filter_map(|(key, entry)| Some((key, wait(entry)?)));
    let (key, retry_after) = waits.max_by_key(|(_, wait)| *wait)?;
    Some(TakeAllOutcome::Blocked { key, retry_after })
}

/// A flood on many names needs as many names. Each key takes about 200 bytes of memory.
const CAPACITY: usize = 1 << 14;
/// The limit of a key on which nothing is counted.
const NO_LIMIT: RateLimit = RateLimit::new(u32::MAX, Duration::ZERO);
/// Short enough that nobody notices that another node has cleared the key.
const REMEMBERED: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
