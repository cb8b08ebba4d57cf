//! Refresh-token rotation over the whole axum stack, on SQLite and on PostgreSQL: many access
//! tokens that expire at the same time, reuse of a refresh token, and one refresh token in two
//! processes.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::post,
};
use hallpass::store::SqlStore;
use hallpass::{Hallpass, require_login};
use hallpass_test_support::process::this_test;
use http_body_util::BodyExt;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::{hands::Hands, scratch::Scratch, site::SiteRole};

const QUARTER: Duration = Duration::from_secs(15 * 60);
const GRACE: Duration = Duration::from_secs(30);
const A_SECOND: Duration = Duration::from_secs(1);
const DATABASE: &str = "HALLPASS_RENEWAL_DATABASE";
const KEYS: &str = "HALLPASS_RENEWAL_KEYS";

fn posts(hallpass: &Hallpass<SiteRole>) -> Router {
    Router::new()
        .route("/posts", post(|body: String| async { body }).layer(require_login()))
        .merge(hallpass.routes())
        .layer(hallpass.layer())
}

/// The cookies of a browser: both cookies, or only the refresh cookie after the access token has
/// expired.
#[derive(Clone)]
struct Browser {
    access: Option<String>,
    refresh: String,
}

impl Browser {
    fn cookies(&self) -> String {
        self.access.iter().chain([&self.refresh]).map(String::as_str).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, set_cookies: &[String]) {
        for cookie in set_cookies {
            let pair = cookie.split(';').next().unwrap().to_owned();
            match pair.split_once('=').unwrap().0 {
                "__Host-hallpass" => self.access = Some(pair),
                "__Host-hallpass_refresh" => self.refresh = pair,
                _ => {}
            }
        }
    }
}

/// Sends a request, and returns the status, the `Set-Cookie` headers and the body.
async fn send(
    site: &Router,
    path: &str,
    cookies: &str,
    body: String,
) -> (u16, Vec<String>, String) {
    let request = Request::post(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "site.example")
        .header(header::COOKIE, cookies);
    let response = site.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let set = response.headers().get_all(header::SET_COOKIE).iter();
    let set = set.map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, set, String::from_utf8_lossy(&body).into_owned())
}

async fn registered(site: &Router, name: &str) -> Browser {
    let form = format!("username={name}&password=correct+horse+battery+staple");
    let (status, set, body) = send(site, "/register", "", form).await;
    assert_eq!(status, 201, "{body}");
    let mut browser = Browser { access: None, refresh: String::new() };
    browser.keep(&set);
    browser
}

async fn site_at(url: &str, keys: &Path, hands: &Hands) -> Router {
    let store = SqlStore::open(url).await.unwrap();
    let hallpass = Hallpass::<SiteRole>::builder(store)
        .key_file(keys)
        .clock(hands.clone())
        .everything()
        .start();
    posts(&hallpass.await.unwrap())
}

