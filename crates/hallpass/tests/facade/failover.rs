//! A replica that was behind takes over, and a dump is restored (rows 52 and 53 of the threat
//! table, and the table of faults in `docs/many-nodes.md`). No ready node accepts a revoked token,
//! whatever the new server has lost.

#![allow(clippy::print_stdout, reason = "prints the figures")]

use std::time::{Duration, Instant};

use hallpass::flow::{Accounts, Readiness, Visitor};
use hallpass::store::{Cursor, PostgresStore, RevocationLog};
use hallpass::{AccountId, AccountsErrorKind, Clock, Event, Hallpass, SystemClock};
use hallpass_test_support::{fault_proxy::FaultProxy, postgres_server::PostgresServer};
use std::sync::{Arc, Mutex};
use tokio::time::sleep;

use crate::{scratch::Scratch, site::SiteRole};

const PASSWORD: &str = "two grey herons";

/// A node, and the accounts whose changes it reported as lost.
struct Node {
    hallpass: Hallpass<SiteRole>,
    lost: Arc<Mutex<Vec<String>>>,
}

impl Node {
    async fn start(url: &str, scratch: &Scratch) -> Self {
        let lost = Arc::new(Mutex::new(Vec::new()));
        let reported = lost.clone();
        let store = PostgresStore::open(url).await.unwrap();
        let hallpass = Hallpass::<SiteRole>::builder(store)
            .everything()
            .key_file(scratch.path("keys.json"))
            .default_roles([SiteRole::Guest])
            .on_event(move |event| {
                if let Event::ChangeLost { account } = event {
                    reported.lock().unwrap().push(account.as_str().to_owned());
                }
            })
            .start()
            .await
            .unwrap();
        Self { hallpass, lost }
    }

    fn accounts(&self) -> &Accounts<SiteRole> {
        self.hallpass.accounts()
    }

    fn accepts(&self, access: &str) -> bool {
        let authenticator = self.hallpass.request_authenticator();
        authenticator.verifier().verify(access.as_bytes(), SystemClock.now()).is_ok()
    }

    async fn await_readiness(&self, expected: Readiness) -> Duration {
        let start = Instant::now();
        while self.hallpass.readiness() != expected {
            let found = self.hallpass.readiness();
            assert!(start.elapsed() < Duration::from_secs(20), "{expected:?}, but {found:?}");
            sleep(Duration::from_millis(20)).await;
        }
        start.elapsed()
    }
}

/// A person who is logged in.
struct Person {
    name: &'static str,
    id: AccountId,
    access: String,
    refresh: String,
}

async fn register(node: &Node, name: &'static str) -> Person {
    let opened = node.accounts().register(name, PASSWORD, &Visitor::default()).await.unwrap();
    let opened = opened.opened().unwrap();
    Person {
        name,
        id: AccountId::new(opened.user.id.clone()),
        access: opened.access.as_str().to_owned(),
        refresh: opened.refresh.unwrap().as_str().to_owned(),
    }
}

