//! The sign-in routes on a real axum server, over a real socket: what they decide is tested with the endpoints, here is what the
//! conversion must not lose.

#![allow(clippy::unwrap_used, reason = "what a test prepares must be there")]
#![cfg(feature = "signin")]

#[allow(unreachable_pub, reason = "the file is another crate's, where this is its style")]
#[path = "../../hallpass-signin/tests/memory/mod.rs"]
mod memory;

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use axum::{Router, routing::get};
use hallpass_axum::{Identity, sign_in_routes};
use hallpass_core::{Gate, Issuer, KeyRing, Role, UnixTime};
use hallpass_signin::{AttemptPolicy, EndpointRequest, Page, Pages, Proxies, Reader, SignIn};
use hallpass_tower::AuthLayer;
use memory::MemoryStore;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const PASSWORD: &str = "correct horse battery staple";

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
}

/// Pages in the least template engine there is.
struct Plain;

impl Pages for Plain {
    fn render(&self, page: &Page<'_>, _: &Reader<'_>) -> String {
        format!("{page:?}")
    }
}

fn sign_in() -> SignIn<SiteRole> {
    let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
    SignIn::builder(MemoryStore::default(), Issuer::new(keys, "https://site.example", "site"))
        .pages(Plain)
        .first_roles(SiteRole::Guest)
        .registration()
        .sessions()
        .administration()
        .address_attempts(AttemptPolicy::new(3, Duration::from_secs(60)))
        .proxies(Proxies::x_forwarded_for(["127.0.0.1"]).unwrap())
        .build()
        .unwrap()
}

fn routes(sign_in: &SignIn<SiteRole>) -> Router {
    Router::new()
        .route("/profile", get(async |me: Identity<SiteRole>| me.username().to_owned()))
        .merge(sign_in_routes(sign_in))
}

/// Serves a site, and says where.
async fn site() -> SocketAddr {
    let sign_in = sign_in();
    let verifier = sign_in.issuer().verifier::<SiteRole>().revocation(sign_in.view().clone());
    serve(routes(&sign_in).layer(AuthLayer::new(Gate::new(verifier).cookies(sign_in.cookies())))).await
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// An answer, taken apart by hand: what a client of another make would see.
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The cookies that it sets, removed ones with an empty value.
    fn cookies(&self) -> BTreeMap<&str, &str> {
        let set = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        set.filter_map(|(_, cookie)| cookie.split(';').next()?.split_once('=')).collect()
    }
}

