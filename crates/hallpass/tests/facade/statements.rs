//! The statements that a site sends to PostgreSQL, counted by the server: those of a login, of a
//! refresh and of an idle node. A proxy counts the round trips.

#![allow(clippy::print_stdout, reason = "prints the statements and the figures")]

use hallpass::flow::Proof;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{Extension, Router, extract::ConnectInfo};
use hallpass::flow::{TwoFactor, Visitor};
use hallpass::store::{
    NewAccount, NewSession, PostgresStore, RefreshChain, RefreshHash, RefreshOutcome,
    RefreshTokenStore, RegistrationStore, Rotation, SessionId, SessionStore, SqlStore,
};
use hallpass::totp::{Totp, TotpSettings};
use hallpass::{AccountId, Clock, Hallpass, SystemClock, UnixTime, Username};
use hallpass_core::Methods;
use hallpass_test_support::{
    fault_proxy::FaultProxy, postgres_server::PostgresServer, process::within,
};
use tokio::time::sleep;

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
    visit::{Jar, send},
};

/// Maximum number of statements of a login without a second factor.
const LOGIN: usize = 12;
/// Maximum number of statements of a login with a second factor, in both requests together.
const LOGIN_WITH_CODE: usize = 18;
/// Maximum number of round trips of a refresh.
const REFRESH: usize = 3;

const PASSWORD: &str = "two grey herons";
/// An address that has a limit of its own. The loopback addresses share one.
const PEER: [u8; 4] = [198, 51, 100, 7];

/// A site with the default settings on a server of its own.
struct Counted {
    hallpass: Hallpass<SiteRole>,
    site: Router,
    proxy: FaultProxy,
    server: PostgresServer,
    _scratch: Scratch,
}

impl Counted {
    async fn start() -> Self {
        let (server, scratch) = (PostgresServer::start(), Scratch::new());
        server.log_statements();
        let proxy = FaultProxy::to(server.host());
        let url = format!("{}&application_name=site", server.url_through(proxy.address()));
        let hallpass = Hallpass::<SiteRole>::builder(SqlStore::open(&url).await.unwrap())
            .everything()
            .key_file(scratch.path("keys.json"))
            .start()
            .await
            .unwrap();
        let peer = SocketAddr::new(IpAddr::from(PEER), 40_000);
        let site = pages(&hallpass).layer(Extension(ConnectInfo(peer)));
        // The node deletes old rows once when it starts, and then every minute.
        sleep(Duration::from_secs(2)).await;
        Self { hallpass, site, proxy, server, _scratch: scratch }
    }

    /// Returns all statements, and the number of those that the idle node sends every second. The
    /// settings of a new connection are not counted, nor are the two statements per row of
    /// activity: no login waits for them, and they may be sent during the next one.
    fn statements(&self) -> (Vec<String>, usize) {
        let mut all = self.server.statements("site");
        let settings = ["SET ", "SELECT set_config"];
        all.retain(|text| !settings.iter().any(|start| text.starts_with(start)));
        all.retain(|text| !text.contains(" hallpass_activity "));
        let (polls, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|text| text.starts_with("WITH open AS MATERIALIZED"));
        (others, polls.len())
    }

    /// Prints and returns the statements of one visit.
    async fn count(&self, what: &str, visit: impl Future<Output = ()>) -> usize {
        let before = self.statements().0.len();
        visit.await;
        let sent = self.statements().0.split_off(before);
        println!("{what}: {} statements", sent.len());
        for text in &sent {
            println!("    {}", text.chars().take(110).collect::<String>());
        }
        sent.len()
    }

    async fn visit(&self, jar: &mut Jar, path: &str, form: &str, expected: u16) -> String {
        let (status, body) = send(&self.site, jar, path, Some(form)).await;
        assert_eq!(status, expected, "{path}: {body}");
        body
    }

    /// Returns a browser that has the browser cookie of the login page.
    async fn browser(&self) -> Jar {
        let mut jar = Jar::default();
        let (status, _page) = send(&self.site, &mut jar, "/login", None).await;
        assert_eq!(status, 200);
        jar
    }

    async fn log_in(&self, jar: &mut Jar, name: &str) -> String {
        jar.end_session();
        let form = format!("username={name}&password={}", PASSWORD.replace(' ', "+"));
        self.visit(jar, "/login", &form, 200).await
    }

