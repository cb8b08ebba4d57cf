//! The clock of one of three nodes is set while the nodes run, and set right again (row 41 of the
//! threat table). The other nodes and the database keep the right time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use hallpass_test_support::{fake_clock::FakeClock, http::client::Client, postgres::Database};

use super::{LIVE, nodes::Nodes};
use crate::person::{ACCESS, log_in, register};
use crate::site::BOUND;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// The largest difference of the clock of a ready node, in seconds.
const FURTHEST_APART: i64 = 30;

/// Two nodes with the right time, and one node whose clock the test sets.
struct Fleet {
    database: Database,
    right: Nodes,
    odd: Nodes,
    clock: FakeClock,
}

impl Fleet {
    fn start() -> Self {
        let database = Database::new();
        let url = ("DATABASE_URL", database.url());
        let right = Nodes::start(2, std::slice::from_ref(&url));
        let clock = FakeClock::new(right.scratch(), "clock");
        let mut settings = clock.environment();
        settings.push(url);
        let odd = right.joined_by(&settings);
        Self { database, right, odd, clock }
    }

    /// Returns the statuses of the three nodes for this access cookie, the odd node last.
    fn statuses(&self, access: &str) -> [u16; 3] {
        let [one, other] = [0, 1].map(|node| self.right.status_with(node, access));
        [one, other, self.odd.status_with(0, access)]
    }

    /// Returns the rows that no node may delete during the test. All of them are needed for an hour
    /// and more, or for the lifetime of a token.
    fn rows(&self) -> BTreeSet<String> {
        let rows = self.database.texts(
            "SELECT 'session ' || id FROM hallpass_sessions \
             UNION ALL SELECT 'entry ' || place FROM hallpass_revocations \
             UNION ALL SELECT 'account ' || id FROM hallpass_accounts",
        );
        rows.into_iter().collect()
    }

    #[track_caller]
    fn assert_kept(&self, before: &BTreeSet<String>, when: &str) {
        let missing: Vec<_> = before.difference(&self.rows()).cloned().collect();
        assert!(missing.is_empty(), "{when}: {missing:?}");
    }

    /// Returns the largest difference between the times of the log and that of the database, in
    /// seconds. All entries were written within the last minutes.
    fn furthest_entry(&self) -> i64 {
        let furthest = self.database.texts(
            "SELECT coalesce(max(abs(at - extract(epoch FROM clock_timestamp())))::bigint, 0)::text \
             FROM hallpass_revocations",
        );
        furthest[0].parse().expect("a number")
    }
}

/// A person with a browser, which a load balancer may send to any node.
fn at(browser: &Client, nodes: &Nodes, node: usize) -> Client {
    browser.at(nodes.address(node))
}

/// `stay` is the time at each difference after a restart of the node.
fn all_offsets(offsets: &[i64], stay: Duration) {
    let mut fleet = Fleet::start();
    let ann = register(fleet.right.browser(0), "ann").cookies[ACCESS].clone();
    let mut bob = register(fleet.right.browser(0), "bob");
    let mut dead = Vec::new();
    for (round, offset) in offsets.iter().enumerate() {
        one_offset(&mut fleet, (round, *offset), stay, &ann, &mut bob, &mut dead);
    }
}

