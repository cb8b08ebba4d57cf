//! Core's table of origins (CSRF), on every stack: around a whole site, and in the account routes.

use std::{future::Future, sync::Arc, time::Duration};

use actix_web::{App, HttpRequest, HttpServer, test::init_service, web};
use axum::{Extension, Router, routing::any};
use hallpass_accounts::{Accounts, RateLimit, RateLimits, Settings, StoreSet};
use hallpass_conformance::{
    Received, Sent, SiteRole, StoppedClock, authenticator, json_request, ring,
};
use hallpass_core::{OriginCheck, SecurityHeaders};
use hallpass_test_support::{
    http::{self as support, http2},
    memory_store::MemoryStore,
};
use hallpass_tower::{AuthLayer, OriginLayer};
use hallpass_web::Routes;
use http::Request;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{accounts::settings, actix_stack, runs::Runs, sockets, tower_stack};

/// The table of `hallpass-core`. The tests of that crate compare `OriginCheck` with it.
const TABLE: &str = include_str!("../../../../hallpass-core/tests/tables/origin.jsonl");

struct Row {
    why: String,
    sent: Sent,
    passes: bool,
}

/// Returns the check with the exceptions for which the table is written.
fn check() -> OriginCheck {
    OriginCheck::new()
        .trust("https://admin.example")
        .and_then(|check| check.trust("http://localhost:8080"))
        .and_then(|check| check.insecure_bypass("/hooks/"))
        .and_then(|check| check.insecure_bypass("/ping"))
        .expect("the exceptions are valid")
}

/// Returns the rows that can be sent. A row with an empty method and a row with `CONNECT`, whose
/// target is not a path, cannot be sent.
fn rows() -> Vec<Row> {
    let all: Vec<Row> = TABLE
        .lines()
        .map(|line| row(&serde_json::from_str(line).expect("the line is JSON")))
        .collect();
    assert_eq!(all.len(), 135);
    let rows: Vec<Row> =
        all.into_iter().filter(|row| !matches!(&*row.sent.method, "" | "CONNECT")).collect();
    assert_eq!(rows.len(), 133);
    rows
}

fn row(line: &Value) -> Row {
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    let mut sent = json_request(
        &text("method").expect("the row has a method"),
        &text("path").expect("the row has a path"),
    );
    sent.headers.retain(|(name, _)| name != "host");
    for (name, member) in
        [("host", "host"), ("origin", "origin"), ("sec-fetch-site", "site"), ("upgrade", "upgrade")]
    {
        sent.headers.extend(text(member).map(|value| (name.to_owned(), value.into_bytes())));
    }
    Row {
        why: text("why").expect("the row has a reason"),
        sent,
        passes: line["passes"].as_bool().expect("the row has a verdict"),
    }
}

/// Returns the rows that an HTTP/1.1 server accepts. Their host is valid, and no header value
/// begins or ends with a space.
fn rows_of_http1() -> Vec<Row> {
    let is_host = |host: &[u8]| host.iter().all(u8::is_ascii_graphic);
    let host = |row: &Row| {
        row.sent.headers.iter().find(|(name, _)| name == "host").map(|(_, host)| host.clone())
    };
    let trimmed = |row: &Row| {
        row.sent.headers.iter().all(|(_, value)| value.trim_ascii() == value.as_slice())
    };
    let rows: Vec<Row> = rows()
        .into_iter()
        .filter(|row| {
            host(row).is_some_and(|host| !host.is_empty() && is_host(&host)) && trimmed(row)
        })
        .collect();
    assert_eq!(rows.len(), 124);
    rows
}

/// Returns whether the response has the security headers, each once.
fn is_secured(received: &Received) -> bool {
    SecurityHeaders::new().iter().all(|(name, _)| received.header(name).len() == 1)
}

