//! Every route of the library with one stolen cookie, on axum and on actix-web (ASVS 5.0, 7.5.1).
//!
//! What each cookie alone may do is the table of the guide (`step-up.md`). The routes are those of
//! the route table, so a new route without a row fails. Whatever the table says, no request changes
//! a credential, ends another session or turns an access cookie into a refresh cookie.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{App, test::init_service};
use axum::{Router, body::Body};
use hallpass_accounts::{
    AccountStore, Accounts, ConsumeOutcome, HashCost, PasswordHasherSettings, RateLimit,
    RateLimits, RecoveryCode, RequestRefresh, SessionStore, Settings, StoreSet, TwoFactorStore,
    Username,
};
use hallpass_conformance::{Received, Sent, SiteRole, json_request};
use hallpass_core::{Clock, KeyRing, UnixTime};
use hallpass_test_support::{authenticator::Authenticator, memory_store::MemoryStore};
use hallpass_tower::AuthLayer;
use hallpass_web::Routes;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{actix_stack, tower_stack};

const PASSWORD: &str = "correct horse battery staple";
const GUIDE: &str = include_str!("../../../../../docs/guide/src/step-up.md");

/// The cookies that can be stolen, in the order of the columns of the table.
const STOLEN: [&str; 4] = ["access", "refresh", "browser", "pending"];

#[derive(Clone)]
struct TestClock(Arc<AtomicU64>);

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Clone)]
struct Site {
    accounts: Accounts<SiteRole>,
    store: MemoryStore,
    clock: TestClock,
}

impl Site {
    fn new() -> Self {
        let store = MemoryStore::default();
        let clock = TestClock(Arc::new(AtomicU64::new(1_800_000_000)));
        let shared = Arc::new(store.clone());
        let mut stores = StoreSet::new(shared.clone());
        stores.registration = Some(shared.clone().into());
        stores.passwords = Some(shared.clone().into());
        stores.two_factor = Some(shared.clone().into());
        stores.sessions = Some(shared.clone().into());
        stores.refresh_tokens = Some(shared.clone().into());
        stores.browsers = Some(shared.clone().into());
        stores.activity = Some(shared.into());
        let many = RateLimit::new(1000, Duration::from_secs(60));
        let settings = Settings {
            default_roles: SiteRole::Guest.into(),
            clock: Arc::new(clock.clone()),
            rate_limits: RateLimits::default()
                .account(many.clone())
                .network(many.clone())
                .address(many),
            password_hasher: PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1)),
            ..Settings::default()
        };
        let ring = KeyRing::generate_hs256(hallpass_test_support::random::bytes(7), clock.now());
        let accounts = Accounts::new(ring, stores, settings).unwrap();
        Self { accounts, store, clock }
    }

    fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A client with cookies.
struct Client<'s, S> {
    send: &'s S,
    cookies: BTreeMap<String, String>,
}

