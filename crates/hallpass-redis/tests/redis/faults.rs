//! A server without memory, a server that does not respond, and a restarted server.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use hallpass_accounts::{AttemptOutcome, Notifier, RateLimitStore, RevocationLog};
use hallpass_redis::{RedisOpenError, RedisStore, RedisStoreError, RedisStoreErrorKind};
use hallpass_test_support::redis::RedisServer;
use tokio::time::{sleep, timeout};

use crate::server::{attempt, attempts_left, ended};

/// The documented maximum of one command.
const BOUND: Duration = Duration::from_millis(1500);

/// Returns the kind of the error of a call. Panics if the call takes too long or succeeds.
async fn kind_within_bound<T: std::fmt::Debug>(
    call: impl Future<Output = Result<T, RedisStoreError>>,
) -> RedisStoreErrorKind {
    let start = Instant::now();
    let error = call.await.unwrap_err();
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    error.kind()
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn out_of_memory_is_an_error_on_a_kept_connection() {
    let server = RedisServer::start();
    let store = RedisStore::open(&server.url()).await.unwrap();
    let _ = attempt(&store, "alice").await.unwrap();
    server.run(&["CONFIG", "SET", "maxmemory", "1"]);
    for _ in 0..5 {
        let kind = kind_within_bound(attempt(&store, "alice")).await;
        assert_eq!(kind, RedisStoreErrorKind::OutOfMemory);
        let kind = kind_within_bound(store.publish(&ended(1))).await;
        assert_eq!(kind, RedisStoreErrorKind::OutOfMemory);
    }
    // The command that frees memory is accepted.
    store.clear("bob").await.unwrap();
    let received = server.info("total_connections_received");
    let _ = attempt(&store, "alice").await.unwrap_err();
    let with_info = (received.parse::<u32>().unwrap() + 1).to_string();
    assert_eq!(server.info("total_connections_received"), with_info, "no new connection");

    let error = RedisStore::open(&server.url()).await.unwrap_err();
    let RedisOpenError::Rejected { command: "SET", source, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(source.to_string().contains("raise maxmemory"), "{source}");

    server.run(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(attempts_left(&store, "alice").await, 2, "the count is kept");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn full_disk_is_an_error_until_writes_are_accepted() {
    let server = RedisServer::start();
    let store = RedisStore::open(&server.url()).await.unwrap();
    let _ = attempt(&store, "alice").await.unwrap();
    server.break_disk();
    let kind = kind_within_bound(attempt(&store, "alice")).await;
    assert_eq!(kind, RedisStoreErrorKind::WritesStopped);
    assert!(store.notifier().notified().await.is_err(), "a publication would be rejected too");
    server.run(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
    assert_eq!(attempts_left(&store, "alice").await, 2, "the count is kept");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn paused_server_fails_each_call_within_the_bound() {
    let server = RedisServer::start();
    let store = RedisStore::open(&server.url()).await.unwrap();
    let _ = attempt(&store, "alice").await.unwrap();
    // The process is stopped, so that the kernel accepts connections and nobody responds.
    server.pause();
    for _ in 0..3 {
        let kind = kind_within_bound(attempt(&store, "alice")).await;
        assert_eq!(kind, RedisStoreErrorKind::Unavailable);
    }
    // Concurrent calls do not wait for each other's attempts to connect.
    let calls = (0..30).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { kind_within_bound(store.clear("bob")).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), RedisStoreErrorKind::Unavailable);
    }
    let start = Instant::now();
    let error = RedisStore::open(&server.url()).await.unwrap_err();
    assert!(matches!(error, RedisOpenError::Connect { .. }), "{error:?}");
    assert!(start.elapsed() < 2 * BOUND, "{:?}", start.elapsed());
    server.resume();
    assert_eq!(attempt(&store, "carol").await.unwrap(), AttemptOutcome::Allowed);

    // The server responds to nobody but its operator.
    server.run(&["CLIENT", "PAUSE", "2500", "ALL"]);
    let paused = Instant::now();
    let kind = kind_within_bound(attempt(&store, "dave")).await;
    assert_eq!(kind, RedisStoreErrorKind::Unavailable);
    while attempt(&store, "dave").await.is_err() {
        assert!(paused.elapsed() < Duration::from_secs(5), "the store does not recover");
    }
    println!("an attempt was counted {:?} after a pause of 2.5 s began", paused.elapsed());
}

/// The follower of a connection that is silent, for example because the server is stopped, does not
/// wait longer than the time of a blocking read and a little more.
#[tokio::test]
#[ignore = "needs the program redis-server; takes 12 seconds"]
async fn follower_of_a_silent_server_fails_after_12_seconds() {
    let server = RedisServer::start();
    let store = RedisStore::open(&server.url()).await.unwrap();
    let mut follower = store.notifier();
    follower.notified().await.unwrap();
    server.pause();
    let start = Instant::now();
    assert!(timeout(Duration::from_secs(14), follower.notified()).await.unwrap().is_err());
    assert!(start.elapsed() > Duration::from_secs(9), "{:?}", start.elapsed());
    let start = Instant::now();
    assert!(follower.notified().await.is_err());
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    server.resume();
    follower.notified().await.unwrap();
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn first_call_after_a_restart_succeeds() {
    let mut server = RedisServer::start();
    let store = RedisStore::open(&server.url()).await.unwrap();
    let mut follower = store.notifier();
    follower.notified().await.unwrap();
    assert_eq!(attempts_left(&store, "alice").await, 3);
    server.kill();
    let kind = kind_within_bound(attempt(&store, "alice")).await;
    assert_eq!(kind, RedisStoreErrorKind::Unavailable);
    assert!(follower.notified().await.is_err());
    server.start_again();
    assert_eq!(attempts_left(&store, "alice").await, 3, "the counts are lost");
    follower.notified().await.unwrap();
    let waiting = tokio::spawn(async move { follower.notified().await });
    sleep(Duration::from_millis(50)).await;
    store.publish(&ended(1)).await.unwrap();
    timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap().unwrap();
}
