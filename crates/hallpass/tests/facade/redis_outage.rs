//! A Redis server that fails in each of the ways of the table in `docs/many-nodes.md` (row 16 of
//! the threat table). A login is a 503 within the timeout and sets no cookie, and requests with a
//! live token are not affected. Once the cause is gone, the next login succeeds. Each test prints
//! its row.

#![allow(clippy::print_stdout, reason = "prints the figures")]

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use hallpass::store::{RedisStore, SqliteStore};
use hallpass::{Hallpass, HashCost, PasswordHasherSettings, RateLimit, RateLimits};
use hallpass_test_support::{fault_proxy::FaultProxy, process::within, redis::RedisServer};
use tokio::time::sleep;
use tower::ServiceExt;
use tracing::subscriber::DefaultGuard;

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
    visit::{cookie_of, form, status},
};

/// Maximum duration of a login, whatever the server does.
const BOUND: Duration = Duration::from_secs(2);

/// The log of the site.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A site with its attempts in Redis. The account `bob` has no attempts left.
struct Site {
    pages: Router,
    /// The access cookie of `alice`.
    cookie: String,
    log: Log,
    // In the order in which they are dropped.
    _hallpass: Hallpass<SiteRole>,
    _recording: DefaultGuard,
    _scratch: Scratch,
}

