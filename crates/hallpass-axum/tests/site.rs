//! A site on axum with the real `Router`: extractors, guards as layers and as arguments, nested
//! routers and fallbacks.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    handler::Handler,
    response::{Html, IntoResponse},
    routing::{get, post},
};
use hallpass_axum::{Allowed, Identity};
use hallpass_core::{Authentication, Methods, Permission, RejectionKind, Requirement, Role};
use hallpass_test_support::tokens::{SiteRole, TokenOf, invalid_cookies, layer};
use hallpass_tower::{require_at_least, require_login, require_roles};
use http::{Request, Response};
use tower::ServiceExt;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum ShopRole {
    Owner,
}

struct HidePosts;

impl Permission for HidePosts {
    type Role = SiteRole;

    fn requirement() -> Requirement {
        Requirement::at_least(SiteRole::Moderator).and_second_factor()
    }
}

/// A permission that names no role and belongs to another role enum than the site's.
struct EnterShop;

impl Permission for EnterShop {
    type Role = ShopRole;

    fn requirement() -> Requirement {
        Requirement::login()
    }
}

async fn home(me: Option<Identity<SiteRole>>, Extension(who): Extension<Authentication>) -> String {
    match me {
        Some(me) => format!("{} {:?}", me.username(), me.roles()),
        None => who.reason().map_or("nobody", |reason| reason.as_str()).to_owned(),
    }
}

async fn profile(me: Identity<SiteRole>) -> String {
    me.username().to_owned()
}

async fn hide(moderator: Allowed<HidePosts>) -> String {
    moderator.username().to_owned()
}

fn routes() -> Router {
    Router::new()
        .route("/", get(home))
        .route("/profile", get(profile))
        .route("/hide", post(hide))
        .route(
            "/hide/link",
            get(
                async |may: Option<Allowed<HidePosts>>| {
                    if may.is_some() { "shown" } else { "hidden" }
                },
            ),
        )
        .route("/shop", get(async |_: Identity<ShopRole>| "in"))
        .route("/shop/maybe", get(async |_: Option<Identity<ShopRole>>| "in"))
        .route("/shop/enter", get(async |_: Allowed<EnterShop>| "in"))
        .route("/shop/link", get(async |_: Option<Allowed<EnterShop>>| "in"))
        .route("/admin", get(async || "in").route_layer(require_roles([SiteRole::Admin])))
        .route(
            "/posts",
            get(async || "open").post((async || "in").layer(require_roles([SiteRole::Admin]))),
        )
        .nest(
            "/office",
            Router::new()
                .route("/desk", get(async || "in"))
                .route_layer(require_at_least(SiteRole::Moderator)),
        )
        .fallback((async || "not found").layer(require_login()))
}

fn site() -> Router {
    routes().layer(layer())
}

async fn ask(
    site: Router,
    method: &str,
    uri: &str,
    cookie: Option<&str>,
) -> (u16, Response<String>) {
    let request = Request::builder().method(method).uri(uri).header("accept", "application/json");
    let request =
        cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
    let (parts, body) =
        site.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    let body = String::from_utf8(to_bytes(body, 64 * 1024).await.unwrap().into()).unwrap();
    (parts.status.as_u16(), Response::from_parts(parts, body))
}