/// Sends requests from this number of sessions with four tabs each, after all access tokens have
/// expired at the same time, in three rounds.
#[expect(clippy::print_stdout, reason = "prints the duration")]
async fn quarter_of_an_hour(url: &str, people: usize) {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let site = site_at(url, &scratch.path("keys.json"), &hands).await;
    let mut sessions = Vec::new();
    for number in 0..people {
        sessions.push(registered(&site, &format!("person{number}")).await);
    }
    for round in 0..3 {
        hands.turn(QUARTER);
        let start = Instant::now();
        let mut tabs = JoinSet::new();
        for (number, browser) in sessions.iter().enumerate() {
            for tab in 0..4 {
                let (site, browser) = (site.clone(), browser.clone());
                tabs.spawn(async move {
                    // In two of the tabs the browser has already removed the access cookie.
                    let cookies =
                        if tab % 2 == 0 { browser.cookies() } else { browser.refresh.clone() };
                    let text = format!("round {round}, session {number}, tab {tab}");
                    let (status, set, body) = send(&site, "/posts", &cookies, text.clone()).await;
                    assert_eq!((status, body), (200, text), "a post was lost");
                    (number, set)
                });
            }
        }
        let mut leaves = vec![BTreeSet::new(); sessions.len()];
        let tabs = tabs.join_all().await;
        println!("{} posts, each with a refresh: {:?}", tabs.len(), start.elapsed());
        for (number, set) in tabs {
            assert_eq!(set.len(), 2);
            sessions[number].keep(&set);
            leaves[number].insert(sessions[number].refresh.clone());
        }
        assert!(leaves.iter().all(|leaves| leaves.len() == 1), "a session has a second chain");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_post_is_lost_when_access_tokens_expire() {
    quarter_of_an_hour(&Scratch::new().url("site.db"), 40).await;
}

/// This takes about a second with one disk and two cores, and the timeout of a request is 1.8
/// seconds.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "must not run concurrently with other tests; .ci/run runs it"]
async fn no_post_of_200_sessions_is_lost_when_tokens_expire() {
    quarter_of_an_hour(&Scratch::new().url("site.db"), 200).await;
}

/// A consumed refresh token leads to the live token during the grace period. Reuse after that shows
/// that the token was copied, and ends the session.
async fn replay(url: &str) {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let site = site_at(url, &scratch.path("keys.json"), &hands).await;
    let copied = registered(&site, "ann").await;
    let refresh = async |browser: &Browser| {
        send(&site, "/session/refresh", &browser.refresh, String::new()).await
    };
    let mut ann = copied.clone();
    ann.keep(&refresh(&copied).await.1);
    hands.turn(GRACE - A_SECOND);
    let mut tab = copied.clone();
    let (status, set, _) = refresh(&copied).await;
    tab.keep(&set);
    assert_eq!(
        (status, &tab.refresh),
        (204, &ann.refresh),
        "a slow tab gets the same refresh token"
    );
    assert_eq!(send(&site, "/posts", &ann.cookies(), "hers".into()).await.0, 200);
    // Otherwise the response with her token may be lost.
    let set = refresh(&ann).await.1;
    ann.keep(&set);
    hands.turn(A_SECOND);
    assert_eq!(refresh(&copied).await.0, 401);
    assert_eq!(refresh(&ann).await.0, 401, "the session has ended");
    assert_eq!(
        send(&site, "/posts", &ann.cookies(), "nobody's".into()).await.0,
        401,
        "its access token is revoked"
    );
}

#[tokio::test]
async fn a_replay_after_the_grace_ends_the_session() {
    replay(&Scratch::new().url("site.db")).await;
}

/// One of the two processes that present the same refresh token. It reads tokens, presents each in
/// `TABS` concurrent requests, and prints the results. Its nodes share only the store, so the store
/// decides: a single node would call the store once for all its tabs.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the child process of one_refresh_token_in_two_processes_has_one_successor"]
async fn present_tokens_in_a_child_process() {
    let store = SqlStore::open(&std::env::var(DATABASE).unwrap()).await.unwrap();
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        let builder =
            Hallpass::<SiteRole>::builder(store.clone()).key_file(std::env::var_os(KEYS).unwrap());
        nodes.push(builder.everything().start().await.unwrap());
    }
    println!("\nready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let mut tabs = JoinSet::new();
        for node in nodes.iter().cycle().take(TABS) {
            let (accounts, token) = (node.accounts().clone(), line.clone());
            tabs.spawn(async move {
                accounts
                    .refresh(token.as_bytes())
                    .await
                    .map(|tokens| tokens.refresh.unwrap().as_str().to_owned())
            });
        }
        let got: Vec<_> = tabs.join_all().await;
        let leaves: BTreeSet<_> = got.iter().flatten().collect();
        let lost = got.iter().filter(|got| got.is_err()).count();
        println!("\nleaves {lost} {}", leaves.into_iter().cloned().collect::<Vec<_>>().join(" "));
    }
}

const TABS: usize = 32;
const NODES: usize = 16;

async fn race(url: &str, rounds: usize) {
    let scratch = Scratch::new();
    let keys = scratch.path("keys.json");
    let store = SqlStore::open(url).await.unwrap();
    let hallpass =
        Hallpass::<SiteRole>::builder(store).key_file(&keys).everything().start().await.unwrap();
    let step = hallpass
        .accounts()
        .register("ann", "correct horse battery staple", &Default::default())
        .await
        .unwrap();
    let mut token = step.opened().unwrap().refresh.unwrap().as_str().to_owned();
    let start = || {
        let mut child = this_test("rotation::present_tokens_in_a_child_process")
            .env(DATABASE, url)
            .env(KEYS, &keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        said.find(|line| line.as_ref().unwrap() == "ready").unwrap().unwrap();
        (child.stdin.take().unwrap(), said, child)
    };
    let mut children = [start(), start()];
    for round in 0..rounds {
        for (to, ..) in &mut children {
            writeln!(to, "{token}").unwrap();
        }
        let mut leaves = BTreeSet::new();
        for (_, said, _) in &mut children {
            let line = said
                .find_map(|line| line.unwrap().strip_prefix("leaves ").map(str::to_owned))
                .unwrap();
            let (lost, of_child) = line.split_once(' ').unwrap();
            assert_eq!(lost, "0", "round {round}: a request lost the session");
            leaves.extend(of_child.split(' ').map(str::to_owned));
        }
        assert_eq!(leaves.len(), 1, "round {round}: {} chains", leaves.len());
        let leaf = leaves.pop_first().unwrap();
        assert_ne!(leaf, token);
        token = leaf;
        // A session allows at most 64 refreshes within the grace period, so a new session begins
        // every 60 rounds.
        if round % 60 == 59 {
            let visitor = Default::default();
            let again = hallpass
                .accounts()
                .log_in("ann", "correct horse battery staple", None, &visitor)
                .await
                .unwrap();
            token = again.opened().unwrap().refresh.unwrap().as_str().to_owned();
        }
    }
    for (to, _, mut child) in children {
        drop(to);
        child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refresh_token_in_two_processes_has_one_successor() {
    race(&Scratch::new().url("site.db"), 50).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes more than 20 seconds; .ci/run runs it"]
async fn one_refresh_token_has_one_successor_in_a_thousand_rounds() {
    race(&Scratch::new().url("site.db"), 1000).await;
}

/// The same tests on PostgreSQL, in a schema of their own.
#[cfg(feature = "postgres")]
mod on_postgres {
    use super::{quarter_of_an_hour, race, replay};
    use crate::schema::Schema;

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL: DATABASE_URL"]
    async fn no_post_is_lost_when_access_tokens_expire() {
        quarter_of_an_hour(&Schema::new().await.url(), 200).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL: DATABASE_URL"]
    async fn a_replay_after_the_grace_ends_the_session() {
        replay(&Schema::new().await.url()).await;
    }

    /// ROUNDS sets the number of rounds. A thousand rounds take a minute.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL: DATABASE_URL"]
    async fn one_refresh_token_in_two_processes_has_one_successor() {
        let rounds = std::env::var("ROUNDS").map_or(100, |rounds| rounds.parse().unwrap());
        race(&Schema::new().await.url(), rounds).await;
    }
}
