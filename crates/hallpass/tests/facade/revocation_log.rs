//! The revocation log of a running site: notifications between processes on one SQLite file, and
//! outages of the log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::Router;
use hallpass::keys::KeyRing;
use hallpass::store::{Cursor, RevocationLog, RevocationPage};
use hallpass::{Clock, Hallpass, HallpassBuilder, StalePolicy, StartError, UnixTime, Username};
use tokio::time::sleep;

use crate::{
    background::{A_LOOK, BOUND, within_the_bound},
    hands::Hands,
    scratch::Scratch,
    site::{SiteRole, pages},
    users::Users,
    visit::{cookie_of, status},
};

/// Two handles share only the file, like two processes. With only the poll, which runs once per
/// second, the median would be half a second.
#[tokio::test(flavor = "multi_thread")]
async fn revocations_are_pushed_between_handles_on_one_file() {
    let scratch = Scratch::new();
    let url = scratch.url("site.db");
    let (here, there) =
        (Hallpass::<SiteRole>::open(&url).await.unwrap(), Hallpass::open(&url).await.unwrap());
    let (pages_here, pages_there) = (pages(&here), pages(&there));
    cookie_of(&pages_here, "/register", "alice").await;
    let alice = here.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    let mut times = Vec::new();
    for _ in 0..11 {
        let cookie = cookie_of(&pages_here, "/login", "alice").await;
        assert_eq!(status(&pages_there, "/profile", &cookie).await, 200);
        here.log_out_everywhere(alice.id()).await.unwrap();
        let told = Instant::now();
        while status(&pages_there, "/profile", &cookie).await == 200 {
            assert!(told.elapsed() < BOUND);
            sleep(Duration::from_millis(2)).await;
        }
        times.push(told.elapsed());
    }
    times.sort();
    println!("pushed through the file: median {:?}, longest {:?}", times[5], times[10]);
    assert!(times[5] < Duration::from_millis(300), "{times:?}");
}

/// A revocation log without entries, which can be down.
#[derive(Clone, Default)]
struct Line(Arc<AtomicBool>);

impl RevocationLog for Line {
    type Error = std::io::Error;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, std::io::Error> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(std::io::ErrorKind::ConnectionReset.into()),
            false => Ok(RevocationPage {
                changes: Vec::new(),
                cursor,
                skipped: 0,
                facts: None,
                is_last: true,
            }),
        }
    }

    async fn purge_before(&self, _: UnixTime) -> Result<(), std::io::Error> {
        Ok(())
    }
}

fn on(line: &Line, clock: &Hands) -> HallpassBuilder<SiteRole, Users> {
    Hallpass::builder(Users::default())
        .keys(KeyRing::generate_hs256(hallpass_test_support::random::bytes(1), clock.now()))
        .clock(clock.clone())
        .registration()
        .revocation_log_in(line.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn is_ready_is_false_while_the_revocation_log_is_down() {
    let (line, clock) = (Line::default(), Hands::new());
    let start = || on(&line, &clock).start();
    line.0.store(true, Ordering::SeqCst);
    assert!(
        matches!(start().await, Err(StartError::RevocationLog(_))),
        "the site does not start without the revocation log"
    );

    line.0.store(false, Ordering::SeqCst);
    let site = start().await.unwrap();
    assert!(site.is_ready());
    assert_eq!(site.staleness(), Some(Duration::ZERO));

    line.0.store(true, Ordering::SeqCst);
    sleep(A_LOOK).await;
    clock.turn(BOUND);
    assert!(site.is_ready(), "still within the bound");
    clock.turn(Duration::from_secs(1));
    assert!(!site.is_ready());
    assert_eq!(site.staleness(), Some(Duration::from_secs(6)));

    line.0.store(false, Ordering::SeqCst);
    within_the_bound(|| async { site.is_ready() }).await;
}

/// Returns a site whose revocation log has just gone down, and a cookie of an account.
async fn silent(builder: HallpassBuilder<SiteRole, Users>, line: &Line) -> (Router, String) {
    let pages = pages(&builder.start().await.unwrap());
    let cookie = cookie_of(&pages, "/register", "alice").await;
    line.0.store(true, Ordering::SeqCst);
    sleep(A_LOOK).await;
    (pages, cookie)
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_accepted_until_expiry_while_the_log_is_down() {
    let (line, clock) = (Line::default(), Hands::new());
    let (pages, cookie) = silent(on(&line, &clock), &line).await;
    clock.turn(Duration::from_secs(899));
    assert_eq!(status(&pages, "/profile", &cookie).await, 200);
    clock.turn(Duration::from_secs(1));
    assert_eq!(status(&pages, "/profile", &cookie).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_policy_refuse_rejects_tokens_after_its_limit() {
    let (line, clock) = (Line::default(), Hands::new());
    let after = Duration::from_secs(20);
    let (pages, cookie) =
        silent(on(&line, &clock).stale_policy(StalePolicy::Refuse { after }), &line).await;
    clock.turn(after);
    assert_eq!(status(&pages, "/profile", &cookie).await, 200);
    clock.turn(Duration::from_secs(1));
    assert_eq!(
        status(&pages, "/profile", &cookie).await,
        503,
        "a temporary fault, not a redirect to the login page"
    );
    assert_eq!(status(&pages, "/", &cookie).await, 200, "a public page is still served");
    line.0.store(false, Ordering::SeqCst);
    within_the_bound(|| async { status(&pages, "/profile", &cookie).await == 200 }).await;
}
