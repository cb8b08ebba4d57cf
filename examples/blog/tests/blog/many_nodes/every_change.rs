//! Four kinds of revocation on three kinds of node, with three transports, and the delay of each
//! node.
//!
//! Four processes use one database: the blog on axum, the blog on actix-web, and two nodes that use
//! only tower (`hallpass-conformance`'s example `tower_node`), of which one runs the operator's
//! commands. One process makes the change and must reject the copied cookie immediately. The delay
//! of the other processes is measured.
//!
//! The other two programs must be in the directory of the blog's program: `cargo build -p
//! blog-actix`, and `cargo build -p hallpass-conformance --example tower_node`.

use std::{
    cell::RefCell,
    io::{BufRead, Write},
    path::{Path, PathBuf},
    process::ChildStdin,
    time::{Duration, Instant},
};

use hallpass_test_support::{
    fault_proxy::FaultProxy, http::client::Client, postgres::Database, process::Server,
    redis::RedisServer,
};

use super::{LIVE, nodes::Nodes, somebody_with};
use crate::{
    person::ACCESS,
    site::{BOUND, PROGRAM},
};

/// Returns the number of rounds of each change with push: 1,000, which a p99 needs, or the value of
/// `ROUNDS`.
fn rounds() -> usize {
    std::env::var("ROUNDS").map_or(1000, |rounds| rounds.parse().expect("ROUNDS is a number"))
}

#[test]
#[ignore = "needs PostgreSQL, and the programs of blog-actix and tower_node: DATABASE_URL, ROUNDS"]
fn every_revocation_is_pushed_to_every_kind_of_node() {
    let database = Database::new();
    let site = Mixed::start(&[("DATABASE_URL", database.url())]);
    site.assert_pushed("LISTEN/NOTIFY");
}

#[test]
#[ignore = "needs PostgreSQL and Redis, and the programs of blog-actix and tower_node: DATABASE_URL, ROUNDS"]
fn every_revocation_is_pushed_through_redis() {
    let database = Database::new();
    let redis = RedisServer::start();
    let site = Mixed::start(&[("DATABASE_URL", database.url()), ("REDIS_URL", redis.url())]);
    database.run("DROP TRIGGER hallpass_revocations_notify ON hallpass_revocations");
    site.assert_pushed("Redis stream");
}

#[test]
#[ignore = "needs PostgreSQL, and the programs of blog-actix and tower_node: DATABASE_URL"]
fn polling_keeps_the_bound_on_every_kind_of_node() {
    let database = Database::new();
    let proxy = FaultProxy::to(database.host());
    let site = Mixed::start(&[("DATABASE_URL", database.url_through(proxy.address()))]);
    proxy.drop_notifications();
    for change in CHANGES {
        let delays = site.delays(change, 10);
        println!("{}", line("none (poll)", change, &delays));
        for (kind, delays) in &delays {
            assert!(delays.iter().all(|delay| *delay < BOUND), "{change:?} on {kind}: {delays:?}");
        }
    }
    assert!(proxy.dropped() >= 10, "the proxy dropped the notifications");
}

