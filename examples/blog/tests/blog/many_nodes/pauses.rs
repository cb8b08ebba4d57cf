//! A node, a server or a network that stops for some time: what each node accepts meanwhile, and
//! how long it takes until all is as before. The figures are those of `docs/many-nodes.md`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use hallpass_test_support::fault_proxy::{Fault, FaultProxy};
use hallpass_test_support::postgres::Database;
use hallpass_test_support::postgres_server::PostgresServer;
use hallpass_test_support::redis::RedisServer;

use super::{LIVE, nodes::Nodes};
use crate::person::{ACCESS, PASSWORD, log_in, register};
use crate::site::BOUND;

/// Maximum duration of a login, whatever the store does.
const LOGIN: Duration = Duration::from_secs(2);
/// The status for a token that is neither accepted nor known to be revoked.
const UNAVAILABLE: u16 = 503;

/// Observes a node for some time. A ready node accepts no token past the bound after it was
/// revoked. Returns the time until the node was not ready.
#[track_caller]
fn watch(nodes: &Nodes, dead: &str, revoked: Instant, time: Duration) -> Option<Duration> {
    let mut not_ready = None;
    while revoked.elapsed() < time {
        let late = revoked.elapsed() > BOUND;
        let status = nodes.status_with(0, dead);
        let reason = nodes.reason(0);
        if reason.is_some() {
            not_ready.get_or_insert(revoked.elapsed());
        }
        assert!(
            status != LIVE || !late || reason.is_some(),
            "a ready node accepts the token {:.1?} after it was revoked",
            revoked.elapsed()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    not_ready
}

/// Asserts that a login is rejected in time, and that it sets no cookie.
#[track_caller]
fn assert_login_fails(nodes: &Nodes) {
    let start = Instant::now();
    let answer = nodes.script(0).post("/login", &[("username", "ann"), ("password", PASSWORD)]);
    let took = start.elapsed();
    assert_eq!(answer.status, UNAVAILABLE, "{answer:?}");
    assert!(
        answer.set_cookies().is_empty() && took < LOGIN + Duration::from_millis(500),
        "{took:?}"
    );
}

/// Returns the times until the node is ready, and until a login succeeds.
#[track_caller]
fn recovery(nodes: &Nodes) -> [Duration; 2] {
    let start = Instant::now();
    let (mut ready, mut login) = (None, None);
    while ready.is_none() || login.is_none() {
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", nodes.reason(0));
        if ready.is_none() && nodes.reason(0).is_none() {
            ready = Some(start.elapsed());
        }
        if login.is_none() && log_in(&mut nodes.browser(0), "ann", "").status == 303 {
            login = Some(start.elapsed());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    [ready, login].map(Option::unwrap_or_default)
}

/// Asserts that a failed read of the log and a failed login are logged with this cause.
#[track_caller]
fn assert_log_names_the_cause(log: &str, cause: &str) {
    for operation in ["the revocation log is not available", "operation="] {
        let line = log.lines().find(|line| line.contains("ERROR") && line.contains(operation));
        let line = line.unwrap_or_else(|| panic!("{operation} in {log}"));
        println!("{line}");
        assert!(line.contains(cause), "{line}");
    }
}

/// Two requests on one connection, sent to a process that is stopped: whether the node is ready,
/// and then a page that needs a token.
struct Waiting(TcpStream);

impl Waiting {
    fn send(address: SocketAddr, access: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("the system accepts the connection");
        let timeout = Some(Duration::from_secs(30));
        stream.set_read_timeout(timeout).expect("a timeout can be set");
        let head = |target: &str, more: &str| {
            format!(
                "GET {target} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\n{more}\r\n"
            )
        };
        let cookie = format!("cookie: {ACCESS}={access}\r\nconnection: close\r\n");
        let text = head("/readyz", "") + &head("/posts/new", &cookie);
        stream.write_all(text.as_bytes()).expect("the system accepts the request");
        Self(stream)
    }

    /// Returns whether the node was ready, and the status of the page.
    fn statuses(mut self) -> (bool, u16) {
        let mut text = Vec::new();
        self.0.read_to_end(&mut text).expect("the node responds");
        let text = String::from_utf8_lossy(&text);
        let mut statuses = text.match_indices("HTTP/1.1 ").filter_map(|(at, start)| {
            text.get(at + start.len()..at + start.len() + 3)?.parse::<u16>().ok()
        });
        let ready = statuses.next().expect("a first response");
        (ready == 200, statuses.next().expect("a second response"))
    }
}

fn paused_node(pause: Duration) {
    let database = Database::new();
    let url = ("DATABASE_URL", database.url());
    let nodes = Nodes::start(1, std::slice::from_ref(&url));
    let serving = nodes.joined_by(std::slice::from_ref(&url));
    let refusing = nodes.joined_by(&[url, ("BLOG_REFUSE_AFTER", "5".to_owned())]);
    register(nodes.browser(0), "ann");
    let mut bob = register(nodes.browser(0), "bob");
    let dead = bob.cookies[ACCESS].clone();
    let paused = [(&serving, "served until expiry"), (&refusing, "refused after 5 s")];
    for (node, _) in paused {
        assert_eq!(node.status_with(0, &dead), LIVE);
        node.signal(0, "STOP");
    }
    bob.post("/logout", &[]).expect_see_other("/");
    let revoked = Instant::now();
    std::thread::sleep(pause);
    let waiting = paused.map(|(node, _)| {
        let send = |_| Waiting::send(node.address(0), &dead);
        (0..40).map(send).collect::<Vec<_>>()
    });
    for ((node, policy), waiting) in paused.into_iter().zip(waiting) {
        node.signal(0, "CONT");
        let (mut accepted, mut refused) = (0, 0);
        for waiting in waiting {
            let (was_ready, status) = waiting.statuses();
            assert!(!(was_ready && status == LIVE), "a ready node accepts a revoked token");
            match status {
                LIVE => accepted += 1,
                401 | UNAVAILABLE => refused += 1,
                status => panic!("{status}"),
            }
        }
        let [ready, login] = recovery(node);
        assert_eq!(node.status_with(0, &dead), 401);
        println!(
            "node paused {pause:?}, {policy}: of 40 waiting requests with a revoked token \
             {accepted} accepted, {refused} refused; ready after {ready:.1?}, login after {login:.1?}"
        );
        if policy.starts_with("refused") {
            assert_eq!(accepted, 0, "the first request after the pause is served from an old list");
        }
    }
    assert!(revoked.elapsed() >= pause);
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn a_node_that_was_paused_is_not_ready_at_the_first_request() {
    paused_node(Duration::from_secs(7));
}

fn paused_primary(pause: Duration) {
    let server = PostgresServer::start();
    let nodes = Nodes::start(1, &[("DATABASE_URL", server.url())]);
    let live = register(nodes.browser(0), "ann").cookies[ACCESS].clone();
    let mut bob = register(nodes.browser(0), "bob");
    let dead = bob.cookies[ACCESS].clone();
    bob.post("/logout", &[]).expect_see_other("/");
    server.pause();
    let paused = Instant::now();
    assert_login_fails(&nodes);
    let not_ready = watch(&nodes, &dead, paused, pause).expect("the node is not ready");
    assert_login_fails(&nodes);
    let statuses = [&live, &dead].map(|access| nodes.status_with(0, access));
    assert_eq!(statuses, [LIVE, 401], "a valid token is accepted, and a revoked one is not");
    server.resume();
    let [ready, login] = recovery(&nodes);
    println!(
        "primary paused {pause:?}: not ready after {not_ready:.1?}; then ready after {ready:.1?}, login after {login:.1?}"
    );
    let log = nodes.log();
    assert_log_names_the_cause(&log, "respond");
    assert!(log.contains("revocation-log-silent"), "{log}");
    assert_eq!(nodes.status_with(0, &dead), 401);
}

#[test]
#[ignore = "needs the programs of PostgreSQL"]
fn a_paused_primary_makes_nodes_not_ready_until_it_continues() {
    paused_primary(Duration::from_millis(7500));
}

#[test]
#[ignore = "needs PostgreSQL and Redis: DATABASE_URL"]
fn a_node_behind_a_partition_is_not_ready_until_it_ends() {
    let (database, redis) = (Database::new(), RedisServer::start());
    let proxies = [FaultProxy::to(database.host()), FaultProxy::to(redis.host())];
    let near = Nodes::start(1, &[("DATABASE_URL", database.url()), ("REDIS_URL", redis.url())]);
    let far = near.joined_by(&[
        ("DATABASE_URL", database.url_through(proxies[0].address())),
        ("REDIS_URL", format!("redis://{}", proxies[1].address())),
    ]);
    let live = register(near.browser(0), "ann").cookies[ACCESS].clone();
    let mut bob = register(near.browser(0), "bob");
    let dead = bob.cookies[ACCESS].clone();
    assert_eq!(far.status_with(0, &dead), LIVE);
    // No packet arrives, and no connection is closed.
    for proxy in &proxies {
        proxy.at(0, Fault::Hang);
    }
    std::thread::sleep(Duration::from_millis(1500));
    bob.post("/logout", &[]).expect_see_other("/");
    let revoked = Instant::now();
    assert_login_fails(&far);
    let not_ready = watch(&far, &dead, revoked, Duration::from_secs(7)).expect("not ready");
    assert_eq!((far.reason(0).as_deref(), near.reason(0)), (Some("outdated"), None));
    assert_eq!([&near, &far].map(|node| node.status_with(0, &live)), [LIVE; 2]);
    assert_eq!(near.status_with(0, &dead), 401);
    for proxy in &proxies {
        proxy.repair();
    }
    let [ready, login] = recovery(&far);
    assert_eq!(far.status_with(0, &dead), 401);
    assert_log_names_the_cause(&far.log(), "respond");
    println!(
        "partition: not ready after {not_ready:.1?}; then ready after {ready:.1?}, login after {login:.1?}"
    );
}

/// The slots of superusers stay free, so that the test can end the connections of a node.
#[test]
#[ignore = "needs the programs of PostgreSQL"]
fn postgres_without_free_connections_names_the_cause() {
    let server =
        PostgresServer::start_with("max_connections = 30\nsuperuser_reserved_connections = 3");
    server.query(
        "CREATE ROLE site LOGIN; CREATE ROLE other LOGIN; GRANT ALL ON SCHEMA public TO site",
    );
    let url = |node: &str| {
        let url = format!("{}&application_name={node}", server.url_of("site"));
        ("DATABASE_URL", url)
    };
    let near = Nodes::start(1, &[url("near")]);
    let far = near.joined_by(&[url("far")]);
    let live = register(near.browser(0), "ann").cookies[ACCESS].clone();
    let mut bob = register(near.browser(0), "bob");
    let dead = bob.cookies[ACCESS].clone();
    assert_eq!(far.status_with(0, &dead), LIVE);

    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'far'";
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'far'";
    let mut clients = Vec::new();
    let start = Instant::now();
    // The node and the other clients take the connections that become free.
    while server.query(count) != "0"
        || server.idle_client("other").map(|more| clients.push(more)).is_some()
    {
        assert!(start.elapsed() < Duration::from_secs(30), "the node keeps a connection");
        server.query(end);
        clients.extend(std::iter::from_fn(|| server.idle_client("other")));
    }
    bob.post("/logout", &[]).expect_see_other("/");
    let revoked = Instant::now();
    assert_login_fails(&far);
    let not_ready = watch(&far, &dead, revoked, Duration::from_secs(7)).expect("not ready");
    assert_eq!((far.reason(0).as_deref(), near.reason(0)), (Some("outdated"), None));
    assert_eq!(far.status_with(0, &live), LIVE);
    let log = far.log();
    assert_log_names_the_cause(&log, "too many clients");
    drop(clients);
    let [ready, login] = recovery(&far);
    assert_eq!(far.status_with(0, &dead), 401);
    println!(
        "no connections: not ready after {not_ready:.1?}; then ready after {ready:.1?}, login after {login:.1?}"
    );
}

mod long {
    use super::*;

    #[test]
    #[ignore = "needs PostgreSQL: DATABASE_URL; takes a minute"]
    fn a_node_that_was_paused_for_a_minute_is_not_ready() {
        paused_node(Duration::from_secs(60));
    }

    #[test]
    #[ignore = "needs the programs of PostgreSQL; takes a minute"]
    fn a_primary_that_was_paused_for_40_seconds_is_used_again() {
        paused_primary(Duration::from_secs(40));
    }
}
