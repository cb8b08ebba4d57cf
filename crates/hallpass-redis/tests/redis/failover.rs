//! A failover: the old primary is a replica now, and the address leads to the new primary. The old
//! connections stay open.

use std::time::{Duration, Instant};

use hallpass_accounts::{AttemptOutcome, Cursor, Notifier, RateLimitStore, RevocationLog};
use hallpass_redis::{RedisOpenError, RedisStore, RedisStoreErrorKind};
use hallpass_test_support::{fault_proxy::FaultProxy, process::within, redis::RedisServer};
use tokio::time::{sleep, timeout};

use crate::server::{LIMIT, NOW, attempt, attempts_left, ended};

const SECOND: Duration = Duration::from_secs(1);

/// Two servers, and an address that leads to the first one.
struct Pair {
    old: RedisServer,
    new: RedisServer,
    address: FaultProxy,
}

impl Pair {
    /// Starts a primary and its replica.
    fn start() -> Self {
        let (old, new) = (RedisServer::start(), RedisServer::start());
        new.demote(&old);
        let linked = || new.info("master_link_status") == "up";
        within(Duration::from_secs(20), "the replica follows the primary", linked);
        let address = FaultProxy::to(old.host());
        Self { old, new, address }
    }

    async fn open(&self) -> RedisStore {
        RedisStore::open(&format!("redis://{}", self.address.address())).await.unwrap()
    }

    /// Promotes the replica and demotes the primary. The address still leads to the old primary.
    fn exchange(&self) {
        let offset = |server: &RedisServer| server.info("master_repl_offset").parse::<u64>();
        let written = offset(&self.old).unwrap();
        let replicated = || offset(&self.new).unwrap() >= written;
        within(Duration::from_secs(5), "the replica has every write", replicated);
        self.new.promote();
        self.old.demote(&self.new);
    }

    fn redirect(&self) {
        self.address.redirect(self.new.host());
    }
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn attempt_after_a_failover_is_counted_on_the_new_primary() {
    let pair = Pair::start();
    let store = pair.open().await;
    let _ = attempt(&store, "alice").await.unwrap();
    pair.exchange();
    let error = attempt(&store, "alice").await.unwrap_err();
    assert_eq!(error.kind(), RedisStoreErrorKind::NotPrimary);

    pair.redirect();
    let start = Instant::now();
    assert_eq!(attempt(&store, "alice").await.unwrap(), AttemptOutcome::Allowed);
    assert!(start.elapsed() < Duration::from_millis(700), "{:?}", start.elapsed());
    let new = RedisStore::open(&pair.new.url()).await.unwrap();
    assert_eq!(attempts_left(&new, "alice").await, 1, "the count of the old primary is kept");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn first_call_after_the_address_changed_succeeds() {
    let pair = Pair::start();
    let stores = [pair.open().await, pair.open().await, pair.open().await];
    for store in &stores {
        let _ = attempt(store, "alice").await.unwrap();
    }
    pair.exchange();
    pair.redirect();
    // No call has failed yet, so each store still has its connection to the old primary.
    stores[0].give_back("alice", &LIMIT, NOW).await.unwrap();
    stores[1].clear("bob").await.unwrap();
    stores[2].publish(&ended(1)).await.unwrap();
    assert_eq!(attempts_left(&stores[0], "alice").await, 1);
    let new = RedisStore::open(&pair.new.url()).await.unwrap();
    assert_eq!(new.read_after(Cursor::START).await.unwrap().changes, [ended(1)]);
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn waiting_follower_leaves_the_demoted_server() {
    let pair = Pair::start();
    let (store, mut follower) = (pair.open().await, pair.open().await.notifier());
    follower.notified().await.unwrap();
    let waiting = tokio::spawn(async move { (follower.notified().await, follower) });
    sleep(Duration::from_millis(50)).await;
    // The demotion ends the blocking read. A replica is not followed.
    pair.exchange();
    let (ended_read, mut follower) = timeout(SECOND, waiting).await.unwrap().unwrap();
    let mut errors = vec![ended_read.unwrap_err()];
    errors.push(timeout(SECOND, follower.notified()).await.unwrap().unwrap_err());
    errors.push(timeout(SECOND, follower.notified()).await.unwrap().unwrap_err());
    for error in errors {
        assert!(error.to_string().contains("is a replica"), "{error:?}");
    }

    pair.redirect();
    follower.notified().await.unwrap(); // connected
    let waiting = tokio::spawn(async move { follower.notified().await });
    sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished(), "nothing new yet");
    store.publish(&ended(1)).await.unwrap();
    timeout(SECOND, waiting).await.unwrap().unwrap().unwrap();
}

/// Nothing ends the read of a follower that was not waiting at the moment of the demotion.
#[tokio::test]
#[ignore = "needs the program redis-server; takes 10 seconds"]
async fn busy_follower_leaves_the_demoted_server_in_10_s() {
    let pair = Pair::start();
    let mut follower = pair.open().await.notifier();
    follower.notified().await.unwrap();
    pair.exchange();
    let error = timeout(Duration::from_secs(11), follower.notified()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("is a replica"), "{error:?}");
    pair.redirect();
    follower.notified().await.unwrap();
}

/// The replication to the old primary is broken, and the connections to it are open: nothing tells
/// the reader that the entries of the old primary are not all.
#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn a_demoted_server_is_not_the_end_of_the_log() {
    let pair = Pair::start();
    let store = pair.open().await;
    store.publish(&ended(1)).await.unwrap();
    let page = store.read_after(Cursor::START).await.unwrap();
    assert_eq!(page.changes, [ended(1)]);
    pair.exchange();
    let error = store.read_after(page.cursor).await.unwrap_err();
    assert_eq!(error.kind(), RedisStoreErrorKind::NotPrimary);
    pair.redirect();
    RedisStore::open(&pair.new.url()).await.unwrap().publish(&ended(2)).await.unwrap();
    assert_eq!(store.read_after(page.cursor).await.unwrap().changes, [ended(2)]);
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn old_primary_without_replicas_is_left() {
    let pair = Pair::start();
    let store = pair.open().await;
    let _ = attempt(&store, "alice").await.unwrap();
    // The new primary is promoted, and the old one rejects writes because it has no replica.
    pair.old.run(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    pair.new.promote();
    within(Duration::from_secs(5), "no replica", || pair.old.info("connected_slaves") == "0");
    let error = attempt(&store, "alice").await.unwrap_err();
    assert_eq!(error.kind(), RedisStoreErrorKind::WritesStopped);
    pair.redirect();
    assert_eq!(attempt(&store, "alice").await.unwrap(), AttemptOutcome::Allowed);
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn open_rejects_a_replica() {
    let pair = Pair::start();
    let error = RedisStore::open(&pair.new.url()).await.unwrap_err();
    let RedisOpenError::Rejected { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), RedisStoreErrorKind::NotPrimary);
    assert!(source.to_string().contains("its address must lead to the primary"), "{source}");
}
