//! WebSockets over real sockets, on axum and on actix-web: the origin of the handshake, and the end
//! of an open socket when its session is revoked.

use std::{
    fs,
    net::SocketAddr,
    pin::pin,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    response::Response,
    routing::any,
};
use hallpass::{AccountId, Hallpass, Identity, Username, store::SqlStore};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    background::BOUND,
    scratch::Scratch,
    site::{SiteRole, pages},
    visit::cookie_of,
};

/// The socket of a person: it repeats each text, until the session is revoked.
async fn echo(upgrade: WebSocketUpgrade, me: Identity<SiteRole>) -> Response {
    upgrade.on_upgrade(async move |mut socket: WebSocket| {
        let mut revoked = pin!(me.revoked());
        loop {
            tokio::select! {
                reason = &mut revoked => {
                    let _ = socket.send(Message::Text(reason.as_str().into())).await;
                    return;
                }
                message = socket.recv() => match message {
                    Some(Ok(message @ Message::Text(_))) => socket.send(message).await.unwrap(),
                    Some(Ok(_)) => {}
                    _ => return,
                },
            }
        }
    })
}

async fn serve(hallpass: &Hallpass<SiteRole>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let site = hallpass.protect(Router::new().route("/socket", any(echo)));
    let serving = tokio::spawn(async move { axum::serve(listener, site).await.unwrap() });
    (server, serving)
}

#[cfg(feature = "actix")]
fn serve_on_actix(hallpass: &Hallpass<SiteRole>) -> (SocketAddr, actix_web::dev::ServerHandle) {
    use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt, web};

    async fn echo(
        request: HttpRequest,
        body: web::Payload,
        me: Identity<SiteRole>,
    ) -> Result<HttpResponse, Error> {
        let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
        rt::spawn(async move {
            let mut revoked = pin!(me.revoked());
            loop {
                tokio::select! {
                    reason = &mut revoked => {
                        let _ = session.text(reason.as_str()).await;
                        let _ = session.close(None).await;
                        return;
                    }
                    message = messages.recv() => match message {
                        Some(Ok(actix_ws::Message::Text(text))) => {
                            session.text(text).await.unwrap();
                        }
                        Some(Ok(_)) => {}
                        _ => return,
                    },
                }
            }
        });
        Ok(response)
    }

    let site = hallpass.clone();
    let app = move || App::new().route("/socket", web::to(echo)).wrap(site.layer());
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    (address, handle)
}

/// An open WebSocket, or the status of its rejection.
async fn open(server: SocketAddr, cookie: &str, headers: &str) -> Result<Socket, u16> {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let request = format!(
        "GET /socket HTTP/1.1\r\nhost: site.example\r\ncookie: {cookie}\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(BOUND, stream.read_u8()).await.unwrap().unwrap());
    }
    match std::str::from_utf8(&head[9..12]).unwrap().parse().unwrap() {
        101 => Ok(Socket(stream)),
        status => Err(status),
    }
}

struct Socket(TcpStream);

impl Socket {
    /// Sends a text and returns whether it comes back.
    async fn repeats(&mut self, text: &str) -> bool {
        // A masked text frame (RFC 6455 section 5.2), with a mask of zeros.
        let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.0.write_all(&frame).await.unwrap();
        self.text().await == text
    }

