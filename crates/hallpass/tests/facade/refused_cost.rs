//! A rejected attempt reads and writes nothing: one that finds the queue of the password hasher
//! full (503), and one on a blocked name (429). It costs less than two login pages, which read
//! nothing either. So a flood of attempts costs as much as a flood of page requests.
//! `benches/login_flood.py` measures the same with a release build.

#![allow(clippy::print_stdout, reason = "prints the figures")]

use std::time::{Duration, Instant};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use hallpass::store::SqliteStore;
use hallpass::{Hallpass, HashCost, PasswordHasherSettings};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
};

const SAMPLES: usize = 300;

async fn site(scratch: &Scratch, hasher: PasswordHasherSettings) -> Hallpass<SiteRole> {
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    Hallpass::builder(store)
        .everything()
        .key_file(scratch.path("keys.json"))
        .password_hasher(hasher)
        .request_timeout(Duration::from_secs(60))
        .start()
        .await
        .unwrap()
}

fn login_page() -> Request<Body> {
    Request::get("/login")
        .header(header::HOST, "site.example")
        .header(header::ACCEPT, "text/html")
        .body(Body::empty())
        .unwrap()
}

fn attempt(number: usize) -> Request<Body> {
    Request::post("/login")
        .header(header::HOST, "site.example")
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("username=name{number}&password=wrong")))
        .unwrap()
}

async fn send(site: &Router, request: Request<Body>) -> (u16, Duration) {
    let start = Instant::now();
    let response = site.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    (status, start.elapsed())
}

/// The times of pages and of attempts, measured in turn.
#[derive(Default)]
struct Times {
    pages: Vec<Duration>,
    attempts: Vec<Duration>,
}

impl Times {
    /// Measures one of each. Returns the status of the attempt.
    async fn measure(&mut self, site: &Router, status: u16) -> u16 {
        let (page, took) = send(site, login_page()).await;
        assert_eq!(page, 200);
        let (found, attempt) = send(site, attempt(0)).await;
        if found == status {
            self.pages.push(took);
            self.attempts.push(attempt);
        }
        found
    }

    fn ratio(mut self, what: &str) -> f64 {
        self.pages.sort();
        self.attempts.sort();
        let (page, attempt) =
            (self.pages[self.pages.len() / 2], self.attempts[self.attempts.len() / 2]);
        let ratio = attempt.as_secs_f64() / page.as_secs_f64();
        println!("{what}: {ratio:.2} login pages ({attempt:?} against {page:?})");
        ratio
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempt_on_a_full_hashing_queue_costs_less_than_two_pages() {
    let scratch = Scratch::new();
    let slow = HashCost::new(65_536, 16, 1);
    let hasher = PasswordHasherSettings::default();
    let hallpass = site(&scratch, hasher.hash_cost(slow).max_permits(1).queue_length(0)).await;
    let (pages, mut times) = (pages(&hallpass), Times::default());
    while times.attempts.len() < SAMPLES {
        let runs = hallpass.accounts().password_hasher().runs();
        let slow = tokio::spawn({
            let pages = pages.clone();
            let request = attempt(times.attempts.len());
            async move { send(&pages, request).await }
        });
        while hallpass.accounts().password_hasher().runs() == runs && !slow.is_finished() {
            tokio::task::yield_now().await;
        }
        while !slow.is_finished() && times.attempts.len() < SAMPLES {
            let status = times.measure(&pages, 503).await;
            if status != 503 {
                assert_eq!(status, 401, "the slow run is over");
                break;
            }
        }
        assert_eq!(slow.await.unwrap().0, 401);
    }
    assert!(times.ratio("full queue") < 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempt_on_a_blocked_name_costs_less_than_two_pages() {
    let scratch = Scratch::new();
    let cheap = PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1));
    let hallpass = site(&scratch, cheap).await;
    let (pages, mut times) = (pages(&hallpass), Times::default());
    while send(&pages, attempt(0)).await.0 != 429 {}
    while times.attempts.len() < SAMPLES {
        assert_eq!(times.measure(&pages, 429).await, 429);
    }
    assert!(times.ratio("blocked name") < 2.0);
}
