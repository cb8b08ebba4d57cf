//! A flood of logins from random addresses of one IPv6 /48, over real connections, does not keep
//! honest people out (rows 13 and 29 of the threat table). `benches/login_flood.py` is the same
//! with 1,000 connections and a release build.

#![allow(clippy::print_stdout, reason = "prints the figures")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hallpass::store::SqliteStore;
use hallpass::{Hallpass, HashCost, PasswordHasherSettings, Proxies, RateLimit, RateLimits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
};

/// More than the queue has places, so that it is full at all times.
const CONNECTIONS: usize = 300;
/// The pause of a connection after each response. The flood shares the processor with the server.
const PAUSE: Duration = Duration::from_millis(100);
/// Honest people of each kind.
const PEOPLE: usize = 20;
/// A person tries again until then.
const PATIENCE: Duration = Duration::from_secs(5);
const PASSWORD: &str = "two+grey+herons+at+dawn";

struct Connection(TcpStream);

struct Response {
    status: u16,
    cookies: String,
}

impl Connection {
    async fn to(server: SocketAddr) -> Self {
        Self(TcpStream::connect(server).await.unwrap())
    }

    async fn post(&mut self, path: &str, name: &str, from: &str, cookies: &str) -> Response {
        let body = format!("username={name}&password={PASSWORD}");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: site.example\r\naccept: application/json\r\n\
             x-forwarded-for: {from}\r\ncookie: {cookies}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        loop {
            let mut buffer = [0; 4096];
            let read = self.0.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0, "the server closed the connection");
            response.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&response);
            let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
            let header = |name: &'static str| {
                head.lines().filter_map(move |line| {
                    let (found, value) = line.split_once(": ")?;
                    found.eq_ignore_ascii_case(name).then(|| value.to_owned())
                })
            };
            let length =
                header("content-length").next().map_or(0, |length| length.parse().unwrap());
            if rest.len() >= length {
                let status = head["http/1.1 ".len()..][..3].parse().unwrap();
                let pairs = header("set-cookie").map(|it| it.split(';').next().unwrap().to_owned());
                return Response { status, cookies: pairs.collect::<Vec<_>>().join("; ") };
            }
        }
    }
}

/// Logs in and tries again after each 503. Returns the time, or `None` after the patience.
async fn person(
    server: SocketAddr,
    name: String,
    from: String,
    cookies: String,
) -> Option<Duration> {
    let start = Instant::now();
    let mut connection = Connection::to(server).await;
    loop {
        match connection.post("/login", &name, &from, &cookies).await.status {
            200 => return (start.elapsed() < PATIENCE).then(|| start.elapsed()),
            503 => sleep(Duration::from_secs(1)).await,
            other => panic!("{other}: an attempt that was not evaluated was counted"),
        }
        if start.elapsed() >= PATIENCE {
            return None;
        }
    }
}

/// An address of one /48, from a generator that is good enough here.
fn in_one_48(seed: &mut u64) -> String {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let [.., a, b, c, d, e, f] = seed.to_be_bytes();
    format!("2001:db8:1:{a:02x}{b:02x}:{c:02x}{d:02x}::{e:02x}{f:02x}")
}

fn succeeded(times: &[Option<Duration>]) -> usize {
    times.iter().flatten().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn login_flood_from_one_48_keeps_no_honest_person_out() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    // Otherwise the limit of the /48 ends the flood after 300 wrong passwords, and the queue is not
    // tested.
    let endless = RateLimit::new(1_000_000, Duration::from_secs(1));
    let limits = RateLimits::default().address(endless).site(1_000_000, 1);
    let hasher = PasswordHasherSettings::default().hash_cost(HashCost::new(19_456, 2, 1));
    let hallpass = Hallpass::<SiteRole>::builder(store)
        .everything()
        .key_file(scratch.path("keys.json"))
        .password_hasher(hasher.max_permits(2))
        .rate_limits(limits)
        .proxies(Proxies::x_forwarded_for(["127.0.0.1"]).unwrap())
        .start()
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let service = pages(&hallpass).into_make_service_with_connect_info::<SocketAddr>();
    let _served = tokio::spawn(axum::serve(listener, service).into_future());

    let mut known = Vec::new();
    for number in 0..2 * PEOPLE {
        let from = format!("198.51.{number}.7");
        let mut connection = Connection::to(server).await;
        let registered = connection.post("/register", &format!("person{number}"), &from, "").await;
        assert!(matches!(registered.status, 200 | 201), "{}", registered.status);
        let browser = |cookie: &&str| cookie.starts_with("__Host-hallpass_browser=");
        let cookie = registered.cookies.split("; ").find(browser).unwrap().to_owned();
        // The browser is known from the first login that sends its cookie.
        if number < PEOPLE {
            let name = format!("person{number}");
            assert_eq!(connection.post("/login", &name, &from, &cookie).await.status, 200);
        }
        known.push(cookie);
    }

    let is_over = Arc::new(AtomicBool::new(false));
    let attempts = Arc::new(AtomicUsize::new(0));
    let mut flood = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (is_over, attempts) = (is_over.clone(), attempts.clone());
        flood.spawn(async move {
            let mut connection = Connection::to(server).await;
            let mut seed = number as u64;
            let (mut served, mut round) = (0, 0);
            while !is_over.load(Ordering::Relaxed) {
                let (from, name) = (in_one_48(&mut seed), format!("name{number}x{round}"));
                let status = connection.post("/login", &name, &from, "").await.status;
                assert!(matches!(status, 401 | 503), "{status}");
                served += usize::from(status == 401);
                round += 1;
                attempts.fetch_add(1, Ordering::Relaxed);
                sleep(PAUSE).await;
            }
            served
        });
    }
    while attempts.load(Ordering::Relaxed) < CONNECTIONS {
        sleep(Duration::from_millis(10)).await;
    }

    let (mut by_known, mut by_unknown) = (JoinSet::new(), JoinSet::new());
    for (number, cookie) in known.into_iter().enumerate() {
        let name = format!("person{number}");
        if number < PEOPLE {
            let from = format!("203.0.{number}.9");
            by_known.spawn(person(server, name, from, cookie));
        } else {
            by_unknown.spawn(person(server, name, format!("192.0.{number}.9"), String::new()));
        }
        sleep(Duration::from_millis(50)).await;
    }
    let (by_known, by_unknown) = (by_known.join_all().await, by_unknown.join_all().await);
    is_over.store(true, Ordering::Relaxed);
    let served: usize = flood.join_all().await.into_iter().sum();
    let attempts = attempts.load(Ordering::Relaxed);
    println!(
        "flood: {served} of {attempts} attempts hashed; known browsers: {} of {PEOPLE}, slowest \
         {:?}; unknown: {} of {PEOPLE}, slowest {:?}",
        succeeded(&by_known),
        by_known.iter().max().unwrap(),
        succeeded(&by_unknown),
        by_unknown.iter().max().unwrap(),
    );
    assert!(attempts > 2 * CONNECTIONS, "{attempts} attempts: the flood was too small");
    assert!(succeeded(&by_known) >= PEOPLE * 95 / 100);
    assert!(succeeded(&by_unknown) >= PEOPLE / 2);
}
