//! The account routes on axum and on actix-web, over sockets. One script is sent to both. The
//! responses must be equal, byte by byte, except for random values.

use std::{net::SocketAddr, sync::Arc};

use actix_web::{App, HttpServer};
use axum::Router;
use hallpass_accounts::{Accounts, Settings, StoreSet};
use hallpass_axum::routes;
use hallpass_conformance::{Received, Sent, SiteRole, StoppedClock, json_request, ring};
use hallpass_core::{Clock as _, KeyRing};
use hallpass_test_support::{cookie_jar::CookieJar, memory_store::MemoryStore};
use hallpass_tower::AuthLayer;
use hallpass_web::Routes;
use tokio::net::TcpListener;

use crate::sockets::{self, Http2};

const PASSWORD: &str = "correct+horse+battery+staple";

/// Returns settings with the issuer, the audience and the clock of the suite's tokens.
pub(crate) fn settings() -> Settings<SiteRole> {
    Settings {
        issuer: "https://site.example".into(),
        audience: "site".into(),
        clock: Arc::new(StoppedClock),
        ..Settings::default()
    }
}

/// Returns accounts on a new store, with every ability.
pub(crate) fn with_every_ability(settings: Settings<SiteRole>) -> Accounts<SiteRole> {
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.clone().into());
    stores.passwords = Some(store.clone().into());
    stores.two_factor = Some(store.clone().into());
    stores.sessions = Some(store.clone().into());
    stores.refresh_tokens = Some(store.clone().into());
    stores.browsers = Some(store.clone().into());
    stores.activity = Some(store.into());
    let settings = Settings { default_roles: SiteRole::Guest.into(), ..settings };
    Accounts::new(KeyRing::generate_hs256([7; 32], StoppedClock.now()), stores, settings)
        .expect("the settings are valid")
}

fn accounts() -> Accounts<SiteRole> {
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.clone().into());
    stores.sessions = Some(store.into());
    let settings = Settings { default_roles: SiteRole::Guest.into(), ..settings() };
    Accounts::new(ring(), stores, settings).expect("the settings are valid")
}

