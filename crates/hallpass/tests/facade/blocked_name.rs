//! A flood of attempts on one blocked name, over 1,000 connections: the logins of other people
//! succeed.

#![allow(clippy::print_stdout, reason = "prints the figures")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hallpass::Hallpass;
use hallpass::flow::Visitor;
use hallpass::store::SqlStore;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::interval,
};

use hallpass_test_support::postgres_server::PostgresServer;

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
};

const CONNECTIONS: usize = 1_000;
/// Each connection sends one attempt per period, so that the flood is not limited by the processor,
/// which the clients of this test share with the server. All of them send at the same moment.
const PERIOD: Duration = Duration::from_secs(3);
/// Minimum number of logins of another person during the flood.
const LOGINS: usize = 20;
const PASSWORD: &str = "two+grey+herons";

/// A connection that is used for one request after the other.
struct Connection(TcpStream);

impl Connection {
    async fn to(server: SocketAddr) -> Self {
        Self(TcpStream::connect(server).await.unwrap())
    }

    /// Posts a login and returns the status.
    async fn log_in(&mut self, name: &str, password: &str) -> u16 {
        let body = format!("username={name}&password={password}");
        let request = format!(
            "POST /login HTTP/1.1\r\nhost: site.example\r\naccept: application/json\r\n\
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
            let text = String::from_utf8_lossy(&response).to_ascii_lowercase();
            let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.split_once("content-length: ").map_or("0", |(_, length)| length);
            let length = length.lines().next().unwrap().parse::<usize>().unwrap();
            if rest.len() >= length {
                return head["http/1.1 ".len()..][..3].parse().unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn on_postgres_a_flood_on_a_blocked_name_delays_nobody() {
    let (database, scratch) = (PostgresServer::start(), Scratch::new());
    database.log_statements();
    let url = format!("{}&application_name=site", database.url());
    // Longer timeouts than by default, because the clients share the processor with the server. A
    // call waits at most 2 seconds for a connection to the database all the same.
    let hallpass = Hallpass::<SiteRole>::builder(SqlStore::open(&url).await.unwrap())
        .everything()
        .key_file(scratch.path("keys.json"))
        .store_timeout(Duration::from_secs(20))
        .request_timeout(Duration::from_secs(30))
        .start()
        .await
        .unwrap();
    for name in ["alice", "bob"] {
        let accounts = hallpass.accounts();
        let password = PASSWORD.replace('+', " ");
        let _registered = accounts.register(name, &password, &Visitor::default()).await.unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let _served = tokio::spawn(axum::serve(listener, pages(&hallpass)).into_future());

    let mut connection = Connection::to(server).await;
    for _ in 0..5 {
        assert_eq!(connection.log_in("alice", "wrong").await, 401);
    }
    assert_eq!(connection.log_in("alice", "wrong").await, 429);

    let is_over = Arc::new(AtomicBool::new(false));
    let attempts = Arc::new(AtomicUsize::new(0));
    let mut flood = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (is_over, attempts) = (is_over.clone(), attempts.clone());
        flood.spawn(async move {
            let mut connection = Connection::to(server).await;
            let mut ticks = interval(PERIOD);
            while !is_over.load(Ordering::Relaxed) {
                ticks.tick().await;
                let status = connection.log_in("alice", "wrong").await;
                // A free attempt comes back after the wait, and then is a wrong password.
                assert!(matches!(status, 429 | 401 | 503), "{status}");
                attempts.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let (mut slowest, mut answers) = (Duration::ZERO, Vec::new());
    while answers.len() < LOGINS || attempts.load(Ordering::Relaxed) < 2 * CONNECTIONS {
        let start = Instant::now();
        answers.push(connection.log_in("bob", PASSWORD).await);
        slowest = slowest.max(start.elapsed());
    }
    is_over.store(true, Ordering::Relaxed);
    while let Some(done) = flood.join_next().await {
        done.unwrap();
    }
    let attempts = attempts.load(Ordering::Relaxed);
    println!("{attempts} attempts on a blocked name; slowest login: {slowest:?}");
    assert_eq!(answers, vec![200; answers.len()]);
    let statements = database.statements("site");
    let of_limits = statements.iter().filter(|text| text.contains("hallpass_rate_limits")).count();
    // A login counts on its keys by two statements, and two more end the attempt.
    let logins = 4 * answers.len();
    println!("{of_limits} statements on rate limits, {logins} of them by the other logins");
    assert!(of_limits < logins + CONNECTIONS / 10, "{of_limits} statements, {logins} by logins");
}
