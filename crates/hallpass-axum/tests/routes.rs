//! The login routes on a real axum server, over a real socket. The endpoints have tests of their
//! own; these tests check the conversion.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]
#![cfg(feature = "routes")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing};
use hallpass_accounts::{Accounts, Proxies, RateLimit, RateLimits, Settings, StoreSet};
use hallpass_axum::{Identity, routes};
use hallpass_core::{KeyRing, Role, UnixTime};
use hallpass_test_support::http::{Request, send, send_from};
use hallpass_test_support::memory_store::MemoryStore;
use hallpass_tower::AuthLayer;
use hallpass_web::{EndpointRequest, Page, Pages, Reader, Routes};
use tokio::net::TcpListener;

const PASSWORD: &str = "correct horse battery staple";

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
}

/// Pages that print their `Debug` form.
struct Plain;

impl Pages for Plain {
    fn render(&self, page: &Page<'_>, _: &Reader<'_>) -> String {
        format!("{page:?}")
    }
}

fn accounts() -> Accounts<SiteRole> {
    let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.clone().into());
    stores.sessions = Some(store.clone().into());
    stores.administration = Some(store.into());
    let settings = Settings {
        default_roles: SiteRole::Guest.into(),
        rate_limits: RateLimits::default().address(RateLimit::new(3, Duration::from_secs(60))),
        proxies: Proxies::x_forwarded_for(["127.0.0.1"]).unwrap(),
        ..Settings::default()
    };
    Accounts::new(keys, stores, settings).unwrap()
}

fn app(accounts: &Accounts<SiteRole>) -> Router {
    Router::new()
        .route("/profile", routing::get(async |me: Identity<SiteRole>| me.username().to_owned()))
        .merge(routes(&Routes::with_pages(accounts, Plain)))
}

/// Serves a site, and returns its address.
async fn site() -> SocketAddr {
    let accounts = accounts();
    serve(app(&accounts).layer(AuthLayer::new(accounts.request_authenticator()))).await
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Returns a request without cookies.
fn request(method: &str, path: &str) -> Request {
    Request::new(method, path).header("host", "site.example").header("connection", "close")
}

fn get(path: &str) -> Request {
    request("GET", path)
}

fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
    request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body)
}

fn credentials(username: &str) -> String {
    format!("username={username}&password={}", PASSWORD.replace(' ', "+"))
}

#[tokio::test]
async fn register_then_profile_then_logout_over_a_socket() {
    let site = site().await;
    let registered = send(site, &post("/register", credentials("ann"))).await;
    assert_eq!(
        (registered.status, registered.header("location")),
        (303, Some("/profile")),
        "{registered:?}"
    );
    let access = registered.set_cookie("__Host-hallpass").unwrap().value;
    let cookie = format!("theme=dark; __Host-hallpass={access}");

    let profile = send(site, &get("/profile").header("cookie", &*cookie)).await;
    assert_eq!((profile.status, profile.text().as_str()), (200, "ann"));
    let nobody = send(site, &get("/profile")).await;
    assert_eq!((nobody.status, nobody.header("location")), (303, Some("/login?next=%2Fprofile")));

    let logged_out = send(site, &post("/logout", "").header("cookie", &*cookie)).await;
    assert_eq!((logged_out.status, logged_out.header("location")), (303, Some("/")));
    let removed = logged_out.set_cookies();
    assert!(
        removed.len() > 1 && removed.iter().all(|cookie| cookie.value.is_empty()),
        "{removed:?}"
    );
    let script = get("/profile").header("cookie", &*cookie).header("accept", "application/json");
    assert_eq!(send(site, &script).await.status, 401);
}

#[tokio::test]
async fn origin_check_receives_the_headers_and_the_host() {
    let site = site().await;
    let from = async |path: &str, name: &str, value: &str| {
        send(site, &post(path, "username=x&password=y").header(name, value)).await.status
    };
    assert_eq!(from("/login", "sec-fetch-site", "cross-site").await, 403);
    assert_eq!(from("/login", "origin", "https://evil.example").await, 403);
    assert_eq!(from("/login", "origin", "https://site.example").await, 401);
    // The host of a target in absolute form takes precedence over a different `Host`. HTTP/2 has it
    // in `:authority`.
    assert_eq!(from("http://site.example/login", "origin", "https://site.example").await, 401);
    assert_eq!(from("http://shop.example/login", "origin", "https://site.example").await, 403);
}

#[tokio::test]
async fn body_is_read_up_to_the_limit() {
    let site = site().await;
    let log_in = async |length: usize| {
        let start = "username=x&password=";
        let body = format!("{start}{}", "y".repeat(length - start.len()));
        send(site, &post("/login", body)).await.status
    };
    assert_eq!(log_in(EndpointRequest::BODY_LIMIT).await, 401);
    assert_eq!(log_in(EndpointRequest::BODY_LIMIT + 1).await, 413);

    let chunks = format!("1000\r\n{}\r\n", "y".repeat(0x1000)).repeat(3);
    let chunked = |body: String| post("/login", body).header("transfer-encoding", "chunked");
    assert_eq!(send(site, &chunked(format!("{chunks}0\r\n\r\n"))).await.status, 413);
    assert_eq!(send(site, &chunked("not a length\r\n".to_owned())).await.status, 400);
}

#[tokio::test]
async fn methods_and_query_reach_the_endpoints() {
    let site = site().await;
    let logout = send(site, &get("/logout").header("accept", "application/json")).await;
    assert_eq!((logout.status, logout.header("allow")), (405, Some("POST")));
    let page = send(site, &get("/login?next=%2Fprofile")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("/profile"), "the query arrives: {page:?}");
    let head = send(site, &request("HEAD", "/login?next=%2Fprofile")).await;
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    assert_eq!(head.header("content-length"), page.header("content-length"));
    assert_eq!(send(site, &request("BREW", "/login")).await.status, 405);
}

#[tokio::test]
async fn rate_limit_counts_the_client_address_from_the_proxy() {
    let site = site().await;
    let guess = async |proxy: &str, client: &str, name: &str| {
        let forwarded = format!("198.51.100.9, {client}");
        let guess = post("/login", credentials(name)).header("x-forwarded-for", forwarded);
        send_from(proxy.parse().unwrap(), site, &guess).await
    };
    let mut statuses = Vec::new();
    for name in ["a1", "a2", "a3", "a4"] {
        statuses.push(guess("127.0.0.1", "192.0.2.1", name).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    assert!(guess("127.0.0.1", "192.0.2.1", "a5").await.header("retry-after").is_some());
    assert_eq!(guess("127.0.0.1", "192.0.2.2", "a6").await.status, 401);
    // This peer is not a configured proxy, so its header is ignored. The limit of the loopback
    // addresses is wide.
    assert_eq!(guess("127.0.0.2", "192.0.2.1", "a7").await.status, 401);
}

#[tokio::test]
async fn login_routes_without_auth_layer_return_500() {
    let site = serve(app(&accounts())).await;
    let page = send(site, &get("/login")).await;
    assert_eq!((page.status, page.text().as_str()), (500, ""));
    assert_eq!(send(site, &post("/register", credentials("ann"))).await.status, 500);
}
