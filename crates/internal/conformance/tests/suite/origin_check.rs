//! Core's table of origins, on every stack: around a whole site, and in the sign-in routes.

use std::{future::Future, sync::Arc, time::Duration};

use actix_web::{App, HttpRequest, HttpServer, test::init_service, web};
use axum::{Extension, Router};
use hallpass_accounts::{Accounts, RateLimit, RateLimits, Settings, StoreSet};
use hallpass_conformance::{
    Received, Sent, SiteRole, StoppedClock, authenticator, json_request, ring,
};
use hallpass_core::OriginCheck;
use hallpass_test_support::memory_store::MemoryStore;
use hallpass_tower::{AuthLayer, OriginLayer};
use hallpass_web::Routes;
use http::Request;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{accounts::settings, actix_stack, runs::Runs, sockets, tower_stack};

/// The table of `hallpass-core`, whose own tests hold the check to it.
const TABLE: &str = include_str!("../../../../hallpass-core/tests/tables/origin.jsonl");

struct Row {
    why: String,
    sent: Sent,
    passes: bool,
}

/// The exceptions that the table is written for.
fn check() -> OriginCheck {
    OriginCheck::new()
        .trust("https://admin.example")
        .and_then(|check| check.trust("http://localhost:8080"))
        .and_then(|check| check.insecure_bypass("/hooks/"))
        .and_then(|check| check.insecure_bypass("/ping"))
        .expect("exceptions")
}

/// The rows that can be sent: not the one of a method without letters, nor `CONNECT`, whose target
/// is no path.
fn rows() -> Vec<Row> {
    let all: Vec<Row> =
        TABLE.lines().map(|line| row(&serde_json::from_str(line).expect("JSON"))).collect();
    assert_eq!(all.len(), 115);
    let rows: Vec<Row> =
        all.into_iter().filter(|row| !matches!(&*row.sent.method, "" | "CONNECT")).collect();
    assert_eq!(rows.len(), 113);
    rows
}

fn row(line: &Value) -> Row {
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    let mut sent = json_request(&text("method").expect("a method"), &text("path").expect("a path"));
    sent.headers.retain(|(name, _)| name != "host");
    for (name, member) in [("host", "host"), ("origin", "origin"), ("sec-fetch-site", "site")] {
        sent.headers.extend(text(member).map(|value| (name.to_owned(), value.into_bytes())));
    }
    Row {
        why: text("why").expect("why"),
        sent,
        passes: line["passes"].as_bool().expect("a verdict"),
    }
}

/// Rows that an HTTP/1.1 server takes: with a host that is one, and header values without a space
/// at an end.
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
    assert_eq!(rows.len(), 104);
    rows
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
        assert_eq!(received.text().contains("urn:hallpass:problem:cross-origin"), !passes);
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
    let guarded = OriginLayer::new(check()).layer(handler);
    let site: tower_stack::Site = BoxCloneSyncService::new(
        AuthLayer::new(authenticator()).clock(StoppedClock).layer(guarded),
    );
    hold("tower", rows(), &runs, |sent| {
        let site = site.clone();
        async move {
            tower_stack::received(
                site.oneshot(tower_stack::request(&sent, ())).await.expect("infallible"),
            )
            .await
        }
    })
    .await;
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
        .layer(OriginLayer::new(check()))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock))
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
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = listener.local_addr().expect("an address");
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
        App::new()
            .app_data(counted.clone())
            .default_service(web::to(handler))
            .wrap(hallpass_actix::OriginLayer::new(check()))
            .wrap(hallpass_actix::AuthLayer::new(authenticator()).clock(StoppedClock))
    };
    let in_process = init_service(app()).await;
    hold("actix", rows(), &runs, |sent| {
        let exchange =
            actix_web::test::call_service(&in_process, actix_stack::request(&sent).to_request());
        async move { actix_stack::received(exchange.await).await }
    })
    .await;
    let server =
        HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
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

fn accounts() -> Accounts<SiteRole> {
    let settings = Settings {
        origin_check: check(),
        rate_limits: RateLimits::default().address(RateLimit::new(10_000, Duration::from_secs(60))),
        ..settings()
    };
    let stores = StoreSet::new(Arc::new(MemoryStore::default()));
    Accounts::new(ring(), stores, settings).expect("a site with passwords alone")
}

/// The same table against `/login` and `/logout`; the rows about bypassed paths are of another
/// address.
async fn hold_sign_in<F: Future<Output = Received>>(stack: &str, send: impl Fn(Sent) -> F) {
    let mut compared = 0;
    for Row { why, sent, passes } in rows().into_iter().filter(|row| row.sent.target == "/login") {
        for target in ["/login", "/logout"] {
            let sent = Sent { target: target.to_owned(), ..sent.clone() };
            let received = send(sent.clone()).await;
            let refused = received.status == 403;
            assert_eq!(refused, !passes, "{stack}: {why}: {sent:?}: {}", received.status);
            assert_eq!(received.text().contains("urn:hallpass:problem:cross-origin"), refused);
            compared += 1;
        }
    }
    assert_eq!(compared, 192);
}

#[tokio::test]
async fn axums_sign_in_routes() {
    let site = hallpass_axum::routes::<SiteRole, ()>(&Routes::new(&accounts()))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock));
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
async fn actixs_sign_in_routes() {
    let app = App::new()
        .service(hallpass_actix::routes(&Routes::new(&accounts())))
        .wrap(hallpass_actix::AuthLayer::new(authenticator()).clock(StoppedClock));
    let app = init_service(app).await;
    hold_sign_in("actix", |sent| {
        let exchange =
            actix_web::test::call_service(&app, actix_stack::request(&sent).to_request());
        async move { actix_stack::received(exchange.await).await }
    })
    .await;
}
