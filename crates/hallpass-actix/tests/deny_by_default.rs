//! A site on which every route has to state its requirement.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{
    App, HttpResponse,
    http::{StatusCode, header},
    test::{TestRequest, call_service, init_service, read_body},
    web,
};
use hallpass_actix::{AuthLayer, GuardedRouter, public, require_login, require_roles};
use hallpass_core::{KeyRing, Role, UnixTime, Verifier};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Admin,
}

fn auth() -> AuthLayer<SiteRole> {
    let ring = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(0));
    AuthLayer::new(Verifier::new(ring, "https://site.example", "site")).deny_unguarded_routes()
}

fn get(path: &str) -> TestRequest {
    TestRequest::with_uri(path).insert_header((header::ACCEPT, "application/json"))
}

#[actix_web::test]
async fn route_without_a_requirement_returns_500() {
    let leak = async || HttpResponse::Ok().insert_header(("x-secret", "1")).body("the safe");
    let app = init_service(
        App::new()
            .route("/forgotten", web::get().to(leak))
            .service(web::resource("/open").wrap(public()).to(leak))
            .service(web::resource("/guarded").wrap(require_login()).to(leak))
            .service(web::resource("/routed").guard(require_login()).to(leak))
            .wrap(auth()),
    )
    .await;
    for (path, status) in [
        ("/forgotten", 500),
        ("/nowhere", 500),
        ("/routed", 500),
        ("/guarded", 401),
        ("/open", 200),
    ] {
        let response = call_service(&app, get(path).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers().contains_key("x-secret"), status == 200, "{path}");
        let body = read_body(response).await;
        assert_eq!(body == "the safe", status == 200, "{path}: {body:?}");
    }
}

#[actix_web::test]
async fn public_route_stays_cacheable() {
    let app = init_service(
        App::new()
            .service(web::resource("/").wrap(public()).to(async || "the front page"))
            .wrap(auth()),
    )
    .await;
    let response = call_service(&app, get("/").to_request()).await;
    assert_eq!(
        (response.status(), response.headers().get(header::CACHE_CONTROL)),
        (StatusCode::OK, None)
    );
}

static SAFE_OPENED: AtomicUsize = AtomicUsize::new(0);

fn site() -> GuardedRouter {
    let open_safe = async || {
        SAFE_OPENED.fetch_add(1, Ordering::SeqCst);
        "open"
    };
    let office = GuardedRouter::new()
        .route(
            "/safe",
            require_roles([SiteRole::Admin]).and_second_factor(),
            web::post().to(open_safe),
        )
        .route("/desk", require_login(), web::get().to(async || "a desk"));
    let health = web::resource("/healthz").wrap(public()).to(async || "well");
    GuardedRouter::new()
        .route("/", public(), web::get().to(async || "the front page"))
        .nest("/office", office)
        .merge(GuardedRouter::new().merge_routes("(health)", public(), health))
}

#[actix_web::test]
async fn guarded_router_applies_each_requirement() {
    let app = init_service(App::new().configure(site().into_config()).wrap(auth())).await;
    for (method, path, status) in [
        ("GET", "/", 200),
        ("GET", "/office/desk", 401),
        ("POST", "/office/safe", 401),
        ("GET", "/office/safe", 401),
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/office/nowhere", 404),
    ] {
        let response =
            call_service(&app, get(path).method(method.parse().unwrap()).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
    }
    assert_eq!(SAFE_OPENED.load(Ordering::SeqCst), 0);
}

#[test]
fn the_table_shows_every_route() {
    assert_eq!(
        site().table().render::<SiteRole>(),
        "\
route            logged out  guest  admin  requires
/                yes         yes    yes    public
/office/safe     -           -      yes    all of admin; second factor
/office/desk     -           yes    yes    login
(health)         yes         yes    yes    public
(anything else)  yes         yes    yes    public
"
    );
}
