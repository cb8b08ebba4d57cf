//! `GuardedRouter` with nested, merged and unguarded routes.

#![cfg(feature = "router")]

use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use hallpass_axum::GuardedRouter;
use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
use hallpass_tower::{AuthLayer, public, require_any_role, require_login, require_roles};
use http::{Request, header::CACHE_CONTROL};
use tower::ServiceExt;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Editor,
    Admin,
}

fn site() -> GuardedRouter {
    let office = GuardedRouter::new()
        .route(
            "/safe",
            require_roles([SiteRole::Editor, SiteRole::Admin]),
            post(|| async { "the safe" }),
        )
        .route("/desk", require_login(), get(|| async { "the desk" }));
    let health = Router::new().route("/healthz", get(|| async { "well" })).layer(public());
    GuardedRouter::new()
        .route("/", public(), get(|| async { "the front page" }))
        .nest("/office", office)
        .merge(GuardedRouter::new().route(
            "/draft",
            require_any_role([SiteRole::Editor]),
            get(|| async { "a draft" }),
        ))
        .merge_routes("(health)", public(), health)
}

fn strict() -> AuthLayer<SiteRole> {
    let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
    AuthLayer::new(Verifier::new(keys, "https://site.example", "site")).deny_unguarded_routes()
}

#[tokio::test]
async fn only_routes_with_a_requirement_are_served() {
    let forgotten = get(|| async { ([("x-secret", "1")], "forgotten") });
    let app: Router = site().into_router().route("/forgotten", forgotten).layer(strict());
    for (method, path, status) in [
        ("GET", "/", 200),
        ("POST", "/", 405),
        ("POST", "/office/safe", 401),
        ("GET", "/office/safe", 401),
        ("GET", "/office/desk", 401),
        ("GET", "/draft", 401),
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/office/nowhere", 404),
        ("GET", "/forgotten", 500),
        ("POST", "/forgotten", 500),
    ] {
        let request =
            Request::builder().method(method).uri(path).header("accept", "application/json");
        let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        assert!(!answer.headers().contains_key("x-secret"));
        assert_eq!(
            answer.headers().contains_key(CACHE_CONTROL),
            matches!(status, 401 | 500),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn fallback_needs_a_requirement_too() {
    let guarded: Router =
        site().fallback(require_login(), || async { "anything" }).into_router().layer(strict());
    let request = || {
        Request::get("/nowhere").header("accept", "application/json").body(Body::empty()).unwrap()
    };
    assert_eq!(guarded.oneshot(request()).await.unwrap().status(), 401);
    let unstated: Router = Router::new().fallback(|| async { "anything" }).layer(strict());
    assert_eq!(unstated.oneshot(request()).await.unwrap().status(), 500);
}

#[test]
fn the_table_shows_every_route() {
    assert_eq!(
        site().fallback(require_login(), || async {}).table().render::<SiteRole>(),
        "\
route            logged out  guest  editor  admin  requires
/                yes         yes    yes     yes    public
/office/safe     -           -      part    part   all of editor, admin
/office/desk     -           yes    yes     yes    login
/draft           -           -      yes     -      any of editor
(health)         yes         yes    yes     yes    public
(anything else)  -           yes    yes     yes    login
"
    );
}
