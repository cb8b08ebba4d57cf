//! A public origin with a path: routes of the site at the root and nested, the cookies, and the
//! settings that are refused at the start.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request},
    routing::get,
};
use hallpass::{CookieSettings, Hallpass, HallpassBuilder, StartError, require_login};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};

use crate::{
    site::{SiteRole, pages},
    users::Users,
};

type Builder = HallpassBuilder<SiteRole, Users>;

fn builder() -> Builder {
    Hallpass::builder(Users::default()).keys_in_memory().registration()
}

async fn below_app() -> Hallpass<SiteRole> {
    builder().public_origin("https://site.example/app/").start().await.unwrap()
}

async fn answer<S>(site: &S, request: Request<Body>) -> (u16, HeaderMap, String)
where
    S: Service<Request<Body>, Response = axum::response::Response> + Clone,
    S::Error: std::fmt::Debug,
{
    let (head, body) = site.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
}

fn ask(path: &str) -> Request<Body> {
    Request::get(path).header("host", "backend:3000").body(Body::empty()).unwrap()
}

/// Asserts that the site has these pages at the path with the prefix and without it.
async fn hold<S>(site: &S)
where
    S: Service<Request<Body>, Response = axum::response::Response> + Clone,
    S::Error: std::fmt::Debug,
{
    for prefix in ["", "/app"] {
        let at = |path: &str| ask(&format!("{prefix}{path}"));
        let (status, _, body) = answer(site, at("/")).await;
        assert_eq!((status, body.as_str()), (200, "a page"), "{prefix}/");
        let (status, _, page) = answer(site, at("/login")).await;
        assert_eq!(status, 200, "{prefix}/login");
        assert!(page.contains("action=\"/app/login\""), "{page}");
        let (status, headers, _) = answer(site, at("/profile?a=1")).await;
        let place = headers["location"].to_str().unwrap();
        assert_eq!((status, place), (303, "/app/login?next=%2Fapp%2Fprofile%3Fa%3D1"), "{prefix}");
        assert_eq!(answer(site, at("/nowhere")).await.0, 404, "{prefix}");
    }
    // nginx redirects this address to the one with the slash. A proxy may also pass it on.
    assert_eq!(answer(site, ask("/app")).await.2, "a page");
}

fn routes(hallpass: &Hallpass<SiteRole>) -> Router {
    let page = || async { "a page" };
    Router::new()
        .route("/", get(page))
        .route("/profile", get(page).route_layer(require_login()))
        .merge(hallpass.routes())
}

#[tokio::test]
async fn a_protected_router_answers_with_and_without_the_prefix() {
    let hallpass = below_app().await;
    hold(&hallpass.protect(routes(&hallpass))).await;
}

#[tokio::test]
async fn a_nested_router_answers_with_and_without_the_prefix() {
    let hallpass = below_app().await;
    hold(&hallpass.protect(Router::new().nest("/app", routes(&hallpass)))).await;
}

#[tokio::test]
async fn a_mounted_router_answers_with_and_without_the_prefix() {
    let hallpass = below_app().await;
    hold(&hallpass.mount(pages(&hallpass))).await;
    hold(&hallpass.mount(Router::new().nest("/app", pages(&hallpass)))).await;
}

/// A route with parameters would match the prefix, too.
#[tokio::test]
async fn a_route_with_parameters_does_not_capture_the_prefix() {
    let hallpass = below_app().await;
    let app = routes(&hallpass)
        .route("/{user}/{project}", get(|| async { "a project" }))
        .fallback(|uri: axum::http::Uri| async move { format!("nothing at {uri}") });
    let site = hallpass.protect(app);
    hold_text(&site, "/app/profile", 303, "").await;
    hold_text(&site, "/app/ann/notes", 200, "a project").await;
    hold_text(&site, "/ann/notes", 200, "a project").await;
    // The fallback receives the path without the prefix.
    hold_text(&site, "/app/one/two/three?a=1", 200, "nothing at /one/two/three?a=1").await;
    hold_text(&site, "/one/two/three?a=1", 200, "nothing at /one/two/three?a=1").await;
}

async fn hold_text<S>(site: &S, path: &str, status: u16, text: &str)
where
    S: Service<Request<Body>, Response = axum::response::Response> + Clone,
    S::Error: std::fmt::Debug,
{
    let (found, _, body) = answer(site, ask(path)).await;
    assert_eq!((found, body.as_str()), (status, text), "{path}");
}

#[tokio::test]
async fn cookies_of_two_sites_on_one_host_have_other_names() {
    let names = |builder: Builder| async move {
        let hallpass = builder.start().await.unwrap();
        hallpass.accounts().settings().cookies.access_name().to_owned()
    };
    assert_eq!(names(builder()).await, "__Host-hallpass");
    assert_eq!(names(builder().public_origin("https://site.example")).await, "__Host-hallpass");
    let app = names(builder().public_origin("https://site.example/app")).await;
    let shop = names(builder().public_origin("https://site.example/shop")).await;
    assert_eq!((&*app, &*shop), ("__Host-hallpass-6u5vfl", "__Host-hallpass-eyyvzy"));
    let own = CookieSettings::builder().access_name("__Host-pass");
    let own = builder().public_origin("https://site.example/app").cookies(own);
    assert_eq!(names(own).await, "__Host-pass");
}

/// A proxy sends the name of its backend as `Host`. The browser sends no `Sec-Fetch-Site`.
#[tokio::test]
async fn the_public_origin_is_accepted_behind_any_host() {
    let post = |origin: &str| {
        Request::post("/logout")
            .header("host", "backend:3000")
            .header("origin", origin)
            .body(Body::empty())
            .unwrap()
    };
    let unset = pages(&builder().start().await.unwrap());
    assert_eq!(answer(&unset, post("https://site.example")).await.0, 403);
    let set = pages(&below_app().await);
    assert_eq!(answer(&set, post("https://site.example")).await.0, 303);
    assert_eq!(answer(&set, post("https://evil.example")).await.0, 403);
}

#[tokio::test]
async fn an_origin_that_cannot_be_used_is_an_error_with_the_fix() {
    let refused = |origin: &'static str| async move {
        builder().public_origin(origin).start().await.unwrap_err()
    };
    let error = refused("http://site.example").await;
    assert!(matches!(error, StartError::PublicOrigin(_)), "{error:?}");
    assert!(error.to_string().contains("write https://"), "{error}");
    for origin in ["https://site.example/login", "https://site.example/.well-known"] {
        let error = refused(origin).await;
        assert!(matches!(error, StartError::PrefixIsRoute { .. }), "{origin}: {error:?}");
        assert!(error.to_string().contains("set another path"), "{error}");
    }
}