#[test]
#[ignore = "needs PostgreSQL, and the programs of blog-actix and tower_node: DATABASE_URL"]
fn revocations_persist_after_a_restart_of_every_node() {
    let database = Database::new();
    let mut site = Mixed::start(&[("DATABASE_URL", database.url())]);
    let mut dead = Vec::new();
    for change in CHANGES {
        for round in 0..3 {
            dead.push(site.change(change, round).0);
        }
    }
    site.operator.order("register", "fay");
    let live = site.operator.order("log-in", "fay");
    for kind in KINDS {
        site.nodes.restart(kind.0);
        for copied in &dead {
            assert_eq!(
                site.nodes.status_with(kind.0, copied),
                401,
                "{}, first request after a restart",
                kind.1
            );
        }
        assert_eq!(site.nodes.status_with(kind.0, &live), LIVE, "{}", kind.1);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Revocation {
    /// Alternates between the blog on axum and the blog on actix-web.
    LogOut,
    SetRole,
    Disable,
    Password,
}

const CHANGES: [Revocation; 4] =
    [Revocation::LogOut, Revocation::SetRole, Revocation::Disable, Revocation::Password];
/// The nodes whose delay is measured.
const KINDS: [(usize, &str); 3] = [(0, "axum"), (1, "actix-web"), (2, "tower")];

type Delays = Vec<(&'static str, Vec<Duration>)>;

struct Mixed {
    operator: Operator,
    nodes: Nodes,
}

impl Mixed {
    fn start(settings: &[(&str, String)]) -> Self {
        let programs = [PROGRAM.into(), beside("blog-actix"), beside("examples/tower_node")];
        let nodes = Nodes::of(&programs, settings);
        let operator = Operator::start(nodes.one_more(&beside("examples/tower_node")));
        for change in CHANGES {
            operator.order("register", name(change));
        }
        Self { operator, nodes }
    }

    /// Revokes a copied cookie, and checks that the process that revoked it rejects it immediately.
    /// Returns the cookie, the index of the node that revoked it (`None` for the operator's node)
    /// and the time.
    fn change(&self, change: Revocation, round: usize) -> (String, Option<usize>, Instant) {
        let name = name(change);
        if change == Revocation::Disable {
            self.operator.order("enable", name);
        }
        let copied = self.operator.order("log-in", name);
        for (node, kind) in KINDS {
            assert_eq!(self.nodes.status_with(node, &copied), LIVE, "{change:?} on {kind}");
        }
        let by = match change {
            Revocation::LogOut => {
                let mut browser = self.nodes.browser(round % 2);
                browser.cookies.insert(ACCESS, copied.clone());
                browser.post("/logout", &[]).expect_see_other("/");
                Some(round % 2)
            }
            Revocation::SetRole => {
                self.operator
                    .order("set-role", &format!("{name} {}", ["moderator", "guest"][round % 2]));
                None
            }
            Revocation::Disable => {
                self.operator.order("disable", name);
                None
            }
            Revocation::Password => {
                self.operator.order("password", name);
                None
            }
        };
        let done = Instant::now();
        let immediately = by.map_or_else(
            || self.operator.status_with(&copied),
            |node| self.nodes.status_with(node, &copied),
        );
        assert_eq!(immediately, 401, "{change:?}: rejected immediately where it was made");
        (copied, by, done)
    }

    /// Returns, for each kind of node, the sorted delays from the change until the node rejects the
    /// copied cookie.
    fn delays(&self, change: Revocation, rounds: usize) -> Delays {
        let mut delays: Delays = KINDS.iter().map(|(_, kind)| (*kind, Vec::new())).collect();
        for round in 0..rounds {
            let (copied, by, done) = self.change(change, round);
            let mut waiting: Vec<_> =
                KINDS.iter().map(|(node, _)| *node).filter(|node| Some(*node) != by).collect();
            // The requests alternate between the nodes, so that the delay of one node does not
            // include the delay of another.
            while !waiting.is_empty() {
                waiting.retain(|node| match self.nodes.status_with(*node, &copied) {
                    401 => {
                        delays[*node].1.push(done.elapsed());
                        false
                    }
                    LIVE => true,
                    status => panic!("{change:?}: node {node} responds with {status}"),
                });
                assert!(
                    done.elapsed() < BOUND,
                    "{change:?}: nodes {waiting:?} still accept the cookie"
                );
            }
        }
        delays.iter_mut().for_each(|(_, delays)| delays.sort_unstable());
        delays
    }

    fn assert_pushed(&self, transport: &str) {
        let found = CHANGES.map(|change| {
            let delays = self.delays(change, rounds());
            println!("{}", line(transport, change, &delays));
            (change, delays)
        });
        let calls = self.nodes.script(2).get("/calls").expect(200).text();
        assert_eq!(calls, "0", "calls of the store by the authenticator");
        println!("calls of the store within guarded requests: {calls}");
        for (change, delays) in &found {
            for (kind, delays) in delays {
                // With few rounds the p99 is the largest delay, which depends on the load of the
                // machine. A short run therefore checks the p90.
                let part = if delays.len() < 500 { 90 } else { 99 };
                let tail = delays[delays.len() * part / 100];
                assert!(
                    tail < Duration::from_millis(100),
                    "{change:?} on {kind} by {transport}: p{part} {tail:?}"
                );
            }
        }
    }
}

/// Returns the account of a change. Each change has its own account.
fn name(change: Revocation) -> &'static str {
    match change {
        Revocation::LogOut => "ann",
        Revocation::SetRole => "bob",
        Revocation::Disable => "eve",
        Revocation::Password => "dan",
    }
}

/// Formats a row of the table in `docs/many-nodes.md`.
fn line(transport: &str, change: Revocation, delays: &Delays) -> String {
    let change = match change {
        Revocation::LogOut => "logout",
        Revocation::SetRole => "role",
        Revocation::Disable => "disable",
        Revocation::Password => "password",
    };
    let figures = delays.iter().map(|(_, delays)| {
        let at = |part: usize| delays[delays.len() * part / 100].as_secs_f64() * 1000.0;
        format!("{:.1} / {:.1}", at(50), at(99))
    });
    format!("| {transport} | {change} | {} |", figures.collect::<Vec<_>>().join(" | "))
}

/// A node that reads the operator's commands from its standard input.
struct Operator {
    node: RefCell<Server>,
    orders: RefCell<ChildStdin>,
}

impl Operator {
    fn start(mut node: Server) -> Self {
        let orders = node.process.take_stdin();
        Self { node: node.into(), orders: orders.into() }
    }

    fn order(&self, order: &str, whom: &str) -> String {
        writeln!(self.orders.borrow_mut(), "{order} {whom}").expect("the node reads its input");
        let mut line = String::new();
        self.node.borrow_mut().output.read_line(&mut line).expect("a line of output");
        assert!(!line.is_empty(), "{order} {whom}: the command failed");
        line.trim_end().to_owned()
    }

    fn status_with(&self, access: &str) -> u16 {
        somebody_with(Client::script(self.node.borrow().address), access)
    }
}

/// Returns the path of a program in the directory of the blog's program.
fn beside(name: &str) -> PathBuf {
    let program = Path::new(PROGRAM).with_file_name(name);
    assert!(program.exists(), "{} does not exist; build it first", program.display());
    program
}
