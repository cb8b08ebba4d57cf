//! The security headers of every response of the library, each exactly once: every route of the
//! login routes × every method × every kind of client, on axum and on actix-web, and the responses
//! of guards.

use std::{collections::BTreeSet, net::SocketAddr};

use hallpass_accounts::Settings;
use hallpass_conformance::{Received, Sent, SiteRole};
use hallpass_core::PublicOrigin;
use hallpass_web::Routes;

use crate::{accounts, sockets};

/// The headers and a part of their value.
const EXPECTED: [(&str, &str); 8] = [
    ("content-security-policy", "frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=()"),
    ("strict-transport-security", "max-age=31536000"),
];

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];

const ACCEPT: [&str; 2] = ["application/json", "text/html"];

/// The files that are the same for every caller.
const PUBLIC: [&str; 3] = ["/hallpass.css", "/hallpass.js", "/.well-known/jwks.json"];

fn settings() -> Settings<SiteRole> {
    let origin = PublicOrigin::parse("https://site.example").unwrap();
    Settings { public_origin: Some(origin), ..accounts::settings() }
}

#[track_caller]
fn assert_secure(what: &str, received: &Received) {
    for (name, part) in EXPECTED {
        // The address of this page contains the token of the link.
        let is_link = name == "referrer-policy" && what.contains("/login/reset");
        let part = if is_link { "no-referrer" } else { part };
        let values = received.header(name);
        let is_right = matches!(values.as_slice(), [value] if value.contains(part));
        assert!(is_right, "{what}: {} has {name}: {values:?}", received.status);
    }
    assert!(received.header("clear-site-data").is_empty(), "{what}");
}

/// Every response that depends on the caller is not stored, and lists what it depends on.
#[track_caller]
fn assert_private(what: &str, received: &Received) {
    assert_eq!(received.header("cache-control"), ["no-store"], "{what}: {}", received.status);
    let vary = received.header("vary");
    assert_eq!(vary.len(), 1, "{what}: {vary:?}");
    let vary: BTreeSet<&str> = vary[0].split(", ").collect();
    assert!(vary.contains("accept") && vary.contains("cookie"), "{what}: {vary:?}");
    let is_page = received.header("content-type").iter().any(|kind| kind.starts_with("text/html"));
    assert!(!is_page || vary.contains("accept-language"), "{what}: {vary:?}");
}

/// Sends every request without a session and with one, and returns the statuses.
async fn every_response_is_secure(server: SocketAddr) -> BTreeSet<u16> {
    let mut statuses = BTreeSet::new();
    let routes = Routes::new(&accounts::with_every_ability(settings())).routes();
    let register = Sent::new("POST", "/register")
        .header("host", "site.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("username=ann&password=correct horse battery staple".replace(' ', "+"));
    let registered = sockets::http1(server, &register).await;
    assert_secure("POST /register", &registered);
    let cookie = registered.header("set-cookie");
    let cookie: Vec<_> = cookie.iter().filter_map(|line| line.split(';').next()).collect();
    let (cookie, mut sessions) = (cookie.join("; "), vec![None]);
    sessions.push(Some(cookie.as_str()));
    for session in sessions {
        for route in &routes {
            for method in METHODS {
                for accept in ACCEPT {
                    let ends_session = session.is_some() && route.path == "/logout";
                    if ends_session && method == "POST" {
                        continue;
                    }
                    let mut sent = Sent::new(method, route.path)
                        .header("host", "site.example")
                        .header("accept", accept)
                        .header("content-type", "application/x-www-form-urlencoded");
                    if let Some(session) = session {
                        sent = sent.header("cookie", session);
                    }
                    let received = sockets::http1(server, &sent).await;
                    let what = format!("{method} {} ({accept})", route.path);
                    assert_secure(&what, &received);
                    let is_public = PUBLIC.contains(&route.path) && received.status == 200;
                    if !is_public {
                        assert_private(&what, &received);
                    }
                    statuses.insert(received.status);
                }
            }
        }
    }
    for (what, sent) in [
        // The page of the outer layer is in English only, so it does not vary by language.
        (
            "another origin",
            Sent::new("POST", "/login")
                .header("origin", "https://evil.example")
                .header("accept", "application/json"),
        ),
        ("too large", Sent::new("POST", "/login").body(vec![b'a'; 9000])),
        (
            "another type",
            Sent::new("POST", "/login").header("content-type", "text/plain").body("a"),
        ),
        (
            "not JSON",
            Sent::new("POST", "/login").header("content-type", "application/json").body("{"),
        ),
        (
            "a redirect",
            Sent::new("POST", "/logout").header("accept", "text/html").header("cookie", &*cookie),
        ),
        ("nothing to do", Sent::new("POST", "/logout").header("accept", "application/json")),
        (
            "wrong",
            Sent::new("POST", "/login")
                .header("content-type", "application/x-www-form-urlencoded")
                .body("username=ann&password=wrong"),
        ),
    ] {
        let received = sockets::http1(server, &sent.header("host", "site.example")).await;
        assert_secure(what, &received);
        assert_private(what, &received);
        statuses.insert(received.status);
    }
    statuses
}

fn assert_complete(statuses: &BTreeSet<u16>) {
    let expected = [200, 204, 303, 400, 401, 403, 405, 413, 415, 422];
    let missing: Vec<_> = expected.iter().filter(|status| !statuses.contains(status)).collect();
    assert!(missing.is_empty(), "no response had the status {missing:?}: {statuses:?}");
}

#[tokio::test]
async fn every_response_has_each_security_header_once_on_axum() {
    let server = accounts::axum_server(accounts::with_every_ability(settings())).await;
    assert_complete(&every_response_is_secure(server).await);
}

#[actix_web::test]
async fn every_response_has_each_security_header_once_on_actix() {
    let (server, address) = accounts::actix_server(accounts::with_every_ability(settings()));
    let handle = server.handle();
    actix_web::rt::spawn(server);
    assert_complete(&every_response_is_secure(address).await);
    handle.stop(false).await;
}
