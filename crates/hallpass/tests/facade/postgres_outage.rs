//! A PostgreSQL server that closes a connection during a query, terminates connections or hangs
//! (row 16 of the threat table): a login is a 503 within the timeout and sets no cookie, and
//! requests with a live token are not affected.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, http::header};
use hallpass::store::PostgresStore;
use hallpass::{Hallpass, HashCost, PasswordHasherSettings, RateLimit, RateLimits};
use hallpass_test_support::fault_proxy::{Fault, FaultProxy};
use tokio::time::sleep;
use tower::ServiceExt;

use crate::{
    schema::Schema,
    scratch::Scratch,
    site::{SiteRole, pages},
    visit::{cookie_of, form, status},
};

/// Maximum duration of a login, whatever the store does.
const BOUND: Duration = Duration::from_secs(2);
/// More than the number of responses of the server during one login.
const ANSWERS: u32 = 24;

/// Returns the URL of the schema through the proxy. The name of the schema is the application name
/// of its connections.
fn through(proxy: &FaultProxy, schema: &Schema) -> String {
    format!("{}&application_name={}", schema.url_through(proxy.address()), schema.name())
}

/// Terminates all connections of the site.
async fn terminate(schema: &Schema) {
    let of_site = format!("WHERE application_name = '{}'", schema.name());
    schema.run(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity {of_site}")).await;
}

/// The number of logins that succeeded and that were rejected with 503.
#[derive(Clone, Copy, Default)]
struct LogIns {
    opened: u32,
    refused: u32,
}

impl LogIns {
    /// Logs in. Panics if the login takes too long, or is neither a complete success nor a complete
    /// rejection.
    async fn one(&mut self, site: &Router) {
        let start = Instant::now();
        let answer = site.clone().oneshot(form("/login", "alice")).await.unwrap();
        assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        let sets = answer.headers().contains_key(header::SET_COOKIE);
        match answer.status().as_u16() {
            303 => (self.opened, _) = (self.opened + 1, assert!(sets)),
            503 => {
                self.refused += 1;
                assert!(
                    !sets && answer.headers().contains_key(header::RETRY_AFTER),
                    "{:?}",
                    answer.headers()
                );
            }
            other => panic!("{other}"),
        }
    }

    /// Logs in until a login succeeds, which shows that the store works again.
    async fn recovered(site: &Router) {
        let start = Instant::now();
        let mut tried = Self::default();
        while tried.opened == 0 {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "the site does not reconnect to its store"
            );
            tried.one(site).await;
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server: DATABASE_URL"]
async fn postgres_faults_make_login_503_and_requests_still_pass() {
    let (scratch, schema) = (Scratch::new(), Schema::new().await);
    let proxy = FaultProxy::to(schema.host());
    let store = PostgresStore::open(&through(&proxy, &schema)).await.unwrap();
    let wide = RateLimit::new(1_000_000, Duration::from_secs(1));
    // A cheap hash, so that only the store causes delays.
    let hash = PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1));
    let hallpass = Hallpass::<SiteRole>::builder(store)
        .everything()
        .key_file(scratch.path("keys.json"))
        .password_hasher(hash)
        .rate_limits(
            RateLimits::default().network(wide.clone()).account(wide.clone()).address(wide),
        )
        .start()
        .await
        .unwrap();
    let site = pages(&hallpass);
    let cookie = cookie_of(&site, "/register", "alice").await;

    let (passed, failed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let guarded = |site: Router, cookie: String| {
        let (passed, failed) = (passed.clone(), failed.clone());
        async move {
            for _ in 0..25_000 {
                let answered = status(&site, "/profile", &cookie).await;
                if answered == 200 { &passed } else { &failed }.fetch_add(1, Ordering::Relaxed);
                // With a socket, other tasks would run here.
                tokio::task::yield_now().await;
            }
        }
    };
    let requests: Vec<_> =
        (0..4).map(|_| tokio::spawn(guarded(site.clone(), cookie.clone()))).collect();

    // Closed in the middle of each response that a login waits for, in turn.
    let cut = faulted(&site, |answer| {
        proxy.at(answer, Fault::Cut);
        std::future::ready(())
    })
    .await;
    // Of the six statements of a login, the last two settle its attempt, and their failure is only
    // logged.
    assert!(cut.refused >= 4, "{} refused, {} opened", cut.refused, cut.opened);
    // Terminated by the server, while logins run.
    let ended = faulted(&site, |_| terminate(&schema)).await;
    assert!(ended.refused + ended.opened >= ANSWERS);
    // Hanging in the middle of a response, until `repair`.
    let mut hung = LogIns::default();
    for answer in [0, 1, 3, 5] {
        LogIns::recovered(&site).await;
        proxy.at(answer, Fault::Hang);
        for _ in 0..3 {
            hung.one(&site).await;
        }
        proxy.repair();
    }
    assert!(hung.refused >= 8, "{} refused, {} opened", hung.refused, hung.opened);
    LogIns::recovered(&site).await;

    for requests in requests {
        requests.await.unwrap();
    }
    assert_eq!((passed.load(Ordering::Relaxed), failed.load(Ordering::Relaxed)), (100_000, 0));
    for (what, LogIns { opened, refused }) in [("cut", cut), ("ended", ended), ("hung", hung)] {
        println!("{what}: {refused} logins were 503, {opened} succeeded");
    }
}

/// Runs a login concurrently with each fault. Before each fault, the store works again.
async fn faulted<F: Future<Output = ()>>(site: &Router, fault: impl Fn(u32) -> F) -> LogIns {
    let mut log_ins = LogIns::default();
    for answer in 0..ANSWERS {
        LogIns::recovered(site).await;
        let beside = fault(answer);
        tokio::join!(beside, log_ins.one(site));
    }
    log_ins
}
