//! Tests of the parts that only actix-web has, and of their combination. The conformance table
//! tests the rest.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use actix_web::{
    App, Error, FromRequest, HttpRequest, HttpResponse,
    body::{MessageBody, to_bytes},
    dev::{Payload, Service, ServiceResponse},
    http::{StatusCode, header},
    middleware::DefaultHeaders,
    test::{TestRequest, init_service, try_call_service},
    web,
};
use hallpass_actix::{Allowed, AuthLayer, Identity, require_login, require_roles};
use hallpass_core::{
    Claims, Clock, Issuer, KeyRing, LoggedIn, Permission, Rejection, RejectionKind, Requirement,
    Role, SystemClock, UnixTime,
};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SiteRole {
    Guest,
    Admin,
}

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum OtherRole {
    Admin,
}

struct EnterOffice;

impl Permission for EnterOffice {
    type Role = SiteRole;

    fn requirement() -> Requirement {
        Requirement::all_of([SiteRole::Admin])
    }
}

fn issuer() -> Issuer {
    Issuer::new(
        KeyRing::generate_hs256([7; 32], UnixTime::from_secs(0)),
        "https://site.example",
        "site",
    )
}

fn auth() -> AuthLayer<SiteRole> {
    AuthLayer::new(issuer().verifier())
}

/// Returns a JSON request of a user with this role, or without a token.
fn request(path: &str, role: Option<SiteRole>) -> TestRequest {
    let request = TestRequest::with_uri(path).insert_header((header::ACCEPT, "application/json"));
    let Some(role) = role else { return request };
    let now = SystemClock.now();
    let user = LoggedIn::insecure_new(
        Claims::new("1", 0, now).with_username("alice").with_session("s"),
        role,
    );
    let token = issuer().issue(&user, now).unwrap();
    request.insert_header((header::COOKIE, format!("__Host-hallpass={}", token.as_str())))
}

async fn send<S, B>(app: &S, request: TestRequest) -> (StatusCode, String)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let response =
        try_call_service(app, request.to_request()).await.expect("no error leaves the app");
    let status = response.status();
    let body = to_bytes(response.into_body()).await.ok().expect("a body");
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn show() -> &'static str {
    "the office"
}

#[actix_web::test]
async fn guard_without_auth_layer_admits_nobody() {
    let app = init_service(
        App::new()
            .service(web::resource("/guarded").wrap(require_login()).to(show))
            .service(web::resource("/me").to(|_: Identity<SiteRole>| show()))
            .service(web::resource("/routed").guard(require_login()).to(show)),
    )
    .await;
    for (path, status) in [("/guarded", 500), ("/me", 500), ("/routed", 404)] {
        let (is, body) = send(&app, request(path, Some(SiteRole::Admin))).await;
        assert_eq!((is.as_u16(), body.as_str()), (status, ""), "{path}");
    }
}

#[actix_web::test]
async fn requirement_as_routing_guard_selects_by_role() {
    let app = init_service(
        App::new()
            .service(
                web::resource("/")
                    .route(web::get().guard(require_roles([SiteRole::Admin])).to(show))
                    .route(web::get().to(async || "the front page")),
            )
            .wrap(auth()),
    )
    .await;
    for (role, page) in [
        (Some(SiteRole::Admin), "the office"),
        (Some(SiteRole::Guest), "the front page"),
        (None, "the front page"),
    ] {
        assert_eq!(
            send(&app, request("/", role)).await,
            (StatusCode::OK, page.to_owned()),
            "{role:?}"
        );
    }
}

#[actix_web::test]
async fn allowed_extractor_checks_the_permission() {
    let enter = async |admin: Allowed<EnterOffice>| admin.username().to_owned();
    let app = init_service(App::new().route("/", web::get().to(enter)).wrap(auth())).await;
    assert_eq!(
        send(&app, request("/", Some(SiteRole::Admin))).await,
        (StatusCode::OK, "alice".to_owned())
    );
    assert_eq!(send(&app, request("/", Some(SiteRole::Guest))).await.0, StatusCode::FORBIDDEN);
    assert_eq!(send(&app, request("/", None)).await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn identity_of_another_enum_returns_500() {
    let app = init_service(
        App::new().route("/", web::get().to(|_: Identity<OtherRole>| show())).wrap(auth()),
    )
    .await;
    let (status, body) = send(&app, request("/", Some(SiteRole::Admin))).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(body.contains("internal"), "{body}");
    assert_eq!(send(&app, request("/", None)).await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn own_page_never_has_a_success_status() {
    let page = |rejection: Rejection, request: &HttpRequest| {
        let forbidden = rejection.kind() == RejectionKind::RoleMissing;
        forbidden.then(|| {
            HttpResponse::Ok().insert_header(("x-page", "own")).body(request.path().to_owned())
        })
    };
    let guarded = web::resource("/office").wrap(require_roles([SiteRole::Admin])).to(show);
    let app = init_service(App::new().service(guarded).wrap(auth().on_rejection(page))).await;
    let browser = |role| request("/office", role).insert_header((header::ACCEPT, "text/html"));
    let response =
        try_call_service(&app, browser(Some(SiteRole::Guest)).to_request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers().get("x-page").unwrap(), "own");
    assert_eq!(response.headers().get(header::CACHE_CONTROL).unwrap(), "no-store");
    assert_eq!(to_bytes(response.into_body()).await.ok().unwrap(), "/office");
    // A rejection of another kind, and a client that accepts no page, get the default response.
    assert_eq!(send(&app, browser(None)).await.0, StatusCode::SEE_OTHER);
    let (status, body) = send(&app, request("/office", Some(SiteRole::Guest))).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(body.contains("role-missing"), "{body}");
}

#[actix_web::test]
async fn headers_of_middleware_in_between_are_kept() {
    let guarded = web::resource("/").wrap(require_login()).to(show);
    let policy = DefaultHeaders::new()
        .add(("x-frame-options", "DENY"))
        .add(("content-type", "text/x-inner"));
    let app = init_service(App::new().service(guarded).wrap(policy).wrap(auth())).await;
    let response = try_call_service(&app, request("/", None).to_request()).await.unwrap();
    assert_eq!(response.headers().get("x-frame-options").unwrap(), "DENY");
    assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
    assert_eq!(response.headers().get_all("content-type").count(), 1);
}

#[actix_web::test]
async fn guarded_response_is_no_store_unless_handler_sets_it() {
    let kept = async || {
        HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "private, max-age=9")).finish()
    };
    let app = init_service(
        App::new()
            .service(web::resource("/show").wrap(require_login()).to(show))
            .service(web::resource("/kept").wrap(require_login()).to(kept))
            .wrap(auth()),
    )
    .await;
    for (path, policy) in [("/show", "no-store"), ("/kept", "private, max-age=9")] {
        let response = try_call_service(&app, request(path, Some(SiteRole::Guest)).to_request())
            .await
            .unwrap();
        assert_eq!(response.headers().get(header::CACHE_CONTROL).unwrap(), policy);
    }
}

#[actix_web::test]
async fn identity_extractor_without_auth_layer_is_an_error() {
    let refused = Identity::<SiteRole>::from_request(
        &request("/", None).to_http_request(),
        &mut Payload::None,
    )
    .await;
    assert_eq!(
        refused.expect_err("no AuthLayer around it").rejection().kind(),
        RejectionKind::Internal
    );
}