async fn hold<F: Future<Output = Received>>(
    stack: &str,
    rows: Vec<Row>,
    runs: &Runs,
    send: impl Fn(Sent) -> F,
) {
    for Row { why, sent, passes } in rows {
        let received = runs.counted(send(sent.clone())).await;
        let answer = (received.status, received.handler_runs);
        assert_eq!(answer, if passes { (200, 1) } else { (403, 0) }, "{stack}: {why}: {sent:?}");
        let names_kind = received.text().contains("urn:hallpass:problem:cross-origin");
        assert!(sent.method == "HEAD" || names_kind != passes, "{stack}: {why}");
        assert!(passes || is_secured(&received), "{stack}: {why}: {:?}", received.headers);
    }
}

#[tokio::test]
async fn tower() {
    let runs = Runs::default();
    let counted = runs.clone();
    let handler = service_fn(move |_: Request<()>| {
        let body = http_body_util::Full::from(counted.handle(None));
        async move { Ok::<_, std::convert::Infallible>(http::Response::new(body)) }
    });
    let layer = AuthLayer::new(authenticator()).clock(StoppedClock);
    let inner = OriginLayer::new(check()).layer(handler.clone());
    let inner: tower_stack::Site =
        BoxCloneSyncService::new(layer.clone().insecure_without_csrf_check().layer(inner));
    let site: tower_stack::Site =
        BoxCloneSyncService::new(layer.origin_check(check()).layer(handler));
    for (stack, site) in [("tower, a layer of its own", inner), ("tower", site.clone())] {
        hold(stack, rows(), &runs, |sent| {
            let site = site.clone();
            async move {
                tower_stack::received(
                    site.oneshot(tower_stack::request(&sent, ())).await.expect("infallible"),
                )
                .await
            }
        })
        .await;
    }
    let server = tower_stack::serve_site(site).await;
    hold("tower, HTTP/1.1", rows_of_http1(), &runs, |sent| async move {
        sockets::http1(server, &sent).await
    })
    .await;
}

#[tokio::test]
async fn axum() {
    let runs = Runs::default();
    let site = Router::new()
        .fallback(async |Extension(runs): Extension<Runs>| runs.handle(None))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock).origin_check(check()))
        .layer(Extension(runs.clone()));
    hold("axum", rows(), &runs, |sent| {
        let (site, body) = (site.clone(), axum::body::Body::empty());
        async move {
            tower_stack::received(
                site.oneshot(tower_stack::request(&sent, body)).await.expect("infallible"),
            )
            .await
        }
    })
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = listener.local_addr().expect("the listener has an address");
    tokio::spawn(async move { axum::serve(listener, site).await });
    hold("axum, HTTP/1.1", rows_of_http1(), &runs, |sent| async move {
        sockets::http1(server, &sent).await
    })
    .await;
}

#[actix_web::test]
async fn actix() {
    async fn handler(_: HttpRequest, runs: web::Data<Runs>) -> String {
        runs.handle(None)
    }
    let runs = Runs::default();
    let counted = web::Data::new(runs.clone());
    let app = move || {
        App::new().app_data(counted.clone()).default_service(web::to(handler)).wrap(
            hallpass_actix::AuthLayer::new(authenticator())
                .clock(StoppedClock)
                .origin_check(check()),
        )
    };
    let layer = hallpass_actix::AuthLayer::new(authenticator()).clock(StoppedClock);
    let inner = App::new()
        .app_data(web::Data::new(runs.clone()))
        .default_service(web::to(handler))
        .wrap(hallpass_actix::OriginLayer::new(check()))
        .wrap(layer.insecure_without_csrf_check());
    let inner = init_service(inner).await;
    hold("actix, a layer of its own", rows(), &runs, |sent| {
        let exchange =
            actix_web::test::call_service(&inner, actix_stack::request(&sent).to_request());
        async move { actix_stack::received(exchange.await).await }
    })
    .await;
    let in_process = init_service(app()).await;
    hold("actix", rows(), &runs, |sent| {
        let exchange =
            actix_web::test::call_service(&in_process, actix_stack::request(&sent).to_request());
        async move { actix_stack::received(exchange.await).await }
    })
    .await;
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a port is free");
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    hold("actix, HTTP/1.1", rows_of_http1(), &runs, |sent| async move {
        sockets::http1(address, &sent).await
    })
    .await;
    handle.stop(false).await;
}