    async fn text(&mut self) -> String {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).await.unwrap();
        assert_eq!(head[0], 0x81, "a text frame");
        let mut text = vec![0; usize::from(head[1])];
        self.0.read_exact(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    /// Waits until the server closes the socket, and returns the reason and the time that it took.
    async fn closed(mut self, within: Duration) -> (String, Duration) {
        let begin = Instant::now();
        let reason = timeout(within, self.text()).await.unwrap();
        let took = begin.elapsed();
        let mut rest = Vec::new();
        // After a close frame actix-web waits for that of the client.
        let _ = timeout(Duration::from_secs(1), self.0.read_to_end(&mut rest)).await;
        assert!(rest.is_empty() || rest[0] == 0x88, "a close frame or the end: {rest:?}");
        (reason, took)
    }
}

const OWN: &str = "origin: https://site.example\r\nsec-fetch-site: same-origin\r\n";
const SISTER: &str = "origin: https://shop.site.example\r\nsec-fetch-site: same-site\r\n";
const OLD_SISTER: &str = "origin: https://shop.site.example\r\n";
const FOREIGN: &str = "origin: https://evil.example\r\nsec-fetch-site: cross-site\r\n";
const SAME_SITE_ONLY: &str = "origin: https://site.example\r\nsec-fetch-site: same-site\r\n";

async fn handshakes_are_checked(hallpass: &Hallpass<SiteRole>, server: SocketAddr) {
    let cookie = cookie_of(&pages(hallpass), "/register", "alice").await;
    for headers in [OWN, "origin: https://site.example\r\n", ""] {
        let mut socket = open(server, &cookie, headers).await.ok().unwrap();
        assert!(socket.repeats("hello").await, "{headers}");
    }
    for headers in [SISTER, OLD_SISTER, FOREIGN, SAME_SITE_ONLY, "origin: null\r\n"] {
        assert_eq!(open(server, &cookie, headers).await.err(), Some(403), "{headers}");
        assert_eq!(open(server, "a=b", headers).await.err(), Some(403), "{headers}");
    }
    assert_eq!(open(server, "a=b", OWN).await.err(), Some(401));
}

async fn id_of(site: &Hallpass<SiteRole>, name: &str) -> AccountId {
    let account = site.find(&Username::parse(name).unwrap()).await.unwrap();
    account.unwrap().id().clone()
}

/// An operator revokes on the node `here`. The sockets are on both nodes.
async fn sockets_end_with_their_session(
    here: &Hallpass<SiteRole>,
    servers: [SocketAddr; 2],
    nodes: [&Hallpass<SiteRole>; 2],
) {
    let site = pages(here);
    let bob = cookie_of(&site, "/register", "bob").await;
    cookie_of(&site, "/register", "alice").await;
    let id = id_of(here, "alice").await;
    let mut of_bob = open(servers[1], &bob, OWN).await.ok().unwrap();
    for (change, reason) in
        [("log out", "revoked"), ("roles", "stale"), ("session", "revoked"), ("disable", "revoked")]
    {
        let alice = cookie_of(&site, "/login", "alice").await;
        let mut sockets = Vec::new();
        for server in servers {
            let mut socket = open(server, &alice, OWN).await.ok().unwrap();
            assert!(socket.repeats("hello").await);
            sockets.push(socket);
        }
        let begin = Instant::now();
        match change {
            "log out" => here.log_out_everywhere(&id).await.unwrap(),
            "roles" => here.set_roles(&id, [SiteRole::Admin]).await.unwrap(),
            "session" => crate::visit::log_out(&site, &alice).await,
            _ => here.disable(&id).await.unwrap(),
        }
        for (place, socket) in sockets.into_iter().enumerate() {
            let (said, took) = socket.closed(BOUND).await;
            assert_eq!(said, reason, "{change}");
            assert!(place == 1 || took < Duration::from_secs(1), "{change}: {took:?} here");
        }
        assert!(begin.elapsed() < BOUND + Duration::from_secs(2), "{change}");
    }
    assert!(of_bob.repeats("still here").await, "another person's socket stays open");
    here.end_all_sessions().await.unwrap();
    assert_eq!(of_bob.closed(BOUND).await.0, "revoked");
    for node in nodes {
        let waiting = || async { node.accounts().settings().revocation_list.waiting() == 0 };
        crate::background::within_the_bound(waiting).await;
    }
}

async fn two_nodes(scratch: &Scratch) -> [Hallpass<SiteRole>; 2] {
    let url = scratch.url("site.db");
    [Hallpass::open(&url).await.unwrap(), Hallpass::open(&url).await.unwrap()]
}

async fn short_lived(scratch: &Scratch, lifetime: Duration) -> Hallpass<SiteRole> {
    let store = SqlStore::open(&scratch.url("site.db")).await.unwrap();
    let site = Hallpass::builder(store).keys_in_memory().everything().lifetime(lifetime);
    site.start().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_axum_handshakes_of_other_origins_are_403() {
    let hallpass = Hallpass::open("sqlite::memory:").await.unwrap();
    handshakes_are_checked(&hallpass, serve(&hallpass).await.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_axum_a_socket_ends_with_its_session() {
    let scratch = Scratch::new();
    let [here, there] = two_nodes(&scratch).await;
    let servers = [serve(&here).await.0, serve(&there).await.0];
    sockets_end_with_their_session(&here, servers, [&here, &there]).await;
}

/// The database is gone, so no revocation can arrive: the socket ends at the expiry of the token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_of_an_unready_node_ends_at_expiry() {
    let scratch = Scratch::new();
    let hallpass = short_lived(&scratch, Duration::from_secs(8)).await;
    let (server, _serving) = serve(&hallpass).await;
    let alice = cookie_of(&pages(&hallpass), "/register", "alice").await;
    let begin = Instant::now();
    let mut socket = open(server, &alice, OWN).await.ok().unwrap();
    assert!(socket.repeats("hello").await);
    fs::rename(scratch.path("site.db"), scratch.path("moved.db")).unwrap();
    let (reason, _) = socket.closed(Duration::from_secs(12)).await;
    assert!(!hallpass.is_ready());
    assert_eq!(reason, "expired");
    let took = begin.elapsed();
    assert!(took > Duration::from_secs(6) && took < Duration::from_secs(11), "{took:?}");
}

/// After the last handle nobody would add revocations to the list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_socket_ends_with_the_last_handle_of_the_site() {
    let scratch = Scratch::new();
    let hallpass = short_lived(&scratch, Duration::from_secs(900)).await;
    let (server, serving) = serve(&hallpass).await;
    let alice = cookie_of(&pages(&hallpass), "/register", "alice").await;
    let mut socket = open(server, &alice, OWN).await.ok().unwrap();
    assert!(socket.repeats("hello").await);
    drop(hallpass);
    assert!(socket.repeats("the server has the layer").await);
    serving.abort();
    assert_eq!(socket.closed(BOUND).await.0, "unavailable");
}

#[cfg(feature = "actix")]
#[actix_web::test]
async fn on_actix_handshakes_of_other_origins_are_403() {
    let hallpass = Hallpass::open("sqlite::memory:").await.unwrap();
    let (server, handle) = serve_on_actix(&hallpass);
    handshakes_are_checked(&hallpass, server).await;
    handle.stop(false).await;
}

#[cfg(feature = "actix")]
#[actix_web::test]
async fn on_actix_a_socket_ends_with_its_session() {
    let scratch = Scratch::new();
    let [here, there] = two_nodes(&scratch).await;
    let ((first, here_handle), (second, there_handle)) =
        (serve_on_actix(&here), serve_on_actix(&there));
    sockets_end_with_their_session(&here, [first, second], [&here, &there]).await;
    here_handle.stop(false).await;
    there_handle.stop(false).await;
}
