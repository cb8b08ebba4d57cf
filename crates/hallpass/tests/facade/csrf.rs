//! The site's own routes are protected from CSRF without a setting, on axum and on actix-web.
//!
//! The site is that of the README: `hallpass.protect(app)`, or `hallpass.layer()`.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::{any, get, post},
};
use hallpass::{AuthLayer, Clock, Hallpass, UnixTime, store::SqlStore};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tracing::{Dispatch, dispatcher::DefaultGuard};

use crate::{
    site::SiteRole,
    visit::{cookie_of, status},
};

type Headers = &'static [(&'static str, &'static str)];

const FOREIGN: Headers =
    &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("accept", "*/*")];
const SISTER: Headers = &[("origin", "https://shop.example"), ("sec-fetch-site", "same-site")];
/// Of a browser without Fetch Metadata: Safari before 16.4, or plain HTTP.
const OLD_BROWSER: Headers = &[("origin", "https://shop.example")];
const OWN: Headers = &[("origin", "https://site.example"), ("sec-fetch-site", "same-origin")];
const HANDSHAKE: Headers = &[
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// The method, the headers, and whether the request passes.
fn requests() -> Vec<(&'static str, Vec<Headers>, bool)> {
    let mut requests = Vec::new();
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE"] {
        for (from, passes) in [(FOREIGN, false), (SISTER, false), (OLD_BROWSER, false), (OWN, true)]
        {
            requests.push((method, vec![from], passes));
        }
        requests.push((method, vec![], true));
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        for (from, passes) in [(FOREIGN, false), (SISTER, false), (OLD_BROWSER, false), (OWN, true)]
        {
            requests.push((method, vec![from], true));
            requests.push((method, vec![from, HANDSHAKE], passes));
        }
    }
    requests.push(("GET", vec![HANDSHAKE], true));
    requests
}

async fn open() -> Hallpass<SiteRole> {
    Hallpass::open("sqlite::memory:").await.unwrap()
}

fn app() -> Router {
    Router::new()
        .route("/posts", any(async || "a page"))
        .route("/profile", get(async || "a page").route_layer(hallpass::require_login()))
}