#[tokio::test]
async fn each_route_admits_only_permitted_callers() {
    use SiteRole::{Admin, Guest, Moderator};
    let guest = TokenOf::with(Guest).cookie();
    let admin = TokenOf::with(Admin).cookie();
    let coded =
        TokenOf { methods: Methods::PASSWORD | Methods::ONE_TIME_CODE, ..TokenOf::with(Moderator) }
            .cookie();
    let moderator = TokenOf::with(Moderator).cookie();
    for (method, uri, cookie, status, body) in [
        ("GET", "/", Some(&guest), 200, "alice {guest}"),
        ("GET", "/", None, 200, "nobody"),
        ("GET", "/profile", Some(&guest), 200, "alice"),
        ("GET", "/profile", None, 401, "signed-out"),
        ("POST", "/hide", Some(&coded), 200, "alice"),
        ("POST", "/hide", Some(&moderator), 403, "second-factor-missing"),
        ("POST", "/hide", Some(&guest), 403, "role-missing"),
        ("POST", "/hide", None, 401, "signed-out"),
        ("GET", "/hide/link", Some(&coded), 200, "shown"),
        ("GET", "/hide/link", Some(&moderator), 200, "hidden"),
        ("GET", "/hide/link", Some(&guest), 200, "hidden"),
        ("GET", "/hide/link", None, 200, "hidden"),
        ("GET", "/admin", Some(&admin), 200, "in"),
        ("GET", "/admin", Some(&guest), 403, "role-missing"),
        ("HEAD", "/admin", Some(&guest), 403, ""),
        ("GET", "/admin", None, 401, "signed-out"),
        ("GET", "/posts", None, 200, "open"),
        ("POST", "/posts", None, 401, "signed-out"),
        ("POST", "/posts", Some(&admin), 200, "in"),
        ("GET", "/office/desk", Some(&moderator), 200, "in"),
        ("GET", "/office/desk", Some(&guest), 403, "role-missing"),
        ("GET", "/office/desk", None, 401, "signed-out"),
        ("GET", "/nowhere", Some(&guest), 200, "not found"),
        ("GET", "/nowhere", None, 401, "signed-out"),
        ("GET", "//admin", None, 401, "signed-out"),
        ("GET", "/%61dmin", None, 401, "signed-out"),
    ] {
        let (got, response) = ask(site(), method, uri, cookie.map(String::as_str)).await;
        assert_eq!(got, status, "{method} {uri}");
        if status == 200 {
            assert_eq!(response.body(), body, "{method} {uri}");
        } else {
            assert!(response.body().contains(body), "{method} {uri}: {}", response.body());
            assert_eq!(
                response.headers()["content-type"],
                "application/problem+json",
                "{method} {uri}"
            );
        }
    }
}

#[tokio::test]
async fn invalid_token_is_anonymous_with_its_reason_on_open_routes() {
    for (who, cookie, kind) in invalid_cookies() {
        let (status, home) = ask(site(), "GET", "/", cookie.as_deref()).await;
        assert_eq!(status, 200, "{who}");
        assert_eq!(home.body() == "nobody", cookie.is_none(), "{who}: {}", home.body());
        assert!(!home.body().contains("alice"), "{who}");
        for (method, uri) in [("GET", "/profile"), ("POST", "/hide"), ("GET", "/admin")] {
            let (status, response) = ask(site(), method, uri, cookie.as_deref()).await;
            assert_eq!(status, 401, "{who} {uri}");
            assert!(response.body().contains(kind), "{who} {uri}: {}", response.body());
        }
    }
}

#[tokio::test]
async fn wrong_set_up_returns_500() {
    let admin = TokenOf::with(SiteRole::Admin).cookie();
    for uri in ["/shop", "/shop/maybe", "/shop/enter", "/shop/link"] {
        let (status, response) = ask(site(), "GET", uri, Some(&admin)).await;
        assert_eq!(status, 500, "{uri}");
        assert!(
            response.body().contains(RejectionKind::Internal.as_str()),
            "{uri}: {}",
            response.body()
        );
    }
    // Without the layer nothing authenticates the request, and nothing renders the rejection.
    for (method, uri) in
        [("GET", "/profile"), ("GET", "/shop/maybe"), ("POST", "/hide"), ("GET", "/admin")]
    {
        let (status, _) = ask(routes(), method, uri, Some(&admin)).await;
        assert_eq!(status, 500, "{uri}");
    }
}

#[tokio::test]
async fn login_redirect_has_the_whole_path_as_next() {
    for uri in ["/profile?tab=2", "/office/desk?tab=2"] {
        let response =
            site().oneshot(Request::get(uri).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 303, "{uri}");
        let next = format!(
            "/login?next={}",
            uri.replace('/', "%2F").replace('?', "%3F").replace('=', "%3D")
        );
        assert_eq!(response.headers()["location"].to_str().unwrap(), next);
    }
}

#[tokio::test]
async fn own_page_keeps_its_content_length() {
    let layer = layer().on_rejection(|rejection, request| match rejection.kind() {
        RejectionKind::RoleMissing => Some(
            Html(format!("<h1>Not for {}</h1>", request.authentication().username()?))
                .into_response(),
        ),
        _ => None,
    });
    let request = Request::get("/admin").header("cookie", TokenOf::with(SiteRole::Guest).cookie());
    let response =
        routes().layer(layer).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["content-length"], "22");
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(to_bytes(response.into_body(), 1024).await.unwrap(), "<h1>Not for alice</h1>");
}