async fn refusal_of_login(node: &Node, name: &str) -> Option<AccountsErrorKind> {
    let step = node.accounts().log_in(name, PASSWORD, None, &Visitor::default()).await;
    step.err().map(|error| error.kind())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn what_a_lagging_replica_lost_is_written_again() {
    let (primary, scratch) = (PostgresServer::start(), Scratch::new());
    let proxy = FaultProxy::to(primary.host());
    let url = primary.url_through(proxy.address());
    let nodes = [Node::start(&url, &scratch).await, Node::start(&url, &scratch).await];
    let [one, other] = &nodes;
    let replica = primary.replica();
    let alice = register(one, "alice").await;
    let bob = register(one, "bob").await;
    let carol = register(other, "carol").await;
    let dave = register(other, "dave").await;
    replica.await_all_of(&primary);
    replica.stop_receiving();

    one.hallpass.log_out_everywhere(&alice.id).await.unwrap();
    one.hallpass.disable(&bob.id).await.unwrap();
    let who = other.hallpass.request_authenticator();
    let who = who.verifier().verify(carol.access.as_bytes(), SystemClock.now()).unwrap();
    other.accounts().log_out(&who).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    let refused = [&alice, &bob, &carol];
    let accepted_by = |node: &Node| refused.map(|person| node.accepts(&person.access));
    assert_eq!([accepted_by(one), accepted_by(other)], [[false; 3]; 2]);

    primary.kill();
    replica.promote();
    proxy.redirect(replica.host());
    proxy.cut();
    proxy.repair();
    let start = Instant::now();
    // The failover is noticed, so the nodes cannot still be ready from before.
    sleep(Duration::from_millis(1500)).await;
    for node in &nodes {
        node.await_readiness(Readiness::Ready).await;
    }
    println!("failover: ready again after {:.1} s", start.elapsed().as_secs_f64());
    let late = Node::start(&replica.url(), &scratch).await;
    late.await_readiness(Readiness::Ready).await;
    for node in [one, other, &late] {
        assert_eq!(accepted_by(node), [false; 3]);
        assert!(node.accepts(&dave.access), "other tokens are accepted");
        for person in refused {
            let refreshed = node.accounts().refresh(person.refresh.as_bytes()).await;
            let kind = refreshed.err().map(|error| error.kind());
            assert_eq!(kind, Some(AccountsErrorKind::NotLoggedIn), "{}", person.name);
        }
        assert_eq!(refusal_of_login(node, "bob").await, Some(AccountsErrorKind::Refused));
    }
    let lost = || {
        one.lost
            .lock()
            .unwrap()
            .iter()
            .chain(&*other.lost.lock().unwrap())
            .cloned()
            .collect::<Vec<_>>()
    };
    assert!([&alice, &bob].iter().all(|person| lost().contains(&person.id.as_str().to_owned())));

    // The owner of the account is not in a loop: the next token is accepted on every node.
    let step = other.accounts().log_in("alice", PASSWORD, None, &Visitor::default()).await.unwrap();
    let access = step.opened().unwrap().access;
    sleep(Duration::from_secs(2)).await;
    for node in [one, other, &late] {
        assert!(node.accepts(access.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn failover_without_a_ready_node_waits_for_the_operator() {
    let (primary, scratch) = (PostgresServer::start(), Scratch::new());
    let node = Node::start(&primary.url(), &scratch).await;
    let alice = register(&node, "alice").await;
    let replica = primary.replica();
    replica.await_all_of(&primary);
    drop(node);
    primary.kill();
    replica.promote();

    let node = Node::start(&replica.url(), &scratch).await;
    node.await_readiness(Readiness::Failover).await;
    node.hallpass.accept_restore().await.unwrap();
    node.await_readiness(Readiness::Ready).await;
    assert!(!node.accepts(&alice.access));
    let refreshed = node.accounts().refresh(alice.refresh.as_bytes()).await;
    assert_eq!(refreshed.err().map(|error| error.kind()), Some(AccountsErrorKind::NotLoggedIn));
    assert_eq!(refusal_of_login(&node, "alice").await, None);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn restored_dump_waits_for_the_operator() {
    let (server, scratch) = (PostgresServer::start(), Scratch::new());
    let running = Node::start(&server.url(), &scratch).await;
    let alice = register(&running, "alice").await;
    let dump = server.dump();
    running.hallpass.disable(&alice.id).await.unwrap();
    server.restore(&dump);

    // The running node notices it, and a node that starts afterwards too.
    running.await_readiness(Readiness::Restored).await;
    let late = Node::start(&server.url(), &scratch).await;
    late.await_readiness(Readiness::Restored).await;
    assert!(!running.accepts(&alice.access), "the list of the running node stays");

    late.hallpass.accept_restore().await.unwrap();
    for node in [&running, &late] {
        node.await_readiness(Readiness::Ready).await;
        assert!(!node.accepts(&alice.access));
        let refreshed = node.accounts().refresh(alice.refresh.as_bytes()).await;
        assert_eq!(refreshed.err().map(|error| error.kind()), Some(AccountsErrorKind::NotLoggedIn));
        // The account is enabled again, because the backup is from before.
        let step = node.accounts().log_in("alice", PASSWORD, None, &Visitor::default()).await;
        let access = step.unwrap().opened().unwrap().access;
        assert!(node.accepts(access.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn node_on_a_replica_is_not_ready() {
    let (primary, scratch) = (PostgresServer::start(), Scratch::new());
    drop(Node::start(&primary.url(), &scratch).await);
    let replica = primary.replica();
    replica.await_all_of(&primary);
    let proxy = FaultProxy::to(primary.host());
    let node = Node::start(&primary.url_through(proxy.address()), &scratch).await;
    node.await_readiness(Readiness::Ready).await;
    proxy.redirect(replica.host());
    proxy.cut();
    proxy.repair();
    node.await_readiness(Readiness::Replica).await;
}

/// Some services do not let the user read the identity of the server.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn server_without_an_identity_is_used_without_detection() {
    let (server, scratch) = (PostgresServer::start(), Scratch::new());
    server.query("CREATE ROLE site LOGIN");
    server.query("GRANT ALL ON SCHEMA public TO site");
    server.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    server.query("REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM PUBLIC");
    let url = server.url_of("site");
    let nodes = [Node::start(&url, &scratch).await, Node::start(&url, &scratch).await];
    let [one, other] = &nodes;
    let alice = register(one, "alice").await;
    assert!(other.accepts(&alice.access));
    one.hallpass.disable(&alice.id).await.unwrap();
    let start = Instant::now();
    while other.accepts(&alice.access) {
        assert!(start.elapsed() < Duration::from_secs(5), "the bound");
        sleep(Duration::from_millis(20)).await;
    }
    let facts = PostgresStore::open_existing(&url).await.unwrap();
    let facts = facts.read_after(Cursor::START).await.unwrap().facts.unwrap();
    assert_eq!(facts.observed, None);
    for node in &nodes {
        assert_eq!(node.hallpass.readiness(), Readiness::Ready);
    }
}