    async fn register(&self, name: &str) -> hallpass::flow::OpenedSession {
        let accounts = self.hallpass.accounts();
        let registered = accounts.register(name, PASSWORD, &Visitor::default()).await.unwrap();
        registered.opened().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn on_postgres_a_login_sends_few_statements() {
    let counted = Counted::start().await;
    counted.register("alice").await;
    let mut known = counted.browser().await;
    counted.log_in(&mut known, "alice").await;

    let here = "without a second factor, known browser";
    let in_known = counted.count(here, async { drop(counted.log_in(&mut known, "alice").await) });
    let in_known = in_known.await;
    let here = "without a second factor, new browser";
    let mut new = counted.browser().await;
    let in_new = counted.count(here, async { drop(counted.log_in(&mut new, "alice").await) }).await;
    assert!(in_known <= LOGIN && in_new <= LOGIN, "{in_known} and {in_new} statements");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn on_postgres_a_login_with_a_code_sends_few_statements() {
    let counted = Counted::start().await;
    let opened = counted.register("alice").await;
    let accounts = counted.hallpass.accounts();
    let verifier = counted.hallpass.request_authenticator();
    let who = verifier.verifier().verify(opened.access.as_str().as_bytes(), SystemClock.now());
    let who = who.unwrap();
    let TwoFactor::Off(set_up) = accounts.two_factor(&who).await.unwrap() else {
        panic!("a new account has no factor")
    };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    // The code of the previous step, so that the one of this step is new.
    let now = SystemClock.now();
    let earlier = totp.code_at(now.saturating_sub(Duration::from_secs(30)));
    let (recovery, _) =
        accounts.enable_two_factor(&who, &Proof::of_password(PASSWORD), &earlier).await.unwrap();
    let mut codes = recovery.iter().map(|code| code.as_str().to_owned());
    let next = totp.code_at(now);

    let mut jar = counted.browser().await;
    for (browser, code) in [("new", next), ("known", codes.next().unwrap())] {
        let what = format!("with a second factor, {browser} browser");
        let sent = counted.count(&what, async {
            counted.log_in(&mut jar, "alice").await;
            counted.visit(&mut jar, "/login/code", &format!("code={code}"), 200).await;
        });
        let sent = sent.await;
        assert!(sent <= LOGIN_WITH_CODE, "{what}: {sent} statements");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn on_postgres_a_refresh_takes_few_round_trips() {
    const ROUNDS: usize = 20;
    let counted = Counted::start().await;
    counted.register("alice").await;
    let mut jar = Jar::default();
    counted.log_in(&mut jar, "alice").await;
    // The first refresh on a connection also prepares the statements.
    for _ in 0..20 {
        counted.visit(&mut jar, "/session/refresh", "", 204).await;
    }

    let what = "one refresh";
    let sent = counted.count(what, async {
        counted.visit(&mut jar, "/session/refresh", "", 204).await;
    });
    let sent = sent.await;
    let (round_trips, (_, polls)) = (counted.proxy.round_trips(), counted.statements());
    for _ in 0..ROUNDS {
        counted.visit(&mut jar, "/session/refresh", "", 204).await;
    }
    let polls = counted.statements().1 - polls;
    let round_trips = counted.proxy.round_trips() - round_trips;
    println!("{ROUNDS} refreshes and {polls} polls: {round_trips} round trips");
    // A poll is one statement, and a check of its connection before and after it.
    let expected = REFRESH * ROUNDS + 3 * polls;
    assert!(round_trips <= expected, "{round_trips} round trips, expected {expected}");
    assert!(sent < REFRESH, "{sent} statements");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn on_postgres_a_refresh_keeps_the_row_on_its_page() {
    const SESSIONS: u8 = 100;
    const REFRESHES: u8 = 10;
    /// The lifetime of an access token.
    const PERIOD: u64 = 900;
    let server = PostgresServer::start();
    let store = PostgresStore::open(&server.url()).await.unwrap();
    let at = |number: u8| UnixTime::from_secs(1_790_000_000 + PERIOD * u64::from(number));
    let token = |session: u8, number: u8| {
        let mut bytes = [session; 32];
        bytes[0] = number;
        RefreshHash::from_bytes(bytes)
    };
    let week = Duration::from_secs(7 * 24 * 3600);
    let id = AccountId::new("1");
    let name = Username::parse("alice").unwrap();
    let new = NewAccount::new(id.clone(), name, "$argon2id$".to_owned(), vec![], at(0));
    let _created = store.create(new).await.unwrap();
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    for session in 0..SESSIONS {
        let end = at(0).saturating_add(week);
        let session_id = SessionId::from_random([session; 16]);
        let new = NewSession::new(session_id, id.clone(), 0, browser.to_owned(), at(0), end);
        let first =
            RefreshChain::new(token(session, 0), end, Methods::PASSWORD | Methods::ONE_TIME_CODE);
        let _opened = store.open(new.with_refresh_chain(Some(first))).await.unwrap();
    }
    for number in 1..=REFRESHES {
        for session in 0..SESSIONS {
            let rotation = Rotation::new(
                token(session, number - 1),
                token(session, number),
                at(number),
                week,
                Duration::from_secs(30),
            );
            let session = SessionId::from_random([session; 16]);
            let refreshed = store.refresh(&session, &rotation).await.unwrap();
            assert!(matches!(refreshed, RefreshOutcome::Consumed(_)), "{refreshed:?}");
        }
    }
    let updates = u32::from(SESSIONS) * u32::from(REFRESHES);
    let figures = || {
        let of_table = "FROM pg_stat_user_tables WHERE relname = 'hallpass_sessions'";
        let figures = server.query(&format!("SELECT n_tup_upd, n_tup_hot_upd {of_table}"));
        let (all, hot) = figures.split_once('|').unwrap();
        (all.parse::<u32>().unwrap(), hot.parse::<u32>().unwrap())
    };
    within(Duration::from_secs(30), "the updates are counted", || figures().0 >= updates);
    let (all, hot) = figures();
    println!("{hot} of {all} updates were HOT");
    assert_eq!(all, updates);
    assert!(hot * 100 >= all * 95, "{hot} of {all} updates were HOT");
}

/// One statement per second reads the log, the time of the store and its facts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs of PostgreSQL"]
async fn on_postgres_an_idle_node_only_polls() {
    const SECONDS: usize = 5;
    let counted = Counted::start().await;
    let (others, polls) = counted.statements();
    sleep(Duration::from_secs(5)).await;
    let (all, polls_later) = counted.statements();
    let polls = polls_later - polls;
    println!("{polls} polls in {SECONDS} seconds");
    assert_eq!(all[others.len()..], [] as [String; 0]);
    assert!(polls <= SECONDS + 1, "{polls}");
}
