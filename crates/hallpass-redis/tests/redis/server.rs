//! The server of `REDIS_URL`, and a prefix for each test.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::SystemTime,
};

use hallpass_redis::RedisStore;

/// Returns a unique prefix. The keys of tests expire, or have a few bytes.
pub(crate) fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let start = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("hallpass-test-{}-{start}-{number}", process::id())
}

pub(crate) async fn named(prefix: &str) -> RedisStore {
    RedisStore::open(&std::env::var("REDIS_URL").unwrap()).await.unwrap().prefix(prefix)
}

pub(crate) async fn empty() -> Box<RedisStore> {
    Box::new(named(&prefix()).await)
}