/// Sets the clock of the odd node, uses all nodes, and sets it right again.
fn one_offset(
    fleet: &mut Fleet,
    (round, offset): (usize, i64),
    stay: Duration,
    ann: &str,
    bob: &mut Client,
    dead: &mut Vec<String>,
) {
    let is_ready = offset.abs() <= FURTHEST_APART;
    // A session that ended before, and one that ends while the clock is wrong.
    let mut eve = register(fleet.right.browser(0), &format!("eve-{round}"));
    let of_eve = eve.cookies[ACCESS].clone();
    eve.post("/logout", &[]).expect_see_other("/");
    fleet.odd.refused_within(0, &of_eve, BOUND, Instant::now());
    let rows = fleet.rows();
    let mut dan = register(fleet.right.browser(1), &format!("dan-{round}"));
    let of_dan = dan.cookies[ACCESS].clone();
    let noise = fleet.odd.log().matches("clock-differs").count();

    fleet.clock.set(offset);
    let set = Instant::now();
    let expected = if is_ready { None } else { Some("clock-differs") };
    // The node measures the difference at each read of the log, every second.
    std::thread::sleep(Duration::from_millis(1500));
    fleet.odd.await_reason(0, expected);
    println!("{offset:+} s: {expected:?} within {:.1} s", set.elapsed().as_secs_f64());
    dan.post("/logout", &[]).expect_see_other("/");
    let revoked = Instant::now();
    for node in [0, 1] {
        fleet.right.refused_within(node, &of_dan, BOUND, revoked);
    }
    if is_ready {
        for _ in 0..12 {
            assert_eq!(fleet.odd.reason(0), None, "{offset:+} s: it stays ready");
            assert_eq!(fleet.statuses(ann), [LIVE; 3], "{offset:+} s");
            std::thread::sleep(Duration::from_millis(100));
        }
        fleet.odd.refused_within(0, &of_dan, BOUND, revoked);
        // A person who has just logged in is accepted by the other nodes.
        for (here, there) in [(&fleet.odd, &fleet.right), (&fleet.right, &fleet.odd)] {
            let mut fay =
                register(here.browser(0), &format!("fay-{round}-{}", here.address(0).port()));
            assert_eq!(there.status_with(0, &fay.cookies[ACCESS].clone()), LIVE, "{offset:+} s");
            at(&fay, there, 0).get("/profile").expect_page(200);
            fay.post("/logout", &[]).expect_see_other("/");
        }
    } else {
        assert!(fleet.odd.log().matches("clock-differs").count() > noise, "it is logged");
        let right = [0, 1].map(|node| fleet.right.status_with(node, ann));
        assert_eq!(right, [LIVE; 2], "{offset:+} s: the other nodes are not affected");
        // A request that arrives here nevertheless ends no session.
        let mut astray = at(bob, &fleet.odd, 0);
        let status = astray.get("/profile").status;
        println!("{offset:+} s: a request to the node that is not ready: {status}");
        bob.cookies = astray.cookies;
    }
    // A node that starts deletes expired rows immediately, if it is ready.
    fleet.odd.restart(0);
    std::thread::sleep(stay);
    assert_eq!(fleet.odd.reason(0).as_deref(), expected, "{offset:+} s, after a restart");
    fleet.assert_kept(&rows, &format!("{offset:+} s"));

    fleet.clock.set(0);
    let right = Instant::now();
    fleet.odd.await_reason(0, None);
    let again = right.elapsed();
    assert!(again < Duration::from_secs(5), "{offset:+} s: ready again after {again:?}");
    println!("{offset:+} s: ready {:.1} s after the clock was right", again.as_secs_f64());
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(fleet.odd.reason(0), None);
    assert_eq!(fleet.statuses(ann), [LIVE; 3], "{offset:+} s: valid tokens are accepted again");
    dead.extend([of_eve, of_dan]);
    for revoked in dead.iter() {
        assert_eq!(fleet.statuses(revoked), [401; 3], "{offset:+} s: revoked tokens are not");
    }
    // The person who was sent to the wrong node is still logged in, on each node.
    for (nodes, node) in [(&fleet.right, 0), (&fleet.odd, 0), (&fleet.right, 1)] {
        let mut there = at(bob, nodes, node);
        there.get("/profile").expect_page(200);
        bob.cookies = there.cookies;
    }
    fleet.assert_kept(&rows, &format!("{offset:+} s, and right again"));
}

#[test]
#[ignore = "needs PostgreSQL and libfaketime: DATABASE_URL"]
fn a_node_with_a_wrong_clock_deletes_and_ends_nothing() {
    all_offsets(&[-29, HOUR, -8 * DAY], Duration::from_secs(1));
}

