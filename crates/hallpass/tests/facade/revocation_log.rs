//! The revocation log while the site runs: pushed between processes on one SQLite file, and down.

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

/// Two handles share nothing but the file, as two processes do. By the poll, each second, half of
/// them would take half a second.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_handle_on_the_file_revokes_is_pushed() {
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

/// A log without news, which can be down.
#[derive(Clone, Default)]
struct Line(Arc<AtomicBool>);

impl RevocationLog for Line {
    type Error = std::io::Error;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, std::io::Error> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(std::io::ErrorKind::ConnectionReset.into()),
            false => Ok(RevocationPage { changes: Vec::new(), cursor }),
        }
    }

    async fn purge_before(&self, _: UnixTime) -> Result<(), std::io::Error> {
        Ok(())
    }
}

fn on(line: &Line, clock: &Hands) -> HallpassBuilder<SiteRole, Users> {
    Hallpass::builder(Users::default())
        .keys(KeyRing::generate_hs256([1; 32], clock.now()))
        .clock(clock.clone())
        .registration()
        .revocation_log_in(line.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_whose_log_is_down_is_not_ready() {
    let (line, clock) = (Line::default(), Hands::new());
    let start = || on(&line, &clock).start();
    line.0.store(true, Ordering::SeqCst);
    assert!(
        matches!(start().await, Err(StartError::RevocationLog(_))),
        "it says nothing that it does not know"
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

/// A site whose log has just gone down, and a cookie of hers.
async fn silent(builder: HallpassBuilder<SiteRole, Users>, line: &Line) -> (Router, String) {
    let pages = pages(&builder.start().await.unwrap());
    let cookie = cookie_of(&pages, "/register", "alice").await;
    line.0.store(true, Ordering::SeqCst);
    sleep(A_LOOK).await;
    (pages, cookie)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_log_is_down_tokens_serve_until_they_expire() {
    let (line, clock) = (Line::default(), Hands::new());
    let (pages, cookie) = silent(on(&line, &clock), &line).await;
    clock.turn(Duration::from_secs(899));
    assert_eq!(status(&pages, "/profile", &cookie).await, 200);
    clock.turn(Duration::from_secs(1));
    assert_eq!(status(&pages, "/profile", &cookie).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn or_are_refused_past_the_sites_limit_until_it_answers_again() {
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
        "a fault that passes, not a log-in page"
    );
    assert_eq!(status(&pages, "/", &cookie).await, 200, "the open page is open");
    line.0.store(false, Ordering::SeqCst);
    within_the_bound(|| async { status(&pages, "/profile", &cookie).await == 200 }).await;
}
