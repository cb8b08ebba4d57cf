//! The server of `REDIS_URL`, and a prefix for each test.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use hallpass_accounts::{AttemptOutcome, RateLimit, RateLimitStore, Revocation};
use hallpass_core::UnixTime;
use hallpass_redis::{RedisStore, RedisStoreError};
use hallpass_testkit::store_suite::fixture::{at, session_id};

/// Returns a unique prefix. The keys of tests expire, or have a few bytes.
pub(crate) fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let start = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("hallpass-test-{}-{start}-{number}", process::id())
}

pub(crate) async fn named(prefix: &str) -> RedisStore {
    RedisStore::open_with_prefix(&std::env::var("REDIS_URL").unwrap(), prefix).await.unwrap()
}

pub(crate) async fn empty() -> Box<RedisStore> {
    Box::new(named(&prefix()).await)
}

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

pub(crate) const LIMIT: RateLimit = RateLimit::new(3, Duration::from_secs(30));

/// Counts an attempt of a limit of 3.
pub(crate) async fn attempt(
    store: &RedisStore,
    key: &str,
) -> Result<AttemptOutcome, RedisStoreError> {
    store.try_take(key, &LIMIT, NOW).await
}

/// Returns the number of attempts that are still allowed of 3.
pub(crate) async fn attempts_left(store: &RedisStore, key: &str) -> u32 {
    let mut left = 0;
    while attempt(store, key).await.unwrap() == AttemptOutcome::Allowed {
        left += 1;
    }
    left
}

pub(crate) fn ended(number: u8) -> Revocation {
    Revocation::SessionEnded { session: session_id(number), at: at(1) }
}