fn request(method: &str, headers: &[Headers]) -> Request<Body> {
    let mut request =
        Request::builder().method(method).uri("/posts").header("host", "site.example");
    for (name, value) in headers.iter().copied().flatten() {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn foreign_requests_to_own_routes_are_403_on_axum() {
    let hallpass = open().await;
    let sites =
        [app().layer(hallpass.layer()), Router::new().fallback_service(hallpass.protect(app()))];
    for site in sites {
        for (method, headers, passes) in requests() {
            let response = site.clone().oneshot(request(method, &headers)).await.unwrap();
            let expected = if passes { 200 } else { 403 };
            assert_eq!(response.status(), expected, "{method} {headers:?}");
        }
    }
}

/// The form is rejected before the token is read, and the response is the same with and without a
/// login.
#[tokio::test]
async fn foreign_form_with_the_cookie_is_403_cross_origin() {
    let hallpass = open().await;
    let app = Router::new()
        .route("/posts", post(async || "published").route_layer(hallpass::require_login()))
        .merge(hallpass.routes())
        .layer(hallpass.layer());
    let cookie = cookie_of(&app, "/register", "alice").await;
    for accept in ["text/html", "application/json"] {
        for cookie in [Some(cookie.as_str()), None, Some("__Host-hallpass=a; __Host-hallpass=b")] {
            let mut form = request("POST", &[FOREIGN]);
            form.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
            if let Some(cookie) = cookie {
                form.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
            }
            let response = app.clone().oneshot(form).await.unwrap();
            assert_eq!(response.status(), 403);
            assert!(response.headers().get(header::SET_COOKIE).is_none());
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            assert!(body.contains("Sec-Fetch-Site"), "{body}");
            assert!(body.contains("trusted origins"), "{body}");
            assert!(!body.contains("evil.example"), "{body}");
            if accept == "application/json" {
                assert!(body.contains(r#""type":"urn:hallpass:problem:cross-origin""#), "{body}");
                assert!(body.contains(r#""header":"Sec-Fetch-Site""#), "{body}");
            }
        }
    }
    let mut own = request("POST", &[OWN]);
    own.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    assert_eq!(app.clone().oneshot(own).await.unwrap().status(), 200);
}

#[tokio::test]
async fn trusted_and_public_origins_post_to_own_routes() {
    let store = SqlStore::open("sqlite::memory:").await.unwrap();
    let hallpass = Hallpass::<SiteRole>::builder(store)
        .keys_in_memory()
        .public_origin("https://public.example/app")
        .trust_origin("https://shop.example")
        .start()
        .await
        .unwrap();
    let site = hallpass.protect(app());
    const PUBLIC: Headers = &[("origin", "https://public.example")];
    for (headers, expected) in [(SISTER, 200), (OLD_BROWSER, 200), (PUBLIC, 200), (FOREIGN, 403)] {
        for (method, more) in [("POST", None), ("GET", Some(HANDSHAKE))] {
            let headers: Vec<_> = [headers].into_iter().chain(more).collect();
            let response = site.clone().oneshot(request(method, &headers)).await.unwrap();
            assert_eq!(response.status(), expected, "{method} {headers:?}");
        }
    }
}

#[tokio::test]
async fn csrf_check_is_turned_off_by_one_name_only() {
    let hallpass = open().await;
    let app = app().merge(hallpass.routes());
    let site = hallpass.layer().insecure_without_csrf_check().protect(app);
    let response = site.clone().oneshot(request("POST", &[FOREIGN])).await.unwrap();
    assert_eq!(response.status(), 200);
    // The login routes keep their check (login CSRF).
    let mut login = request("POST", &[FOREIGN]);
    *login.uri_mut() = "/login".parse().unwrap();
    assert_eq!(site.oneshot(login).await.unwrap().status(), 403);
}

/// A page cannot make the browser send `Authorization: Bearer` without the consent of the site
/// (CORS), so a request that has it and no cookie is not forged.
#[tokio::test]
async fn bearer_request_without_a_cookie_passes_from_any_origin() {
    let store = SqlStore::open("sqlite::memory:").await.unwrap();
    let hallpass = Hallpass::<SiteRole>::builder(store)
        .keys_in_memory()
        .everything()
        .bearer()
        .start()
        .await
        .unwrap();
    let api = Router::new()
        .route("/posts", any(async || "a page").layer(hallpass::require_login()))
        .route("/profile", get(async || "a page").route_layer(hallpass::require_login()))
        .merge(hallpass.routes());
    let site = api.clone().layer(hallpass.layer());
    let cookie = cookie_of(&site, "/register", "alice").await;
    let token = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    assert_eq!(status(&site, "/profile", &cookie).await, 200);

    let bearer = format!("Bearer {token}");
    let cases = [
        (Some(bearer.as_str()), None, 200),
        (Some("Bearer wrong"), None, 401),
        (Some(bearer.as_str()), Some("theme=dark"), 403),
        (Some(bearer.as_str()), Some(cookie.as_str()), 403),
        (Some("Basic YWxpY2U6cGFzcw=="), None, 403),
        (Some("Bearerx"), None, 403),
        (Some(""), None, 403),
        (None, None, 403),
    ];
    for (authorization, cookie, expected) in cases {
        for headers in [vec![FOREIGN], vec![SISTER]] {
            let mut request = request("POST", &headers);
            let head = request.headers_mut();
            head.insert(header::ACCEPT, "application/json".parse().unwrap());
            if let Some(value) = authorization {
                head.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            if let Some(value) = cookie {
                head.insert(header::COOKIE, value.parse().unwrap());
            }
            let response = site.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), expected, "{authorization:?} {cookie:?} {headers:?}");
        }
    }
    // Without `bearer()` the header is not read, so it makes no exception.
    let cookies_only = open().await;
    let mut request = request("POST", &[FOREIGN]);
    request.headers_mut().insert(header::AUTHORIZATION, bearer.parse().unwrap());
    let response = app().layer(cookies_only.layer()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 403);
}

/// A service that only verifies tokens has the check as well.
#[tokio::test]
async fn layer_of_a_verifier_has_the_csrf_check() {
    let hallpass = open().await;
    let site = app().layer(AuthLayer::new(hallpass.request_authenticator().clone()));
    for (method, headers, passes) in requests() {
        let response = site.clone().oneshot(request(method, &headers)).await.unwrap();
        assert_eq!(response.status() == 200, passes, "{method} {headers:?}");
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(1_764_000_000)
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A second dispatcher, so that a line does not depend on the threads of other tests.
fn subscribed(log: &Log) -> DefaultGuard {
    static SECOND: LazyLock<Dispatch> =
        LazyLock::new(|| Dispatch::new(tracing_subscriber::fmt().finish()));
    LazyLock::force(&SECOND);
    let log = log.clone();
    let lines = tracing_subscriber::fmt().with_writer(move || log.clone()).with_ansi(false);
    tracing::dispatcher::set_default(&Dispatch::new(lines.finish()))
}

#[tokio::test]
async fn rejected_origin_is_logged_with_the_header_that_disagreed() {
    let log = Log::default();
    let _guard = subscribed(&log);
    let hallpass = open().await;
    let site = hallpass.layer().clock(Fixed).protect(app().merge(hallpass.routes()));
    // The proxy sends its own `Host`.
    let mut form = request("POST", &[&[("origin", "https://site.example")]]);
    form.headers_mut().insert("host", "127.0.0.1:3000".parse().unwrap());
    form.headers_mut().insert("cookie", "__Host-hallpass=hush".parse().unwrap());
    *form.uri_mut() = "/posts?token=hush".parse().unwrap();
    assert_eq!(site.clone().oneshot(form).await.unwrap().status(), 403);
    for path in ["/posts", "/login"] {
        for _ in 0..30 {
            let mut form = request("POST", &[FOREIGN]);
            *form.uri_mut() = path.parse().unwrap();
            assert_eq!(site.clone().oneshot(form).await.unwrap().status(), 403);
        }
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = logged
        .lines()
        .filter(|line| line.contains("rejected a request from another origin"))
        .collect();
    assert_eq!(lines.len(), 10, "{logged}");
    for part in [
        "WARN",
        "header=\"Origin\"",
        "method=POST",
        "origin=https://site.example",
        "host=127.0.0.1:3000",
        "sec_fetch_site=none",
        "public origin",
    ] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(lines[1].contains("header=\"Sec-Fetch-Site\""), "{}", lines[1]);
    assert!(lines[1].contains("origin=https://evil.example"), "{}", lines[1]);
    assert!(lines[1].contains("sec_fetch_site=cross-site"), "{}", lines[1]);
    assert!(!logged.contains("hush"), "{logged}");
}

#[cfg(feature = "actix")]
mod actix {
    use actix_web::{
        App, HttpResponse,
        http::Method,
        test::{self, TestRequest},
        web,
    };

    use super::{FOREIGN, Headers, open, requests};

    fn request(method: &str, headers: &[Headers]) -> TestRequest {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request =
            TestRequest::with_uri("/posts").method(method).insert_header(("host", "site.example"));
        for header in headers.iter().copied().flatten() {
            request = request.insert_header(*header);
        }
        request
    }

    #[actix_web::test]
    async fn foreign_requests_to_own_routes_are_403_on_actix() {
        let hallpass = open().await;
        let page = || async { HttpResponse::Ok().body("a page") };
        let app = App::new().route("/posts", web::to(page)).wrap(hallpass.layer());
        let app = test::init_service(app).await;
        for (method, headers, passes) in requests() {
            let response = test::call_service(&app, request(method, &headers).to_request()).await;
            let expected = if passes { 200 } else { 403 };
            assert_eq!(response.status(), expected, "{method} {headers:?}");
        }
        let json = request("POST", &[FOREIGN]).insert_header(("accept", "application/json"));
        let body = test::call_and_read_body(&app, json.to_request()).await;
        let body = std::str::from_utf8(&body).unwrap();
        assert!(body.contains(r#""header":"Sec-Fetch-Site""#), "{body}");
    }

    #[actix_web::test]
    async fn csrf_check_of_actix_is_turned_off_by_name() {
        let hallpass = open().await;
        let page = || async { HttpResponse::Ok().body("a page") };
        let app = App::new()
            .route("/posts", web::to(page))
            .service(hallpass.routes())
            .wrap(hallpass.layer().insecure_without_csrf_check());
        let app = test::init_service(app).await;
        let response = test::call_service(&app, request("POST", &[FOREIGN]).to_request()).await;
        assert_eq!(response.status(), 200);
        let login = request("POST", &[FOREIGN]).uri("/login").to_request();
        assert_eq!(test::call_service(&app, login).await.status(), 403);
    }
}
