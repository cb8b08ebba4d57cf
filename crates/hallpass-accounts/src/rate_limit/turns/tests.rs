use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::task::JoinSet;

use super::*;
use crate::rate_limit::{
    AttemptOutcome, RateLimit,
    store::{MemoryRateLimits, RateLimitStore},
};

const LIMIT: RateLimit = RateLimit::new(5, Duration::from_secs(30));

/// A slow store that counts its calls.
#[derive(Default)]
struct Slow {
    limits: MemoryRateLimits,
    calls: AtomicUsize,
    concurrent: AtomicUsize,
    most: AtomicUsize,
}

impl RateLimitStore for Slow {
    type Error = Infallible;

    async fn try_take(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<AttemptOutcome, Infallible> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let concurrent = self.concurrent.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(concurrent, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.concurrent.fetch_sub(1, Ordering::Relaxed);
        self.limits.try_take(key, policy, now).await
    }

    async fn give_back(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<(), Infallible> {
        self.limits.give_back(key, policy, now).await
    }

    async fn clear(&self, key: &str) -> Result<(), Infallible> {
        self.limits.clear(key).await
    }
}

fn at(second: u64) -> UnixTime {
    UnixTime::from_secs(1_000 + second)
}

#[tokio::test(start_paused = true)]
async fn a_flood_on_a_blocked_key_reads_the_store_once_a_second() {
    let (store, turns) = (Arc::new(Slow::default()), Arc::new(Turns::default()));
    let attempt = |now| {
        let (store, turns) = (DynRateLimitStore::from(store.clone()), turns.clone());
        async move {
            turns.take(&store, &[LimitedKey::new("account:alice", &LIMIT)], now).await.unwrap()
        }
    };
    let mut flood = JoinSet::new();
    for _ in 0..1_000 {
        flood.spawn(attempt(at(0)));
    }
    let outcomes = flood.join_all().await;
    let allowed = outcomes.iter().filter(|outcome| **outcome == TakeAllOutcome::Allowed).count();
    assert_eq!(allowed, 5);
    assert_eq!(store.calls.load(Ordering::Relaxed), 6, "five allowed attempts and a blocked one");
    assert_eq!(store.most.load(Ordering::Relaxed), 1, "attempts on one key take turns");
    let retry_after = Duration::from_secs(10);
    assert_eq!(attempt(at(20)).await, TakeAllOutcome::Blocked { key: 0, retry_after });
    assert_eq!(store.calls.load(Ordering::Relaxed), 6);

    assert_eq!(attempt(at(30)).await, TakeAllOutcome::Allowed, "after the wait");
    turns.changed("account:alice");
    store.clear("account:alice").await.unwrap();
    assert_eq!(attempt(at(31)).await, TakeAllOutcome::Allowed);
}

#[tokio::test]
async fn a_blocked_key_is_read_again_after_a_second() {
    let (store, turns) = (Arc::new(Slow::default()), Turns::default());
    let erased = DynRateLimitStore::from(store.clone());
    let keys = [LimitedKey::new("account:alice", &LIMIT)];
    for _ in 0..6 {
        let _outcome = turns.take(&erased, &keys, at(0)).await.unwrap();
    }
    // As another node does.
    store.clear("account:alice").await.unwrap();
    assert_ne!(turns.take(&erased, &keys, at(1)).await.unwrap(), TakeAllOutcome::Allowed);
    tokio::time::sleep(REMEMBERED).await;
    assert_eq!(turns.take(&erased, &keys, at(1)).await.unwrap(), TakeAllOutcome::Allowed);
}

#[tokio::test(start_paused = true)]
async fn attempts_on_other_keys_do_not_wait_for_a_turn() {
    let (store, turns) = (Arc::new(Slow::default()), Arc::new(Turns::default()));
    let mut set = JoinSet::new();
    for number in 0..50 {
        let (store, turns) = (DynRateLimitStore::from(store.clone()), turns.clone());
        set.spawn(async move {
            let key = format!("account:{number}");
            turns.take(&store, &[LimitedKey::new(&key, &LIMIT)], at(0)).await.unwrap()
        });
    }
    assert_eq!(set.join_all().await, [TakeAllOutcome::Allowed; 50]);
    assert_eq!(store.most.load(Ordering::Relaxed), 50);
}

#[tokio::test]
async fn memory_is_bounded_and_attempts_beyond_it_are_counted() {
    const ONE: RateLimit = RateLimit::new(1, Duration::from_secs(30));
    let (store, turns) = (Arc::new(MemoryRateLimits::default()), Turns::default());
    let erased = DynRateLimitStore::from(store);
    for number in 0..CAPACITY + 100 {
        let key = number.to_string();
        let keys = [LimitedKey::new(&key, &ONE)];
        assert_eq!(turns.take(&erased, &keys, at(0)).await.unwrap(), TakeAllOutcome::Allowed);
        assert!(!turns.keys().entries.contains_key(&key), "nothing is remembered");
        assert_ne!(turns.take(&erased, &keys, at(0)).await.unwrap(), TakeAllOutcome::Allowed);
        assert!(turns.keys().entries.len() <= CAPACITY);
    }
}

/// A flood with invented browser cookies on one name reads in turns, so it occupies one connection.
#[tokio::test(start_paused = true)]
async fn reads_before_the_count_take_turns_per_key() {
    let (store, turns) = (Arc::new(Slow::default()), Arc::new(Turns::default()));
    let mut flood = JoinSet::new();
    for number in 0..100 {
        let (store, turns) = (store.clone(), turns.clone());
        flood.spawn(async move {
            let key = ["alice", "bob"][number % 2];
            turns.in_turn(key, store.try_take(key, &LIMIT, at(0))).await.unwrap()
        });
    }
    while let Some(done) = flood.join_next().await {
        let _outcome = done.unwrap();
    }
    assert_eq!(store.most.load(Ordering::Relaxed), 2, "one per name");
    assert_eq!(store.calls.load(Ordering::Relaxed), 100);
    assert!(turns.keys().entries.is_empty());
}
