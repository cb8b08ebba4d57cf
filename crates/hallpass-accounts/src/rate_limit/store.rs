//! Counts attempts: in a store, where the count survives a restart and is shared by all nodes, or
//! in the memory of a single node.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hallpass_core::UnixTime;

use crate::rate_limit::{AttemptOutcome, AttemptState, LimitedKey, RateLimit, TakeAllOutcome};

/// Counts attempts per key. Not a subtrait of [`AccountStore`](crate::AccountStore), because limits
/// may be in another store.
///
/// [`RateLimit`] contains the computation. A store loads the key's
/// [`AttemptState`](crate::AttemptState), calls the policy and writes the returned state, either in
/// one transaction that takes its write lock before it reads, or by compare-and-set: it writes only
/// if the stored state is still the one that it read, and otherwise starts again.
///
/// A rejected attempt should take no lock: a flood on one blocked name must not delay the logins of
/// other people.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot count attempts for rate limits: it does not implement `RateLimitStore`",
    label = "`RateLimitStore` is not implemented for this type",
    note = "write `impl RateLimitStore for {Self}`, or call neither `.rate_limits_in_store()` nor \
            `.everything()`: attempts are then counted in memory",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait RateLimitStore: Send + Sync + 'static {
    /// The error of this store.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Counts one attempt **before** it is evaluated, or returns the time to wait:
    /// [`RateLimit::take`].
    ///
    /// **Atomic:** of 200 concurrent calls on one key with 5 free attempts, exactly 5 are allowed.
    /// Counting after the evaluation, or reading and writing in two steps, lets all 200 guesses
    /// through (CVE-2026-27801, AuthQuake 2024).
    ///
    /// # Errors
    /// The error of the store. The login then returns a 503, because a guess that is not counted
    /// must not be evaluated.
    fn try_take(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> impl Future<Output = Result<AttemptOutcome, Self::Error>> + Send;

    /// Subtracts one counted attempt, which was right or was not evaluated:
    /// [`RateLimit::give_back`]. Atomic.
    ///
    /// # Errors
    /// The error of the store.
    fn give_back(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Counts one attempt on several keys **before** it is evaluated, or on none of them:
    /// [`LimitedKey::take_all`]. The keys differ from each other.
    ///
    /// **Atomic per key**, like [`try_take`](Self::try_take). Another caller may see the attempt on
    /// some of the keys only. If a key is found to be blocked then, the attempt is subtracted from
    /// the others.
    ///
    /// Defaults to one call of [`try_take`](Self::try_take) per key, in order. A store on a server
    /// saves round trips with a method of its own.
    ///
    /// # Errors
    /// The error of the store. The attempt then counts on some of the keys, or on none.
    fn try_take_all(
        &self,
        keys: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> impl Future<Output = Result<TakeAllOutcome, Self::Error>> + Send {
        async move {
            for (number, LimitedKey { key, limit }) in keys.iter().enumerate() {
                match self.try_take(key, limit, now).await? {
                    AttemptOutcome::Allowed => {}
                    AttemptOutcome::Blocked { retry_after } => {
                        for taken in keys.iter().take(number) {
                            self.give_back(taken.key, taken.limit, now).await?;
                        }
                        return Ok(TakeAllOutcome::Blocked { key: number, retry_after });
                    }
                }
            }
            Ok(TakeAllOutcome::Allowed)
        }
    }

    /// Ends an attempt: deletes the keys `cleared`, and subtracts one counted attempt from each of
    /// the keys `given_back`. The keys differ from each other. Each key is changed atomically.
    ///
    /// Defaults to one call of [`clear`](Self::clear) or [`give_back`](Self::give_back) per key. A
    /// store on a server saves round trips with a method of its own.
    ///
    /// # Errors
    /// The error of the store. Some of the keys may have been changed.
    fn settle(
        &self,
        cleared: &[&str],
        given_back: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async move {
            for key in cleared {
                self.clear(key).await?;
            }
            for LimitedKey { key, limit } in given_back {
                self.give_back(key, limit, now).await?;
            }
            Ok(())
        }
    }

    /// Separates this site from the other sites that use the same store, for a store that several
    /// sites share. The engine calls this once at the start, before any other use, with the id of
    /// the store that has the accounts. Defaults to nothing.
    ///
    /// # Errors
    /// The store has another id already, or was used before.
    fn scope(&self, store_id: &str) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _not_shared = store_id;
        std::future::ready(Ok(()))
    }

    /// Deletes up to `limit` keys that count nothing any more at `now`, and returns their number.
    /// The sync calls this every minute. Defaults to nothing, for a store that expires its keys
    /// itself.
    ///
    /// # Errors
    /// The error of the store.
    fn prune(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send {
        let _expires_itself = (now, limit);
        std::future::ready(Ok(0))
    }

    /// Deletes the key. A key that does not exist is not an error.
    ///
    /// # Errors
    /// The error of the store.
    fn clear(&self, key: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Counts attempts in the memory of this process. Used if the site's store does not count.
///
/// The memory is bounded: past [`CAPACITY`](Self::CAPACITY) keys, the keys whose regain interval
/// began earliest are deleted, at least half of them. To delete one account's count that way, an
/// attacker needs up to that many logins with other names, each of which takes an argon2 run.
#[derive(Debug, Default)]
pub struct MemoryRateLimits {
    states: Mutex<HashMap<String, AttemptState>>,
}

impl MemoryRateLimits {
    /// The maximum number of keys: 65,536, which take about 10 MiB of memory.
    pub const CAPACITY: usize = 1 << 16;

    fn states(&self) -> MutexGuard<'_, HashMap<String, AttemptState>> {
        // Every change below is one insert or one removal, so a panic leaves no partial change.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RateLimitStore for MemoryRateLimits {
    type Error = Infallible;

    async fn try_take(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<AttemptOutcome, Infallible> {
        Ok(self.try_take_all(&[LimitedKey::new(key, policy)], now).await?.into())
    }

    async fn try_take_all(
        &self,
        keys: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<TakeAllOutcome, Infallible> {
        let mut states = self.states();
        let before: Vec<_> = keys.iter().map(|key| states.get(key.key).copied()).collect();
        let (after, outcome) = LimitedKey::take_all(keys, &before, now);
        if let TakeAllOutcome::Allowed = outcome {
            for (LimitedKey { key, .. }, state) in keys.iter().zip(after) {
                if states.len() >= Self::CAPACITY && !states.contains_key(*key) {
                    forget_the_older_half(&mut states);
                }
                states.insert((*key).to_owned(), state);
            }
        }
        Ok(outcome)
    }

    async fn give_back(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<(), Infallible> {
        let mut states = self.states();
        match policy.give_back(states.get(key).copied(), now) {
            Some(state) => states.insert(key.to_owned(), state),
            None => states.remove(key),
        };
        Ok(())
    }

    async fn clear(&self, key: &str) -> Result<(), Infallible> {
        self.states().remove(key);
        Ok(())
    }
}

fn forget_the_older_half(states: &mut HashMap<String, AttemptState>) {
    let mut moments: Vec<UnixTime> = states.values().map(|state| state.last).collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    states.retain(|_, state| state.last > median);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const POLICY: RateLimit = RateLimit::new(5, Duration::from_secs(30));

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn only_the_free_ones_of_many_concurrent_attempts_pass() {
        let attempts = std::sync::Arc::new(MemoryRateLimits::default());
        let now = UnixTime::from_secs(1_000);
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let attempts = attempts.clone();
                tokio::spawn(async move { attempts.try_take("key", &POLICY, now).await })
            })
            .collect();
        let mut allowed = 0;
        for task in tasks {
            allowed += usize::from(task.await.unwrap() == Ok(AttemptOutcome::Allowed));
        }
        assert_eq!(allowed, 5);
        attempts.clear("key").await.unwrap();
        assert_eq!(attempts.try_take("key", &POLICY, now).await, Ok(AttemptOutcome::Allowed));
    }

    #[tokio::test]
    async fn memory_is_bounded_and_the_latest_keys_stay() {
        let attempts = MemoryRateLimits::default();
        for number in 0..=MemoryRateLimits::CAPACITY {
            let now = UnixTime::from_secs(number as u64);
            let _ = attempts.try_take(&number.to_string(), &POLICY, now).await;
        }
        let states = attempts.states();
        assert!(states.len() <= MemoryRateLimits::CAPACITY / 2 + 1);
        assert!(states.contains_key(&MemoryRateLimits::CAPACITY.to_string()));
        assert!(!states.contains_key("0"));
    }
}