impl<F: Future<Output = Received>, S: Fn(Sent) -> F> Client<'_, S> {
    async fn request(&mut self, method: &str, path: &str, fields: Option<&Value>) -> Received {
        let mut sent = json_request(method, path);
        if !self.cookies.is_empty() {
            let pairs: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            sent = sent.header("cookie", pairs.join("; "));
        }
        if let Some(fields) = fields {
            sent = sent.header("content-type", "application/json").body(fields.to_string());
        }
        let received = (self.send)(sent).await;
        for set in received.header("set-cookie") {
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => drop(self.cookies.remove(name)),
                _ => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        received
    }

    async fn post(&mut self, path: &str, fields: Value, status: u16) -> Received {
        let received = self.request("POST", path, Some(&fields)).await;
        assert_eq!(received.status, status, "{path}: {}", received.text());
        received
    }

    /// Returns the id of the client's session.
    async fn session(&mut self) -> String {
        let listed = self.request("GET", "/account/sessions", None).await;
        let listed: Value = serde_json::from_slice(&listed.body).unwrap();
        let own = listed["sessions"].as_array().unwrap().iter().find(|one| one["current"] == true);
        own.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Returns the key of a second factor that is off.
    async fn secret(&mut self) -> Option<String> {
        let shown = self.request("GET", "/account/two-factor", None).await;
        let shown: Value = serde_json::from_slice(&shown.body).ok()?;
        Some(shown["secret"].as_str()?.to_owned())
    }

    /// Returns a right code for the key that the client is shown, or a guess.
    async fn code(&mut self, now: UnixTime) -> String {
        match self.secret().await {
            Some(key) => Authenticator::of_base32(&key).code_at(now.as_secs()),
            None => "123456".to_owned(),
        }
    }
}

/// A person whose cookie is stolen.
struct Victim {
    name: String,
    /// The stolen cookies: at most one of each kind.
    cookies: BTreeMap<&'static str, (String, String)>,
    /// The session whose cookies they are, and another session of the account.
    sessions: [String; 2],
    recovery: Option<String>,
}

impl Victim {
    async fn new<F, S>(site: &Site, send: &S, name: String, has_factor: bool) -> Self
    where
        F: Future<Output = Received>,
        S: Fn(Sent) -> F,
    {
        let client = || Client { send, cookies: BTreeMap::new() };
        let (mut browser, mut phone) = (client(), client());
        let account = json!({ "username": name, "password": PASSWORD });
        browser.post("/register", account.clone(), 201).await;
        let mut recovery = None;
        let mut with_code = account.clone();
        if has_factor {
            let app = Authenticator::of_base32(&browser.secret().await.unwrap());
            let code = |clock: &TestClock| app.code_at(clock.now().as_secs());
            let shown = browser
                .post("/account/two-factor", json!({ "code": code(&site.clock) }), 200)
                .await;
            let shown: Value = serde_json::from_slice(&shown.body).unwrap();
            recovery = shown["recovery_codes"][0].as_str().map(str::to_owned);
            site.pass(30);
            with_code["code"] = code(&site.clock).into();
            phone.post("/login", with_code.clone(), 200).await;
            site.pass(30);
            with_code["code"] = code(&site.clock).into();
        } else {
            phone.post("/login", account.clone(), 200).await;
        }
        let mut browser = client();
        browser.post("/login", with_code, 200).await;
        let cookies = &site.accounts.settings().cookies;
        let mut stolen = BTreeMap::new();
        for (name, value) in &browser.cookies {
            let kind = match name.as_str() {
                name if name == cookies.access_name() => "access",
                name if name == cookies.refresh_name() => "refresh",
                _ => "browser",
            };
            stolen.insert(kind, (name.clone(), value.clone()));
        }
        if has_factor {
            let mut waiting = client();
            waiting.post("/login", account, 200).await;
            let (pending, value) = waiting.cookies.iter().next().unwrap();
            assert_eq!(pending, cookies.pending_name());
            stolen.insert("pending", (pending.clone(), value.clone()));
        }
        let sessions = [browser.session().await, phone.session().await];
        Self { name, cookies: stolen, sessions, recovery }
    }

    /// Returns the account with its credentials, and its sessions except the stolen one.
    async fn state(&self, site: &Site) -> (String, BTreeSet<String>) {
        let name = Username::parse(&self.name).unwrap();
        let account = site.store.by_username(&name).await.unwrap().unwrap();
        let sessions = site.store.list(account.id(), site.clock.now()).await.unwrap();
        let others = sessions.iter().map(|session| session.id.to_string());
        let others = others.filter(|id| *id != self.sessions[0]).collect();
        (format!("{account:?} {}", account.password_hash()), others)
    }

    async fn is_logged_in(&self, site: &Site) -> bool {
        let name = Username::parse(&self.name).unwrap();
        let account = site.store.by_username(&name).await.unwrap().unwrap();
        let sessions = site.store.list(account.id(), site.clock.now()).await.unwrap();
        sessions.iter().any(|session| session.id.to_string() == self.sessions[0])
    }

    /// Checks that a recovery code is still accepted.
    async fn keeps_recovery_codes(&self, site: &Site) -> bool {
        let Some(code) = &self.recovery else { return true };
        let name = Username::parse(&self.name).unwrap();
        let account = site.store.by_username(&name).await.unwrap().unwrap();
        let hash = RecoveryCode::parse(code).unwrap().hash();
        let consumed =
            site.store.consume_recovery_code(account.id(), account.generation(), &hash).await;
        consumed.unwrap() == ConsumeOutcome::Consumed
    }
}

/// The bodies that the thief sends to a route: everything that can be guessed or read.
fn bodies(victim: &Victim, code: &str) -> Vec<Value> {
    let body = |session: &str, password: Option<&str>| {
        let mut body = json!({
            "username": victim.name, "session": session, "code": code, "next": "/",
            "new_password": "the thief chooses this one",
        });
        for field in ["password", "current_password"] {
            if let Some(password) = password {
                body[field] = password.into();
            }
        }
        body
    };
    let mut without_code = body("others", None);
    without_code.as_object_mut().unwrap().remove("code");
    vec![
        without_code,
        body("others", None),
        body("others", Some("a guess of the thief")),
        body("others", Some("")),
        body(&victim.sessions[1], None),
        body(&victim.sessions[0], None),
    ]
}

/// Returns the table of the guide: the cells of each `METHOD /path`.
fn table() -> BTreeMap<String, Vec<String>> {
    let rows = GUIDE.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (route, cells) = row.split_once("` |").unwrap();
        let cells = cells.trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned());
        (route.to_owned(), cells.collect())
    })
    .collect()
}

