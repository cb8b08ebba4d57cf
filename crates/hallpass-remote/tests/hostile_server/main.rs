//! The keys of a hostile or broken key server, over real sockets: for each set and each behaviour
//! the verdict, the time and the memory.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

mod behaviour;
mod set;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use behaviour::{Behaviour, KeyServer};
use hallpass_core::{
    Algorithm, Claims, Clock, Issuer, KeyRing, Keys, LoggedIn, Role, SystemClock, TokenErrorKind,
    UnixTime, Verifier,
};
use hallpass_remote::{Fetch, FetchRequest, FetchResponse, HyperFetch, RemoteJwks};
use tokio::{runtime::Builder, time::sleep};

/// The result of a row.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The set replaces the last one, with the keys of these names.
    Used(&'static [&'static str]),
    /// As `Used`: the set has the usable key `new`, and another one, which is ignored.
    Ignored,
    /// The fetch failed. The last good set stays in use until it is too old.
    Kept,
}

/// A row of the table in the guide.
struct Row {
    name: &'static str,
    behaviour: Behaviour,
    verdict: Verdict,
}

impl Row {
    fn used(name: &'static str, behaviour: Behaviour, names: &'static [&'static str]) -> Self {
        Self { name, behaviour, verdict: Verdict::Used(names) }
    }

    fn kept(name: &'static str, behaviour: Behaviour) -> Self {
        Self { name, behaviour, verdict: Verdict::Kept }
    }
}

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Admin,
}

const ISSUER: &str = "https://login.example";
/// Maximum duration of a fetch in these tests.
const TIMEOUT: Duration = Duration::from_millis(400);
/// More than the longest body, its text, and the set before it, with the buffers of the client.
const MOST_MEMORY: u64 = 3 * 1024 * 1024;

fn remote(url: &str) -> RemoteJwks<HyperFetch> {
    RemoteJwks::new(url, HyperFetch::insecure_with_http().unwrap()).timeout(TIMEOUT)
}

fn names(keys: &Keys) -> Vec<String> {
    keys.current().keys().map(|entry| entry.key().id().to_string()).collect()
}

fn issuer(random: u8) -> Issuer {
    let ring = KeyRing::generate(Algorithm::EdDsa, [random; 32], SystemClock.now()).unwrap();
    Issuer::new(ring, ISSUER, "orders")
}

fn set_of(issuer: &Issuer) -> Behaviour {
    Behaviour::json(issuer.keys().current().to_jwks())
}

fn token(issuer: &Issuer) -> String {
    let now = SystemClock.now();
    let who = LoggedIn::insecure_new(Claims::new("17", 0, now), SiteRole::Admin);
    issuer.issue(&who, now).unwrap().as_str().to_owned()
}

fn verdict(verifier: &Verifier<SiteRole>, token: &str, now: UnixTime) -> Option<TokenErrorKind> {
    verifier.verify(token.as_bytes(), now).err().map(|error| error.kind())
}

