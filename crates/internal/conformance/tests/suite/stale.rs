//! A change of roles while four tabs of each browser send requests. Nobody is logged out, the store
//! is read at most once per session and change, and the new roles are in force immediately.
//! The same script runs over sockets on axum and on actix-web, on a store in memory, SQLite and
//! PostgreSQL.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hallpass::store::SqlStore;
use hallpass_accounts::Username;
use hallpass_conformance::SiteRole;
use hallpass_core::{Role, RoleSet};
use hallpass_test_support::{postgres::Schema, scratch::Scratch};
use tokio::task::JoinSet;

use crate::{
    rotation::{Browser, Parts, Site, in_memory, on_actix, on_axum, parts, stores},
    sockets,
};

/// The number of tabs of each browser.
const TABS: usize = 4;
/// The number of changes of one account. A session refreshes at most 64 times within its grace.
const CHANGES: u64 = 10;

/// One person: a browser whose tabs share their cookies, and the roles that an operator gives.
#[derive(Clone)]
struct Person {
    browser: Arc<Mutex<Browser>>,
    /// The number of changes. It is odd during a change.
    turn: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    /// The refreshes that tabs had: the number of the change, and the refresh token that was sent.
    refreshed: Arc<Mutex<BTreeSet<(u64, String)>>>,
}

fn roles_after(turn: u64) -> RoleSet<SiteRole> {
    let newest = if (turn / 2).is_multiple_of(2) { SiteRole::Guest } else { SiteRole::Moderator };
    newest.into()
}

/// Sends requests until the changes are over. Returns their number, and the number of those that
/// were sent after a change and had a response before the next one.
async fn tab(site: Arc<Site>, person: Person, number: usize) -> (u64, u64) {
    let (mut sent, mut compared) = (0, 0);
    let methods = ["GET", "POST", "PUT", "DELETE"].into_iter().cycle().skip(number);
    for method in methods {
        if person.is_over.load(Ordering::SeqCst) {
            break;
        }
        let before = person.turn.load(Ordering::SeqCst);
        let (request, token) = {
            let browser = person.browser.lock().unwrap();
            let token = browser.0.get("__Host-hallpass_refresh").cloned().unwrap();
            (browser.request(method, "/roles", ""), token)
        };
        let received = sockets::http1(site.server, &request).await;
        assert_eq!(received.status, 200, "{method}, change {before}: {}", received.text());
        person.browser.lock().unwrap().0.keep("/", received.header("set-cookie"));
        if !received.header("set-cookie").is_empty() {
            let turns = before / 2..=person.turn.load(Ordering::SeqCst).div_ceil(2);
            person.refreshed.lock().unwrap().extend(turns.map(|turn| (turn, token.clone())));
        }
        sent += 1;
        if before.is_multiple_of(2) && person.turn.load(Ordering::SeqCst) == before {
            let expected: Vec<_> = roles_after(before).iter().map(|role| role.name()).collect();
            assert_eq!(received.text(), expected.join(" "), "change {before}");
            compared += 1;
        }
    }
    (sent, compared)
}

/// Changes the roles of each of these people ten times.
#[expect(clippy::print_stdout, reason = "prints the figures")]
async fn changes_under_load(site: Site, people: u64) {
    let (site, mut tabs, mut operators) = (Arc::new(site), JoinSet::new(), JoinSet::new());
    let mut all = Vec::new();
    for number in 0..people {
        let browser = Browser::registered(&site, &format!("person{number}")).await;
        all.push(Person {
            browser: Arc::new(Mutex::new(browser)),
            turn: Arc::default(),
            is_over: Arc::default(),
            refreshed: Arc::default(),
        });
    }
    let calls = site.store.calls();
    // Each tab has time for some requests between two changes.
    let pause = Duration::from_millis(40 + 8 * people);
    for (number, person) in all.iter().enumerate() {
        for tab_number in 0..TABS {
            tabs.spawn(tab(site.clone(), person.clone(), tab_number));
        }
        let name = Username::parse(&format!("person{number}")).unwrap();
        let (site, person) = (site.clone(), person.clone());
        operators.spawn(async move {
            let account = site.accounts.find(&name).await.unwrap().unwrap();
            for _ in 0..CHANGES {
                tokio::time::sleep(pause).await;
                let turn = person.turn.fetch_add(1, Ordering::SeqCst) + 2;
                site.accounts.set_roles(account.id(), roles_after(turn)).await.unwrap();
                person.turn.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(pause).await;
            person.is_over.store(true, Ordering::SeqCst);
        });
    }
    operators.join_all().await;
    let (sent, compared) =
        tabs.join_all().await.into_iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    // Each operator also found the account. Each change reads the roles before, and writes.
    let visits = (site.store.calls() - calls).saturating_sub(people * (1 + 2 * CHANGES));
    let pairs: usize = all.iter().map(|person| person.refreshed.lock().unwrap().len()).sum();
    println!(
        "{} changes, {sent} requests, {compared} with known roles, {visits} refreshes in the store, \
         {pairs} pairs of a change and a refresh token",
        people * CHANGES
    );
    assert!(compared > people * CHANGES, "{compared} of {sent}");
    assert!(visits <= people * CHANGES, "{visits} visits of the store, {pairs} pairs");
}

async fn axum_on(parts: Parts, people: u64) {
    changes_under_load(on_axum(parts).await, people).await;
}

async fn actix_on(parts: Parts, people: u64) {
    let (server, site) = on_actix(parts);
    let handle = server.handle();
    actix_web::rt::spawn(server);
    changes_under_load(site, people).await;
    handle.stop(false).await;
}

async fn sql(url: &str) -> Parts {
    parts(stores(&SqlStore::open(url).await.unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn role_changes_log_nobody_out_on_axum() {
    axum_on(in_memory(), 5).await;
}

#[actix_web::test]
async fn role_changes_log_nobody_out_on_actix() {
    actix_on(in_memory(), 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn role_changes_log_nobody_out_on_sqlite() {
    axum_on(sql(&Scratch::new().url("site.db")).await, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn role_changes_log_nobody_out_on_postgres() {
    axum_on(sql(&Schema::new().await.url()).await, 3).await;
}

/// `cargo xtask long role-changes` runs it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute; the long test role-changes runs it"]
async fn a_thousand_role_changes_log_nobody_out_on_axum() {
    axum_on(in_memory(), 100).await;
}

#[actix_web::test]
#[ignore = "takes a minute; the long test role-changes runs it"]
async fn a_thousand_role_changes_log_nobody_out_on_actix() {
    actix_on(in_memory(), 100).await;
}
