//! Core's table of `next`, on every stack: in the login page, in the redirect after a login, and in
//! the redirect of a guard.

use std::{future::Future, sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, test::init_service, web};
use axum::{Router, routing::any};
use hallpass_accounts::{Accounts, RateLimit, RateLimits, Settings, StoreSet};
use hallpass_conformance::{
    Received, Sent, SiteRole, StoppedClock, authenticator, json_request, ring,
};
use hallpass_test_support::http::percent;
use hallpass_test_support::memory_store::MemoryStore;
use hallpass_tower::{AuthLayer, require_login};
use hallpass_web::Routes;
use http::Request;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{accounts::settings, actix_stack, tower_stack};

/// The table of `hallpass-core`. The tests of that crate compare `SafeNext` with it.
const TABLE: &str = include_str!("../../../../hallpass-core/tests/tables/next.jsonl");
const PASSWORD: &str = "correct horse battery staple";

/// Returns the rows: the value of `next` in the request, and the target of the redirect.
fn rows() -> Vec<(String, String)> {
    let text =
        |line: &Value, name: &str| line[name].as_str().expect("the field is text").to_owned();
    let rows: Vec<(String, String)> = TABLE
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("the line is JSON"))
        .map(|line| (text(&line, "next"), text(&line, "to")))
        .collect();
    assert_eq!(rows.len(), 145);
    rows
}

fn accounts() -> Accounts<SiteRole> {
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.into());
    let settings = Settings {
        default_roles: SiteRole::Guest.into(),
        rate_limits: RateLimits::default().address(RateLimit::new(10_000, Duration::from_secs(60))),
        ..settings()
    };
    Accounts::new(ring(), stores, settings).expect("the settings are valid")
}

fn form(target: &str, body: String) -> Sent {
    let mut sent = json_request("POST", target);
    sent.headers.retain(|(name, _)| name != "accept");
    sent.headers.push(("content-type".to_owned(), b"application/x-www-form-urlencoded".to_vec()));
    sent.body = body.into_bytes();
    sent
}

/// Requests the login page and logs in with each row.
async fn hold_sign_in<F: Future<Output = Received>>(stack: &str, send: impl Fn(Sent) -> F) {
    let account = format!("username=ann&password={}", percent(PASSWORD));
    assert_eq!(send(form("/register", account.clone())).await.status, 303);
    for (next, to) in rows() {
        let mut page = json_request("GET", &format!("/login?next={}", percent(&next)));
        page.headers.retain(|(name, _)| name != "accept");
        let page = send(page).await.text();
        let escaped = to.replace('&', "&#38;").replace('\'', "&#39;");
        assert!(
            page.contains(&format!("name=\"next\" value=\"{escaped}\"")),
            "{stack}: {next:?}: {page}"
        );

        let answer = send(form("/login", format!("{account}&next={}", percent(&next)))).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, vec![to]),
            "{stack}: {next:?}"
        );
    }
}

#[tokio::test]
async fn next_of_the_login_is_safe_on_axum() {
    let site = hallpass_axum::routes::<SiteRole, ()>(&Routes::new(&accounts()))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock));
    hold_sign_in("axum", |sent| {
        let (site, body) = (site.clone(), axum::body::Body::from(sent.body.clone()));
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
async fn next_of_the_login_is_safe_on_actix() {
    let app = App::new()
        .service(hallpass_actix::routes(&Routes::new(&accounts())))
        .wrap(hallpass_actix::AuthLayer::new(authenticator()).clock(StoppedClock));
    let app = init_service(app).await;
    hold_sign_in("actix", |sent| {
        let request = actix_stack::request(&sent).set_payload(sent.body.clone());
        let exchange = actix_web::test::call_service(&app, request.to_request());
        async move { actix_stack::received(exchange.await).await }
    })
    .await;
}

/// Requests a guarded path without a token. The row is the target of the request if it is a valid
/// target. Otherwise it is the current page in a request of htmx. Rows with a fragment are left
/// out, because neither has a fragment.
async fn hold_guard<F: Future<Output = Received>>(stack: &str, send: impl Fn(Sent) -> F) {
    // actix-web uses an older version of `http`, which accepts fewer targets.
    let is_target = |next: &str| {
        next.parse::<http::Uri>().is_ok() && next.parse::<actix_web::http::Uri>().is_ok()
    };
    let is_header = |next: &str| !next.contains(|c: char| c.is_ascii_control());
    let (mut targets, mut pages) = (0, 0);
    for (next, to) in
        rows().into_iter().filter(|(next, _)| next.starts_with('/') && !next.contains('#'))
    {
        let place = vec![format!("/login?next={}", percent(&to))];
        if is_target(&next) {
            targets += 1;
            let mut sent = json_request("GET", &next);
            sent.headers.retain(|(name, _)| name != "accept");
            let answer = send(sent).await;
            assert_eq!(
                (answer.status, answer.header("location")),
                (303, place),
                "{stack}: {next:?}"
            );
        } else if is_header(&next) {
            pages += 1;
            let mut sent = json_request("GET", "/fragment");
            sent.headers.retain(|(name, _)| name != "accept");
            let url = format!("https://site.example{next}").into_bytes();
            sent.headers.extend([
                ("hx-request".to_owned(), b"true".to_vec()),
                ("hx-current-url".to_owned(), url),
            ]);
            let answer = send(sent).await;
            assert_eq!(
                (answer.status, answer.header("hx-redirect")),
                (401, place),
                "{stack}: {next:?}"
            );
        }
    }
    assert_eq!((targets, pages), (77, 15), "{stack}");
}

#[tokio::test]
async fn next_of_a_guard_is_safe_on_tower() {
    let handler = service_fn(async |_: Request<()>| {
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::default()))
    });
    let guarded = require_login().layer(handler);
    let site: tower_stack::Site = BoxCloneSyncService::new(
        AuthLayer::new(authenticator()).clock(StoppedClock).layer(guarded),
    );
    hold_guard("tower", |sent| {
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

#[tokio::test]
async fn next_of_a_guard_is_safe_on_axum() {
    let site = Router::new()
        .fallback_service(
            any(async || "inside")
                .layer::<_, std::convert::Infallible>(require_login())
                .with_state::<()>(()),
        )
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock));
    hold_guard("axum", |sent| {
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
async fn next_of_a_guard_is_safe_on_actix() {
    let app = App::new()
        .default_service(web::to(async || HttpResponse::Ok()).wrap(hallpass_actix::require_login()))
        .wrap(hallpass_actix::AuthLayer::new(authenticator()).clock(StoppedClock));
    let app = init_service(app).await;
    hold_guard("actix", |sent| {
        let exchange =
            actix_web::test::call_service(&app, actix_stack::request(&sent).to_request());
        async move { actix_stack::received(exchange.await).await }
    })
    .await;
}
