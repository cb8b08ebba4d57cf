//! axum: guards as `route_layer` of a method router, as `route_layer` of a nested router, as
//! `layer` of a merged router and around the fallback, and the extractor.

use std::net::SocketAddr;

use axum::{
    Extension, Router,
    body::Body,
    http::{Response, StatusCode},
    routing::{any, get},
};
use hallpass_axum::Identity;
use hallpass_conformance::{SiteRole, StoppedClock, authenticator, rows, settings};
use hallpass_core::{Authentication, Rejection, RejectionKind};
use hallpass_tower::{AuthLayer, RejectedRequest, RequireLayer, require_login, require_roles};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{
    Stack,
    routes::{OWN_PAGE, READ_ONLY, guarded},
    run, run_over_http1, run_over_http2,
    runs::Runs,
    tower_stack::{received, request},
};

const STACK: Stack = Stack {
    name: "axum",
    doors: |named| match named {
        "admin" => vec!["/admin", "/nested/admin", "/layered/admin"],
        "login" => vec!["/profile", "/nested/profile", "/layered/profile", "/me"],
        _ => Vec::new(),
    },
};

pub(crate) fn site(runs: &Runs) -> Router {
    let office = require_roles([SiteRole::Admin]);
    let inside = Router::new()
        .route("/profile", any(show))
        .route("/admin", any(show).layer(office))
        .route_layer(require_login());
    let layered = Router::new().route("/layered/admin", any(show)).layer(office);
    let layered_profile = Router::new().route("/layered/profile", any(show)).layer(require_login());
    let mut site = Router::new()
        .route("/", any(home))
        .route("/me", any(me))
        .route("/profile", any(show).layer(require_login()))
        .route("/admin", any(show).layer(office))
        .route("/read-only", get(show).route_layer(RequireLayer::new(READ_ONLY)));
    for (path, requirement) in guarded() {
        site = site.route(path, any(show).layer(RequireLayer::new(requirement)));
    }
    site.nest("/nested", inside)
        .merge(layered)
        .merge(layered_profile)
        .fallback_service(
            any(nothing).layer::<_, std::convert::Infallible>(require_login()).with_state(()),
        )
        .layer(
            AuthLayer::new(authenticator())
                .clock(StoppedClock)
                .rejection_settings(settings())
                .on_rejection(own_page),
        )
        .layer(Extension(runs.clone()))
}

async fn home(me: Option<Identity<SiteRole>>, Extension(runs): Extension<Runs>) -> String {
    runs.handle(me.as_ref().map(|me| me.username()))
}

async fn me(
    me: Identity<SiteRole>,
    Extension(runs): Extension<Runs>,
) -> ([(&'static str, &'static str); 1], String) {
    ([("cache-control", "no-store")], runs.handle(Some(me.username())))
}

async fn show(
    Extension(who): Extension<Authentication>,
    Extension(runs): Extension<Runs>,
) -> String {
    runs.handle(who.username())
}

async fn nothing(
    Extension(who): Extension<Authentication>,
    Extension(runs): Extension<Runs>,
) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, runs.handle(who.username()))
}

fn own_page(rejection: Rejection, request: &RejectedRequest) -> Option<Response<Body>> {
    let own = rejection.kind() == RejectionKind::RoleMissing && request.uri().path() == "/own-page";
    own.then(|| Response::new(OWN_PAGE.into()))
}

#[tokio::test]
async fn in_process() {
    let runs = Runs::default();
    let site = site(&runs);
    run(STACK, "in process", rows(), |sent| {
        let (runs, site) = (runs.clone(), site.clone());
        async move {
            let exchange = async {
                received(site.oneshot(request(&sent, Body::empty())).await.expect("infallible"))
                    .await
            };
            runs.counted(exchange).await
        }
    })
    .await;
}

#[tokio::test]
async fn over_http1() {
    let runs = Runs::default();
    run_over_http1(STACK, rows(), serve(&runs).await, runs).await;
}

#[tokio::test]
async fn over_http2() {
    let runs = Runs::default();
    run_over_http2(STACK, rows(), serve(&runs).await, runs).await;
}

async fn serve(runs: &Runs) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    let site = site(runs);
    tokio::spawn(async move { axum::serve(listener, site).await });
    address
}