async fn run<F, S>(stack: &str, site: &Site, send: S)
where
    F: Future<Output = Received>,
    S: Fn(Sent) -> F,
{
    let expected = table();
    let (mut seen, mut wrong, mut number) = (BTreeSet::new(), Vec::new(), 0);
    for route in Routes::new(&site.accounts).routes() {
        for method in route.methods.iter().filter(|method| **method != "HEAD") {
            let name = format!("{method} {}", route.path);
            let Some(cells) = expected.get(&name) else {
                wrong.push(format!("{name}: no row in step-up.md"));
                continue;
            };
            assert_eq!(cells.len(), STOLEN.len(), "{name}");
            seen.insert(name.clone());
            for (cookie, cell) in STOLEN.into_iter().zip(cells) {
                for has_factor in [false, true] {
                    if cookie == "pending" && !has_factor {
                        continue;
                    }
                    let mut body = 0;
                    loop {
                        number += 1;
                        let what = format!("{stack}: {name} with {cookie}, factor {has_factor}");
                        let victim =
                            Victim::new(site, &send, format!("victim{number}"), has_factor).await;
                        // Seconds after the login, and for a refresh cookie after a confirmation
                        // is no longer recent.
                        site.pass(if cookie == "refresh" { 660 } else { 5 });
                        let mut thief = Client { send: &send, cookies: BTreeMap::new() };
                        thief.cookies.extend(victim.cookies.get(cookie).cloned());
                        assert_eq!(thief.cookies.len(), 1, "{what}");
                        let copy = thief.cookies.clone();
                        let mut first = Client { send: &send, cookies: copy };
                        let code = first.code(site.clock.now()).await;
                        let before = victim.state(site).await;
                        let all = bodies(&victim, &code);
                        let fields = Some(&all[body]).filter(|_| *method == "POST");
                        let mut anyone = Client { send: &send, cookies: BTreeMap::new() };
                        let baseline = anyone.request(method, route.path, fields).await;
                        let received = thief.request(method, route.path, fields).await;

                        assert_eq!(victim.state(site).await, before, "{what}: {fields:?}");
                        assert!(victim.keeps_recovery_codes(site).await, "{what}: {fields:?}");
                        let refresh = site.accounts.settings().cookies.refresh_name();
                        let refreshes = received.header("set-cookie").iter().any(|set| {
                            set.starts_with(&format!("{refresh}="))
                                && !set.starts_with(&format!("{refresh}=;"))
                        });
                        assert!(!refreshes || cookie == "refresh", "{what}: {received:?}");
                        let effect = if !victim.is_logged_in(site).await {
                            "ends the session"
                        } else if refreshes {
                            "refreshes"
                        } else if received.status == baseline.status {
                            "as anyone"
                        } else if received.status < 400 {
                            "reads"
                        } else {
                            "refused"
                        };
                        if body == 0 && effect != cell {
                            wrong.push(format!("{what}: {effect}, not {cell}: {received:?}"));
                        }
                        body += 1;
                        if *method != "POST" || body == all.len() {
                            break;
                        }
                    }
                }
            }
        }
    }
    wrong.extend(
        expected
            .keys()
            .filter(|row| !seen.contains(*row))
            .map(|row| format!("{row}: a row without a route")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(number > 400, "{number} requests");
}

/// A confirmation whose access cookie has expired is refreshed in passing. Without the next refresh
/// cookie in the response, the browser would present a consumed token, and its session would end.
async fn confirm_after_expiry<F, S>(site: &Site, send: S)
where
    F: Future<Output = Received>,
    S: Fn(Sent) -> F,
{
    let mut browser = Client { send: &send, cookies: BTreeMap::new() };
    browser.post("/register", json!({ "username": "ann", "password": PASSWORD }), 201).await;
    site.pass(901);
    let confirmed = browser.post("/session/confirm", json!({ "password": PASSWORD }), 200).await;
    let set = confirmed.header("set-cookie");
    let cookies = &site.accounts.settings().cookies;
    for name in [cookies.access_name(), cookies.refresh_name()] {
        let of_name = set.iter().filter(|set| set.starts_with(&format!("{name}=")));
        assert_eq!(of_name.count(), 1, "{name}: {set:?}");
    }
    site.pass(600);
    browser.post("/session/refresh", json!({}), 204).await;
    site.pass(600);
    browser.post("/session/refresh", json!({}), 204).await;
    let new = json!({ "new_password": "seven quiet herons walk" });
    browser.post("/account/password", new, 403).await;
}

#[tokio::test]
async fn a_stolen_cookie_changes_no_credential_on_axum() {
    let site = Site::new();
    let layer = AuthLayer::new(site.accounts.request_authenticator())
        .clock(site.clock.clone())
        .refresh(RequestRefresh::new(&site.accounts, &site.accounts.request_authenticator()));
    let router: Router = hallpass_axum::routes::<_, ()>(&Routes::new(&site.accounts)).layer(layer);
    let send = |sent: Sent| {
        let router = router.clone();
        async move {
            let request = tower_stack::request(&sent, Body::from(sent.body.clone()));
            tower_stack::received(router.oneshot(request).await.unwrap()).await
        }
    };
    confirm_after_expiry(&site, &send).await;
    run("axum", &site, send).await;
}

#[actix_web::test]
async fn a_stolen_cookie_changes_no_credential_on_actix() {
    let site = Site::new();
    let layer = hallpass_actix::AuthLayer::new(site.accounts.request_authenticator())
        .clock(site.clock.clone())
        .refresh(RequestRefresh::new(&site.accounts, &site.accounts.request_authenticator()));
    let routes = hallpass_actix::routes(&Routes::new(&site.accounts));
    let app = init_service(App::new().service(routes).wrap(layer)).await;
    let send = |sent: Sent| {
        let request = actix_stack::request(&sent).set_payload(sent.body.clone());
        let exchange = actix_web::test::call_service(&app, request.to_request());
        async move { actix_stack::received(exchange.await).await }
    };
    confirm_after_expiry(&site, &send).await;
    run("actix", &site, send).await;
}