/// Waits until the token is accepted and returns the time that it took.
async fn accepted_after(verifier: &Verifier<SiteRole>, token: &str) -> Duration {
    let start = Instant::now();
    while verdict(verifier, token, SystemClock.now()).is_some() {
        assert!(start.elapsed() < Duration::from_secs(20), "the token is not accepted");
        sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

#[test]
fn hostile_server_gets_the_verdict_of_each_row() {
    let rows: Vec<Row> = set::rows().into_iter().chain(behaviour::rows()).collect();
    assert!(rows.len() >= 60, "{}", rows.len());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for Row { name, behaviour, verdict } in rows {
        let server = KeyServer::start(Behaviour::json(set::of(&[set::key("good", 1)])));
        let mut remote = remote(&server.url());
        runtime.block_on(remote.load()).unwrap();
        let before = server.requests();
        server.behave(behaviour);
        let start = Instant::now();
        let mut result = None;
        let memory = allocation_counter::measure(|| {
            result = Some(runtime.block_on(remote.load()));
        });
        let (result, took) = (result.unwrap(), start.elapsed());
        match verdict {
            Verdict::Used(_) | Verdict::Ignored => {
                let expected = if let Verdict::Used(names) = verdict { names } else { &["new"] };
                assert!(result.is_ok(), "{name}: {result:?}");
                assert_eq!(names(&remote.keys()), expected, "{name}");
            }
            Verdict::Kept => {
                assert!(result.is_err(), "{name}");
                assert_eq!(names(&remote.keys()), ["good"], "{name}: {result:?}");
            }
        }
        assert!(took < TIMEOUT + Duration::from_millis(400), "{name}: {took:?}");
        assert!(memory.bytes_max < MOST_MEMORY, "{name}: {} bytes", memory.bytes_max);
        assert!(server.requests() <= before + 1, "{name}: redirects are not followed");
    }
}

/// The guide has the same table.
#[test]
fn guide_lists_every_row_with_its_verdict() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/src/verify-only.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let missing: Vec<String> = set::rows()
        .into_iter()
        .chain(behaviour::rows())
        .map(|row| {
            let verdict = match row.verdict {
                Verdict::Used(_) => "used",
                Verdict::Ignored => "this key is ignored, the others are used",
                Verdict::Kept => "not used",
            };
            format!("| {} | {verdict} |", row.name)
        })
        .filter(|line| !guide.lines().any(|written| written.starts_with(line)))
        .collect();
    assert!(missing.is_empty(), "add to {path}:\n{}", missing.join("\n"));
}

#[tokio::test]
async fn https_client_sends_nothing_over_http() {
    let server = KeyServer::start(Behaviour::json(set::of(&[set::key("good", 1)])));
    let mut remote = RemoteJwks::new(server.url(), HyperFetch::new().unwrap());
    assert!(remote.load().await.is_err());
    let mut over_tls =
        RemoteJwks::new(server.url().replace("http://", "https://"), HyperFetch::new().unwrap());
    assert!(over_tls.load().await.is_err());
    assert!(names(&remote.keys()).is_empty() && names(&over_tls.keys()).is_empty());
}

/// A withdrawn key is rejected with the next set, whatever else the set contains.
#[tokio::test]
async fn withdrawn_key_is_rejected_after_the_next_set() {
    let (old, new) = (issuer(1), issuer(2));
    let server = KeyServer::start(set_of(&old));
    let mut remote = remote(&server.url());
    remote.load().await.unwrap();
    let verifier = Verifier::<SiteRole>::new(remote.keys(), ISSUER, "orders");
    let token = token(&old);
    assert_eq!(verdict(&verifier, &token, SystemClock.now()), None);
    let new_key = new.keys().current().to_jwks().replace("{\"keys\":[", "").replace("]}", "");
    for other in set::UNUSABLE {
        server.behave(set_of(&old));
        remote.load().await.unwrap();
        assert_eq!(verdict(&verifier, &token, SystemClock.now()), None, "{other}");
        server.behave(Behaviour::json(format!("{{\"keys\":[{other},{new_key}]}}")));
        remote.load().await.unwrap();
        let rejected = Some(TokenErrorKind::UnknownKey);
        assert_eq!(verdict(&verifier, &token, SystemClock.now()), rejected, "{other}");
    }
}

/// A server that returns unusable responses forever cannot keep a withdrawn key in use.
#[tokio::test]
async fn keys_end_after_the_maximum_staleness() {
    let old = issuer(1);
    for behaviour in
        [Behaviour::json("{\"keys\":[]}"), Behaviour::status("500 Oops", ""), Behaviour::silent()]
    {
        let server = KeyServer::start(set_of(&old));
        let mut remote = remote(&server.url())
            .period(Duration::from_millis(100))
            .max_staleness(Duration::from_millis(1_500));
        remote.load().await.unwrap();
        let verifier = Verifier::<SiteRole>::new(remote.keys(), ISSUER, "orders");
        let (task, token) = (tokio::spawn(remote.run()), token(&old));
        // The clock stands still, so the task alone ends the acceptance.
        let now = SystemClock.now();
        for _ in 0..20 {
            sleep(Duration::from_millis(100)).await;
            assert_eq!(verdict(&verifier, &token, now), None, "the set is confirmed");
        }
        server.behave(behaviour);
        let start = Instant::now();
        while verdict(&verifier, &token, now).is_none() {
            assert!(start.elapsed() < Duration::from_millis(1_900), "a stale key is accepted");
            sleep(Duration::from_millis(10)).await;
        }
        assert!(start.elapsed() > Duration::from_millis(900), "the last good set is kept");
        server.behave(set_of(&old));
        accepted_after(&verifier, &token).await;
        task.abort();
    }
}

/// The end is part of the ring: it holds although the task was aborted, or has panicked.
#[tokio::test]
async fn keys_of_a_dead_task_end_by_the_clock_of_the_verifier() {
    struct Panics(HyperFetch, AtomicBool);
    impl Fetch for Panics {
        type Error = <HyperFetch as Fetch>::Error;
        async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, Self::Error> {
            assert!(!self.1.swap(true, Ordering::SeqCst), "the client of the site panics");
            self.0.fetch(request).await
        }
    }
    let issuer = issuer(1);
    let server = KeyServer::start(set_of(&issuer));
    let client = Panics(HyperFetch::insecure_with_http().unwrap(), AtomicBool::new(false));
    let mut remote = RemoteJwks::new(server.url(), client).period(Duration::from_millis(1));
    remote.load().await.unwrap();
    let verifier =
        Verifier::<SiteRole>::new(remote.keys(), ISSUER, "orders").max_lifetime(Duration::MAX);
    assert!(tokio::spawn(remote.run()).await.unwrap_err().is_panic());
    let long = issuer.lifetime(Duration::from_secs(86_400));
    let (token, now) = (token(&long), SystemClock.now());
    let after =
        |seconds| verdict(&verifier, &token, now.saturating_add(Duration::from_secs(seconds)));
    assert_eq!(after(3_590), None);
    assert_eq!(after(3_601), Some(TokenErrorKind::UnknownKey));
}

/// Neither an invented `kid`, nor many tokens with it, nor a failed fetch delay a key rollover.
#[tokio::test]
async fn invented_kids_and_failed_fetches_delay_no_rollover() {
    let (old, new) = (issuer(1), issuer(2));
    let server = KeyServer::start(set_of(&old));
    let mut remote = remote(&server.url());
    remote.load().await.unwrap();
    let verifier = Verifier::<SiteRole>::new(remote.keys(), ISSUER, "orders");
    let task = tokio::spawn(remote.run());
    let invented = token(&issuer(3));
    for _ in 0..50 {
        assert!(verdict(&verifier, &invented, SystemClock.now()).is_some());
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.requests(), 2, "one more fetch for one invented kid");
    server.behave(Behaviour::status("500 Oops", ""));
    assert!(verdict(&verifier, &token(&issuer(4)), SystemClock.now()).is_some());
    while server.requests() < 3 {
        sleep(Duration::from_millis(5)).await;
    }
    server.behave(set_of(&new));
    let took = accepted_after(&verifier, &token(&new)).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    task.abort();
}

/// A flood of different invented names causes a bounded number of fetches, one at a time, and no
/// verification waits for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_invented_kids_is_bounded_and_delays_no_request() {
    let good = issuer(1);
    let server = KeyServer::start(set_of(&good));
    let mut remote = remote(&server.url());
    remote.load().await.unwrap();
    let verifier = Verifier::<SiteRole>::new(remote.keys(), ISSUER, "orders").remember(0);
    let task = tokio::spawn(remote.run());
    server.behave(Behaviour::silent());
    let (valid, mut longest) = (token(&good), Duration::ZERO);
    let start = Instant::now();
    let mut seed = 0_u8;
    while start.elapsed() < Duration::from_secs(3) {
        seed = seed.wrapping_add(1);
        let invented = format!(
            "{}.AA.AA",
            behaviour::header(&format!("invented-{seed}-{}", start.elapsed().as_nanos()))
        );
        let begin = Instant::now();
        assert!(verdict(&verifier, &invented, SystemClock.now()).is_some());
        assert_eq!(verdict(&verifier, &valid, SystemClock.now()), None);
        longest = longest.max(begin.elapsed());
        sleep(Duration::from_millis(1)).await;
    }
    assert!(longest < TIMEOUT, "a request waited for a fetch: {longest:?}");
    assert!(server.requests() <= 1 + 4 + 2, "{} fetches", server.requests());
    assert_eq!(server.most_concurrent(), 1);
    task.abort();
}