impl Site {
    async fn start(redis: &str) -> Self {
        let (scratch, log) = (Scratch::new(), Log::default());
        let writer = log.clone();
        // The tests have one thread each, so the log of a test contains nothing of another test.
        let recording = tracing::subscriber::set_default(
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::INFO)
                .with_writer(move || writer.clone())
                .with_ansi(false)
                .without_time()
                .finish(),
        );
        let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
        // A cheap hash, so that only the server causes delays.
        let hash = PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1));
        let three = RateLimit::new(3, Duration::from_secs(600));
        let hallpass = Hallpass::<SiteRole>::builder(store)
            .everything()
            .shared_backend(RedisStore::open(redis).await.unwrap())
            .key_file(scratch.path("keys.json"))
            .password_hasher(hash)
            .rate_limits(RateLimits::default().account(three))
            .start()
            .await
            .unwrap();
        let pages = pages(&hallpass);
        let cookie = cookie_of(&pages, "/register", "alice").await;
        cookie_of(&pages, "/register", "bob").await;
        let (_hallpass, _recording, _scratch) = (hallpass, recording, scratch);
        let site = Self { pages, cookie, log, _hallpass, _recording, _scratch };
        for _ in 0..3 {
            let wrong = Request::post("/login")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::HOST, "site.example")
                .body(Body::from("username=bob&password=another+horse"))
                .unwrap();
            site.pages.clone().oneshot(wrong).await.unwrap();
        }
        assert_eq!((site.log_in("alice").await, site.log_in("bob").await), (303, 429));
        site
    }

    /// Logs in and returns the status. A login that fails is a complete rejection in time, and does
    /// not affect the requests of those who are logged in.
    async fn log_in(&self, name: &str) -> u16 {
        let start = Instant::now();
        let answer = self.pages.clone().oneshot(form("/login", name)).await.unwrap();
        assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        if answer.status() == 503 {
            assert!(!answer.headers().contains_key(header::SET_COOKIE));
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
        }
        assert_eq!(status(&self.pages, "/profile", &self.cookie).await, 200);
        answer.status().as_u16()
    }

    /// Logs in this number of times during the fault.
    async fn fails(&self, times: u32) {
        for _ in 0..times {
            assert_eq!(self.log_in("alice").await, 503);
        }
    }

    /// Logs in until a login succeeds, and prints and returns the number of logins that failed.
    async fn recovers(&self, fault: &str) -> u32 {
        let (start, mut failed) = (Instant::now(), 0);
        loop {
            match self.log_in("alice").await {
                303 => break,
                503 => failed += 1,
                other => panic!("{other}: the fault has used the attempts of alice"),
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{fault}: no login succeeds");
            sleep(Duration::from_millis(50)).await;
        }
        println!("{fault}: a login succeeds after {:?}, {failed} failed", start.elapsed());
        failed
    }

    /// Returns whether the attempts of `bob` are still counted.
    async fn counts_are_kept(&self) -> bool {
        // The node remembers a blocked key for a second. After that Redis decides.
        sleep(Duration::from_millis(1100)).await;
        match self.log_in("bob").await {
            429 => true,
            303 => false,
            other => panic!("{other}"),
        }
    }

    /// Asserts that an error with this text was logged, and prints the different lines.
    fn logged(&self, expected: &str) {
        let log = String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap();
        let mut lines: Vec<_> =
            log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
        assert!(lines.iter().any(|line| line.contains(expected)), "{expected}:\n{log}");
        assert!(!log.contains("PASSWORD"), "{log}");
        lines.sort_unstable();
        lines.dedup();
        for line in lines {
            println!("  {line}");
        }
    }
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn login_succeeds_right_after_a_failover() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    new.demote(&old);
    let linked = || new.info("master_link_status") == "up";
    within(Duration::from_secs(20), "the replica follows the primary", linked);
    let address = FaultProxy::to(old.host());
    let site = Site::start(&format!("redis://{}", address.address())).await;
    let offset = |server: &RedisServer| server.info("master_repl_offset").parse::<u64>().unwrap();
    let written = offset(&old);
    within(Duration::from_secs(5), "the replica has every write", || offset(&new) >= written);
    new.promote();
    old.demote(&new);
    site.fails(3).await;
    address.redirect(new.host());
    assert_eq!(site.recovers("failover").await, 0);
    assert!(site.counts_are_kept().await);
    site.logged("the Redis server is a replica, which rejects writes");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn login_succeeds_right_after_redis_has_memory_again() {
    let redis = RedisServer::start();
    let site = Site::start(&redis.url()).await;
    redis.run(&["CONFIG", "SET", "maxmemory", "1"]);
    site.fails(3).await;
    redis.run(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(site.recovers("out of memory").await, 0);
    assert!(site.counts_are_kept().await);
    site.logged("the Redis server has no memory left: raise maxmemory");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn login_succeeds_right_after_redis_accepts_writes_again() {
    let redis = RedisServer::start();
    let site = Site::start(&redis.url()).await;
    redis.break_disk();
    site.fails(3).await;
    redis.run(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
    assert_eq!(site.recovers("full disk").await, 0);
    assert!(site.counts_are_kept().await);
    site.logged("the Redis server rejects writes: free its disk");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn login_succeeds_right_after_a_stopped_redis_continues() {
    let redis = RedisServer::start();
    let site = Site::start(&redis.url()).await;
    redis.pause();
    site.fails(3).await;
    redis.resume();
    assert_eq!(site.recovers("stopped process").await, 0);
    assert!(site.counts_are_kept().await);
    site.logged("the Redis server cannot be reached or does not respond");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn login_succeeds_after_client_pause() {
    for mode in ["ALL", "WRITE"] {
        let redis = RedisServer::start();
        let site = Site::start(&redis.url()).await;
        redis.run(&["CLIENT", "PAUSE", "2500", mode]);
        let pause = Instant::now();
        site.fails(2).await;
        sleep(Duration::from_millis(2600).saturating_sub(pause.elapsed())).await;
        assert_eq!(site.recovers(&format!("CLIENT PAUSE {mode}")).await, 0);
        assert!(site.counts_are_kept().await);
        site.logged("the Redis server cannot be reached or does not respond");
    }
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn login_succeeds_right_after_a_killed_redis_restarts() {
    let mut redis = RedisServer::start();
    let site = Site::start(&redis.url()).await;
    redis.kill();
    site.fails(3).await;
    redis.start_again();
    assert_eq!(site.recovers("killed and restarted").await, 0);
    assert!(!site.counts_are_kept().await, "without persistence the counts start again");
    site.logged("the Redis server cannot be reached or does not respond");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn login_succeeds_right_after_redis_permits_it() {
    let redis = RedisServer::start();
    let user = "ACL SETUSER site on >PASSWORD +@all ~hallpass:*";
    redis.run(&user.split(' ').collect::<Vec<_>>());
    let site = Site::start(&redis.url_of("site", "PASSWORD")).await;
    redis.run(&["ACL", "SETUSER", "site", "-eval"]);
    site.fails(3).await;
    redis.run(&["ACL", "SETUSER", "site", "+eval"]);
    assert_eq!(site.recovers("narrow ACL").await, 0);
    assert!(site.counts_are_kept().await);
    site.logged("the Redis user may not run the command");
}