pub(crate) async fn axum_server(accounts: Accounts<SiteRole>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    let auth = AuthLayer::new(accounts.request_authenticator())
        .clock(StoppedClock)
        .rejection_settings(accounts.settings().rejections.clone());
    let site = Router::new().merge(routes(&Routes::new(&accounts))).layer(auth);
    let service = site.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

pub(crate) fn actix_server(accounts: Accounts<SiteRole>) -> (actix_web::dev::Server, SocketAddr) {
    let auth = hallpass_actix::AuthLayer::new(accounts.request_authenticator())
        .clock(StoppedClock)
        .rejection_settings(accounts.settings().rejections.clone());
    let app = move || {
        App::new().service(hallpass_actix::routes(&Routes::new(&accounts))).wrap(auth.clone())
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind_auto_h2c("127.0.0.1:0")
        .expect("a port is free");
    let address = server.addrs()[0];
    (server.run(), address)
}

/// A request of the script: method, target, headers, body. `{jar}` is the `Cookie` header with the
/// cookies of the earlier responses.
type Line = (&'static str, &'static str, &'static [(&'static str, &'static str)], String);

const HTML: (&str, &str) = ("accept", "text/html");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const JAR: (&str, &str) = ("cookie", "{jar}");

fn script() -> Vec<Line> {
    let account = |name: &str| format!("username={name}&password={PASSWORD}");
    let none = String::new;
    vec![
        ("GET", "/login", &[HTML], none()),
        ("GET", "/login?next=%2Fprofile", &[HTML], none()),
        ("HEAD", "/login", &[HTML], none()),
        ("GET", "/register", &[HTML], none()),
        ("GET", "/hallpass.css", &[HTML], none()),
        ("GET", "/.well-known/jwks.json", &[], none()),
        ("DELETE", "/login", &[HTML], none()),
        ("BREW", "/login", &[], none()),
        ("GET", "/logout", &[HTML], none()),
        ("POST", "/login", &[FORM], account("nobody")),
        ("POST", "/login", &[FORM, ("origin", "https://evil.example")], account("ann")),
        ("POST", "/login", &[FORM, ("sec-fetch-site", "cross-site")], account("ann")),
        ("POST", "/logout", &[FORM, ("origin", "http://site.example")], none()),
        ("POST", "/login", &[("content-type", "text/plain")], account("ann")),
        ("POST", "/login", &[FORM], "username=ann".to_owned()),
        ("POST", "/login", &[JSON], "{\"username\":7}".to_owned()),
        ("POST", "/login", &[JSON], "{\"username\":".to_owned()),
        ("POST", "/login", &[FORM], format!("username=ann&password={}", "a".repeat(8 * 1024))),
        ("POST", "/register", &[FORM], "username=ann&password=short".to_owned()),
        ("POST", "/register", &[FORM, HTML], account("ann")),
        ("POST", "/register", &[FORM], account("ann")),
        ("GET", "/account/sessions", &[], none()),
        ("GET", "/account/sessions", &[HTML], none()),
        ("GET", "/account/sessions", &[JAR, HTML, ("user-agent", "Firefox")], none()),
        ("POST", "/account/sessions/revoke", &[JAR, FORM], "session=none".to_owned()),
        ("POST", "/logout", &[JAR, FORM, HTML], none()),
        ("GET", "/account/sessions", &[JAR], none()),
        (
            "POST",
            "/login",
            &[JSON],
            format!("{{\"username\":\"ann\",\"password\":\"{}\"}}", PASSWORD.replace('+', " ")),
        ),
        ("POST", "/session/refresh", &[JAR, FORM], none()),
        ("POST", "/logout", &[JAR], none()),
    ]
}

/// The cookies that the responses set, as a browser stores them.
struct Jar(CookieJar);

impl Jar {
    fn new() -> Self {
        Self(CookieJar::new("https://site.example"))
    }

    fn fill(&self, (method, target, headers, body): &Line) -> Sent {
        let cookies = self.0.header("/").unwrap_or_default();
        let sent = json_request(method, target).body(body.as_str());
        let set = |sent: Sent, (name, value): &(&str, &str)| {
            sent.without(name).header(name, value.replace("{jar}", &cookies))
        };
        headers.iter().fold(sent, set)
    }

    fn keep(&mut self, received: &Received) {
        self.0.keep("/", received.header("set-cookie"));
    }
}

fn assert_same((method, target, headers, _): &Line, one: &Received, other: &Received) {
    assert_eq!(comparable(one), comparable(other), "{method} {target} {headers:?}");
}

/// Returns a response without random values (tokens, identifiers) and without the headers that the
/// framework adds (date, framing).
fn comparable(received: &Received) -> (u16, Vec<(String, String)>, String) {
    let framing = ["date", "content-length", "transfer-encoding", "connection"];
    let headers = received.headers.iter().filter(|(name, _)| !framing.contains(&name.as_str()));
    let mut headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name.clone(), without_random(&String::from_utf8_lossy(value))))
        .collect();
    headers.sort();
    (received.status, headers, without_random(&received.text()))
}

/// Replaces random values with a star: runs of 22 or more characters of base64url and dots that
/// contain a digit.
fn without_random(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut out = String::new();
    for run in text.split_inclusive(|c| !part(c)) {
        let word = run.trim_end_matches(|c| !part(c));
        let random = word.len() >= 22 && word.contains(|c: char| c.is_ascii_digit());
        out.push_str(if random { "*" } else { word });
        out.push_str(&run[word.len()..]);
    }
    out
}

#[actix_web::test]
async fn over_http1() {
    let (server, actix) = actix_server(accounts());
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let axum = axum_server(accounts()).await;
    let (mut jars, mut statuses) = ((Jar::new(), Jar::new()), Vec::new());
    for line in script() {
        let of_axum = sockets::http1(axum, &jars.0.fill(&line)).await;
        let of_actix = sockets::http1(actix, &jars.1.fill(&line)).await;
        assert_same(&line, &of_axum, &of_actix);
        if line.0 == "HEAD" {
            assert_eq!(of_axum.header("content-length"), of_actix.header("content-length"));
        }
        jars.0.keep(&of_axum);
        jars.1.keep(&of_actix);
        statuses.push(of_axum.status);
    }
    let expected = [
        200, 200, 200, 200, 200, 200, 405, 405, 405, 401, 403, 403, 204, 415, 422, 422, 400, 413,
        422, 303, 409, 401, 303, 200, 404, 303, 401, 200, 404, 204,
    ];
    assert_eq!(statuses, expected);
    handle.stop(false).await;
}

#[actix_web::test]
async fn over_http2() {
    let (server, actix) = actix_server(accounts());
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let (axum, actix) =
        (Http2::connect(axum_server(accounts()).await).await, Http2::connect(actix).await);
    let mut jars = (Jar::new(), Jar::new());
    for line in script() {
        let of_axum = axum.send(jars.0.fill(&line)).await;
        let of_actix = actix.send(jars.1.fill(&line)).await;
        assert_same(&line, &of_axum, &of_actix);
        jars.0.keep(&of_axum);
        jars.1.keep(&of_actix);
    }
    handle.stop(false).await;
}