/// Only axum serves WebSockets over HTTP/2. The layer has its check without a setting.
#[tokio::test]
async fn extended_connect_is_checked_for_its_origin() {
    let site = Router::new()
        .route("/socket", any(async || "a socket"))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = listener.local_addr().expect("the listener has an address");
    tokio::spawn(async move { axum::serve(listener, site).await });
    let client = http2::Connection::open(server).await;
    for (origin, fetch, status) in [
        ("https://site.example", Some("same-origin"), 200),
        ("https://site.example", None, 200),
        ("https://shop.site.example", Some("same-site"), 403),
        ("https://shop.site.example", None, 403),
        ("https://evil.example", Some("cross-site"), 403),
        ("https://site.example", Some("same-site"), 403),
        ("null", None, 403),
    ] {
        let mut handshake = support::Request::new("CONNECT", "/socket").header("origin", origin);
        if let Some(fetch) = fetch {
            handshake = handshake.header("sec-fetch-site", fetch);
        }
        let received = client.connect_websocket(&handshake).await;
        assert_eq!(received, status, "{origin} {fetch:?}");
    }
}

fn accounts() -> Accounts<SiteRole> {
    let settings = Settings {
        origin_check: check(),
        rate_limits: RateLimits::default().address(RateLimit::new(10_000, Duration::from_secs(60))),
        ..settings()
    };
    let stores = StoreSet::new(Arc::new(MemoryStore::default()));
    Accounts::new(ring(), stores, settings).expect("the settings are valid")
}

/// Sends the table to `/login` and `/logout`. The rows for bypassed paths have another path and are
/// left out.
async fn hold_sign_in<F: Future<Output = Received>>(stack: &str, send: impl Fn(Sent) -> F) {
    let mut compared = 0;
    for Row { why, sent, passes } in rows().into_iter().filter(|row| row.sent.target == "/login") {
        for target in ["/login", "/logout"] {
            let sent = Sent { target: target.to_owned(), ..sent.clone() };
            let received = send(sent.clone()).await;
            let refused = received.status == 403;
            assert_eq!(refused, !passes, "{stack}: {why}: {sent:?}: {}", received.status);
            let names_kind = received.text().contains("urn:hallpass:problem:cross-origin");
            assert!(sent.method == "HEAD" || names_kind == refused, "{stack}: {why}");
            assert!(is_secured(&received), "{stack}: {why}: {:?}", received.headers);
            compared += 1;
        }
    }
    assert_eq!(compared, 230);
}

#[tokio::test]
async fn account_routes_check_the_origin_on_axum() {
    let site = hallpass_axum::routes::<SiteRole, ()>(&Routes::new(&accounts()))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock).insecure_without_csrf_check());
    hold_sign_in("axum", |sent| {
        let (site, body) = (site.clone(), axum::body::Body::empty());
        async move {
            tower_stack::received(
                site.oneshot(tower_stack::request(&sent, body)).await.expect("infallible"),
            )
            .await
        }
    })
    .await;
}

#[actix_web::test]
async fn account_routes_check_the_origin_on_actix() {
    let app = App::new().service(hallpass_actix::routes(&Routes::new(&accounts()))).wrap(
        hallpass_actix::AuthLayer::new(authenticator())
            .clock(StoppedClock)
            .insecure_without_csrf_check(),
    );
    let app = init_service(app).await;
    hold_sign_in("actix", |sent| {
        let exchange =
            actix_web::test::call_service(&app, actix_stack::request(&sent).to_request());
        async move { actix_stack::received(exchange.await).await }
    })
    .await;
}
