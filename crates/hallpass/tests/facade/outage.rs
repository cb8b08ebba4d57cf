//! A store that hangs (row 16 of the threat table): a login fails closed within the timeout, and
//! requests with a live token are not affected.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::header;
use hallpass::flow::Visitor;
use hallpass::store::SqliteStore;
use hallpass::{AccountsErrorKind, Hallpass};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tower::ServiceExt;

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
    visit::{cookie_of, form, status},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn login_is_503_and_requests_pass_while_the_store_hangs() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let hallpass = Hallpass::<SiteRole>::builder(store)
        .everything()
        .key_file(scratch.path("keys.json"))
        .start()
        .await
        .unwrap();
    let site = pages(&hallpass);
    let cookie = cookie_of(&site, "/register", "alice").await;
    let options = SqliteConnectOptions::new().filename(scratch.path("site.db"));
    let mut writer = options.connect().await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut writer).await.unwrap();

    let done = Arc::new(AtomicBool::new(false));
    let log_ins = tokio::spawn({
        let (site, done) = (site.clone(), done.clone());
        async move {
            let mut slowest = Duration::ZERO;
            while !done.load(Ordering::SeqCst) {
                let start = Instant::now();
                let answer = site.clone().oneshot(form("/login", "alice")).await.unwrap();
                slowest = slowest.max(start.elapsed());
                assert_eq!(answer.status(), 503);
                assert!(answer.headers().contains_key(header::RETRY_AFTER));
                assert!(!answer.headers().contains_key(header::SET_COOKIE));
            }
            slowest
        }
    });
    let requests = (0..4).map(|_| {
        let (site, cookie) = (site.clone(), cookie.clone());
        tokio::spawn(async move {
            for _ in 0..25_000 {
                assert_eq!(status(&site, "/profile", &cookie).await, 200);
                // With a socket, other tasks would run here.
                tokio::task::yield_now().await;
            }
        })
    });
    for requests in requests.collect::<Vec<_>>() {
        requests.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    let slowest = log_ins.await.unwrap();
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    sqlx::query("ROLLBACK").execute(&mut writer).await.unwrap();
    assert!(
        !cookie_of(&site, "/login", "alice").await.is_empty(),
        "login works again after the outage"
    );
}

/// The wait for the lock is shorter than `store_timeout`, so the error names the lock.
#[tokio::test]
async fn locked_database_is_named_within_the_store_timeout() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let hallpass = Hallpass::<SiteRole>::builder(store)
        .everything()
        .key_file(scratch.path("keys.json"))
        .start()
        .await
        .unwrap();
    // The site deletes expired rows when it starts, and the login would wait for that call too.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let options = SqliteConnectOptions::new().filename(scratch.path("site.db"));
    let mut writer = options.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.unwrap();

    let accounts = hallpass.accounts();
    let visitor = Visitor { peer: "192.0.2.1".parse().ok(), ..Visitor::default() };
    let start = Instant::now();
    let login = accounts.log_in("alice", "correct horse battery staple", None, &visitor).await;
    let error = login.unwrap_err();
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    assert!(matches!(error.kind(), AccountsErrorKind::Unavailable { .. }), "{error:?}");
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    assert!(causes.iter().any(|cause| cause.contains("another process locks")), "{causes:?}");
    sqlx::query("ROLLBACK").execute(&mut writer).await.unwrap();
}