#[test]
#[ignore = "needs PostgreSQL and libfaketime: DATABASE_URL"]
fn commands_with_a_wrong_clock_use_the_time_of_the_store() {
    let mut fleet = Fleet::start();
    register(fleet.right.browser(0), "ann");
    let mut dead = Vec::new();
    for name in ["bob", "eve", "dan"] {
        dead.push(register(fleet.right.browser(0), name).cookies[ACCESS].clone());
    }
    fleet.odd.operator(&["user", "log-out", "bob"]);
    for (offset, name) in [(8 * DAY, "eve"), (-8 * DAY, "dan")] {
        fleet.clock.set(offset);
        let rows = fleet.rows();
        fleet.odd.operator(&["prune"]);
        fleet.odd.operator(&["user", "set-role", "ann", "guest"]);
        fleet.assert_kept(&rows, &format!("prune, {offset:+} s"));
        fleet.odd.operator(&["user", "log-out", name]);
        let furthest = fleet.furthest_entry();
        assert!(furthest < 300, "{offset:+} s: an entry is dated {furthest} s from now");
        let shown = fleet.odd.operator(&["user", "show", "ann"]);
        assert!(shown.contains("1 session:"), "{offset:+} s: {shown}");
        // The previous key stays accepted for the hour that the command promises.
        fleet.odd.operator(&["keys", "rotate"]);
    }
    fleet.clock.set(0);
    // Each start deletes the entries that it takes for old.
    fleet.odd.restart(0);
    fleet.right.restart(1);
    std::thread::sleep(Duration::from_secs(2));
    fleet.right.restart(1);
    for revoked in &dead {
        assert_eq!(fleet.statuses(revoked), [401; 3], "revoked tokens stay revoked");
    }
    let mut fay = register(fleet.right.browser(0), "fay");
    fay.get("/profile").expect_page(200);

    // The epoch is the time of the store too, or every later one would be in the future.
    fleet.clock.set(8 * DAY);
    let ended = fleet.odd.operator(&["sessions", "end-all", "--json"]);
    let epoch = ended.rsplit("\"epoch\":").next().unwrap_or_default();
    let epoch: i64 =
        epoch.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("a number");
    let now = fleet.database.texts("SELECT extract(epoch FROM clock_timestamp())::bigint::text");
    let now: i64 = now[0].parse().expect("a number");
    assert!((epoch - now).abs() < 60, "epoch {epoch} at {now}");
    fleet.clock.set(0);
    crate::site::within_bound("the session has ended", || fay.get("/profile").status == 303);
}

/// SQLite has no clock of its own. Its time is that of the host without the jumps of its clock, so
/// a node whose clock has jumped is not ready.
fn jumps_on_sqlite(offsets: &[i64], stay: Duration) {
    let empty = Nodes::start(0, &[]);
    let clock = FakeClock::new(empty.scratch(), "clock");
    let node = empty.joined_by(&clock.environment());
    let mut ann = register(node.browser(0), "ann");
    let live = ann.cookies[ACCESS].clone();
    let mut bob = register(node.browser(0), "bob");
    let dead = bob.cookies[ACCESS].clone();
    bob.post("/logout", &[]).expect_see_other("/");
    for offset in offsets {
        clock.set(*offset);
        let set = node.await_reason(0, Some("clock-differs"));
        // Longer than a read of the log: the store does not follow the clock.
        std::thread::sleep(stay);
        assert_eq!(node.reason(0).as_deref(), Some("clock-differs"));
        clock.set(0);
        let again = node.await_reason(0, None);
        println!("SQLite, {offset:+} s: not ready after {set:.1?}, ready again after {again:.1?}");
        let statuses = [&live, &dead].map(|access| node.status_with(0, access));
        assert_eq!(statuses, [LIVE, 401], "{offset:+} s");
    }
    ann.get("/profile").expect_page(200);
    log_in(&mut bob, "bob", "").expect_see_other("/");
}

#[test]
#[ignore = "needs libfaketime"]
fn a_clock_that_jumps_makes_a_node_on_sqlite_not_ready() {
    jumps_on_sqlite(&[8 * DAY, -HOUR], Duration::from_millis(1500));
}

/// Each difference, and long enough for the clean-up of each minute.
mod long {
    use super::*;

    #[test]
    #[ignore = "needs PostgreSQL and libfaketime: DATABASE_URL; takes ten minutes"]
    fn every_wrong_clock_deletes_and_ends_nothing() {
        let offsets = [1, -1, 29, -29, HOUR, -HOUR, 8 * DAY, -8 * DAY];
        all_offsets(&offsets, Duration::from_secs(65));
    }

    #[test]
    #[ignore = "needs libfaketime; takes five minutes"]
    fn every_jump_makes_a_node_on_sqlite_not_ready() {
        jumps_on_sqlite(&[HOUR, 8 * DAY, -HOUR, -8 * DAY], Duration::from_secs(65));
    }
}