/// Sends a request from an address of the loopback network, and reads the answer to its end.
async fn send_from(from: &str, site: SocketAddr, request: &[u8]) -> Reply {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    let mut stream: TcpStream = socket.connect(site).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let reply = String::from_utf8(reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {reply:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Reply { status, headers: headers.collect(), body: body.to_owned() }
}

async fn send(site: SocketAddr, request: &[u8]) -> Reply {
    send_from("127.0.0.1", site, request).await
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: site.example\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {length}\r\n{headers}\r\n{body}",
    )
    .into_bytes()
}

fn ask(method: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: site.example\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

fn credentials(username: &str) -> String {
    format!("username={username}&password={}", PASSWORD.replace(' ', "+"))
}

#[tokio::test]
async fn a_person_registers_is_known_and_logs_out() {
    let site = site().await;
    let registered = send(site, &post("/register", "", &credentials("ann"))).await;
    assert_eq!((registered.status, registered.header("location")), (303, Some("/profile")), "{}", registered.body);
    let access = registered.cookies()["__Host-hallpass"].to_owned();
    let cookie = format!("cookie: theme=dark; __Host-hallpass={access}\r\n");

    let profile = send(site, &ask("GET", "/profile", &cookie)).await;
    assert_eq!((profile.status, profile.body.as_str()), (200, "ann"));
    let nobody = send(site, &ask("GET", "/profile", "")).await;
    assert_eq!((nobody.status, nobody.header("location")), (303, Some("/login?next=%2Fprofile")));

    let logged_out = send(site, &post("/logout", &cookie, "")).await;
    assert_eq!((logged_out.status, logged_out.header("location")), (303, Some("/")));
    let removed = logged_out.cookies();
    assert!(removed.len() > 1 && removed.values().all(|value| value.is_empty()), "{removed:?}");
    assert_eq!(send(site, &ask("GET", "/profile", &format!("{cookie}accept: application/json\r\n"))).await.status, 401);
}

#[tokio::test]
async fn what_the_origin_check_needs_arrives() {
    let site = site().await;
    let from = async |path: &str, headers: &str| send(site, &post(path, headers, "username=x&password=y")).await.status;
    assert_eq!(from("/login", "sec-fetch-site: cross-site\r\n").await, 403);
    assert_eq!(from("/login", "origin: https://evil.example\r\n").await, 403);
    assert_eq!(from("/login", "origin: https://site.example\r\n").await, 401);
    // The target in absolute form names the host, as `:authority` does in HTTP/2, and a `Host` that says otherwise is not asked.
    assert_eq!(from("http://site.example/login", "origin: https://site.example\r\n").await, 401);
    assert_eq!(from("http://shop.example/login", "origin: https://site.example\r\n").await, 403);
}

#[tokio::test]
async fn a_body_is_read_to_the_limit_and_not_beyond() {
    let site = site().await;
    let log_in = async |length: usize| {
        let start = "username=x&password=";
        let body = format!("{start}{}", "y".repeat(length - start.len()));
        send(site, &post("/login", "", &body)).await.status
    };
    assert_eq!(log_in(EndpointRequest::BODY_LIMIT).await, 401);
    assert_eq!(log_in(EndpointRequest::BODY_LIMIT + 1).await, 413);

    let chunks = format!("1000\r\n{}\r\n", "y".repeat(0x1000)).repeat(3);
    let head = "POST /login HTTP/1.1\r\nhost: site.example\r\nconnection: close\r\ntransfer-encoding: chunked\r\n";
    let chunked = format!("{head}content-type: application/x-www-form-urlencoded\r\n\r\n{chunks}0\r\n\r\n");
    assert_eq!(send(site, chunked.as_bytes()).await.status, 413);
    let malformed = format!("{head}content-type: application/x-www-form-urlencoded\r\n\r\nnot a length\r\n");
    assert_eq!(send(site, malformed.as_bytes()).await.status, 400);
}

#[tokio::test]
async fn methods_are_answered_by_the_endpoints() {
    let site = site().await;
    let get = send(site, &ask("GET", "/logout", "accept: application/json\r\n")).await;
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    let page = send(site, &ask("GET", "/login?next=%2Fprofile", "")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("/profile"), "the query arrives: {}", page.body);
    let head = send(site, &ask("HEAD", "/login?next=%2Fprofile", "")).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), page.header("content-length"));
    assert_eq!(send(site, &ask("BREW", "/login", "")).await.status, 405);
}

#[tokio::test]
async fn attempts_are_counted_by_the_address_that_the_configured_proxy_tells() {
    let site = site().await;
    let guess = async |proxy: &str, client: &str, name: &str| {
        let forwarded = format!("x-forwarded-for: 198.51.100.9, {client}\r\n");
        send_from(proxy, site, &post("/login", &forwarded, &credentials(name))).await
    };
    let mut statuses = Vec::new();
    for name in ["a1", "a2", "a3", "a4"] {
        statuses.push(guess("127.0.0.1", "192.0.2.1", name).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    assert!(guess("127.0.0.1", "192.0.2.1", "a5").await.header("retry-after").is_some());
    assert_eq!(guess("127.0.0.1", "192.0.2.2", "a6").await.status, 401);
    // No proxy of this site's: its header is not looked at, and what a loopback address sends is not counted.
    assert_eq!(guess("127.0.0.2", "192.0.2.1", "a7").await.status, 401);
}

#[tokio::test]
async fn without_the_outer_layer_nobody_could_ever_be_signed_in_so_they_refuse() {
    let site = serve(routes(&sign_in())).await;
    let page = send(site, &ask("GET", "/login", "")).await;
    assert_eq!((page.status, page.body.as_str()), (500, ""));
    assert_eq!(send(site, &post("/register", "", &credentials("ann"))).await.status, 500);
}
