//! One deadline over the body of a request and its response, on axum and on actix-web, over
//! sockets. A client that sends half a body gets a 408 and loses its connection (slow-body attack).

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use hallpass_accounts::{Ability, Settings};
use hallpass_conformance::SiteRole;
use hallpass_web::Routes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::accounts;

const DEADLINE: Duration = Duration::from_millis(400);

fn settings() -> Settings<SiteRole> {
    Settings { request_timeout: DEADLINE, ..accounts::settings() }
}

/// The paths of every route that accepts `POST`.
fn forms() -> Vec<&'static str> {
    let accounts = accounts::with_every_ability(settings());
    assert!(accounts.has(Ability::RefreshTokenStore));
    let routes = Routes::new(&accounts).routes();
    routes.iter().filter(|route| route.methods.contains(&"POST")).map(|route| route.path).collect()
}

/// Sends the parts with a pause before each, and reads until the server closes the connection.
async fn exchange(server: SocketAddr, head: String, parts: &[&str]) -> (String, Duration) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let start = Instant::now();
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    let trickle = async {
        for part in parts {
            if write.write_all(part.as_bytes()).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        // The client keeps the connection open.
        std::future::pending::<()>().await;
    };
    let closed = timeout(Duration::from_secs(10), read.read_to_end(&mut answer));
    tokio::select! {
        closed = closed => assert!(closed.is_ok(), "the connection stays open: {answer:?}"),
        () = trickle => unreachable!("the client waits"),
    }
    (String::from_utf8_lossy(&answer).into_owned(), start.elapsed())
}

fn head(method: &str, path: &str, accept: &str, framing: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: site.example\r\naccept: {accept}\r\n\
         content-type: application/x-www-form-urlencoded\r\n{framing}\r\n\r\n"
    )
}

async fn half_bodies_get_408(server: SocketAddr) {
    const LENGTH: &str = "content-length: 100";
    for path in forms() {
        let head = head("POST", path, "application/json", LENGTH);
        let (answer, time) = exchange(server, head, &["username=ann&pass"]).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(answer.contains("urn:hallpass:problem:timeout"), "{path}: {answer}");
        assert!(!answer.contains("set-cookie"), "{path}: {answer}");
        assert!(time < DEADLINE * 3, "{path}: {time:?}");
    }
    let page = head("POST", "/login", "text/html", LENGTH);
    let (answer, _) = exchange(server, page, &["username=ann"]).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("text/html"), "{answer}");

    // A byte now and then does not extend the deadline.
    let chunked = head("POST", "/login", "application/json", "transfer-encoding: chunked");
    let (answer, time) = exchange(server, chunked, &["1\r\nu\r\n"; 40]).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(time < DEADLINE * 3, "{time:?}");

    // A request from another origin is rejected for that reason.
    let foreign = head(
        "POST",
        "/login",
        "application/json",
        "origin: https://evil.example\r\ncontent-length: 100",
    );
    let (answer, _) = exchange(server, foreign, &["username="]).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");

    // A body that arrives in pieces before the deadline is read.
    let slow =
        head("POST", "/login", "application/json", "content-length: 27\r\nconnection: close");
    let (answer, _) = exchange(server, slow, &["username=nobody", "&password=no"]).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn half_a_body_gets_408_within_the_deadline_on_axum() {
    half_bodies_get_408(accounts::axum_server(accounts::with_every_ability(settings())).await)
        .await;
}

#[actix_web::test]
async fn half_a_body_gets_408_within_the_deadline_on_actix() {
    let (server, address) = accounts::actix_server(accounts::with_every_ability(settings()));
    let handle = server.handle();
    actix_web::rt::spawn(server);
    half_bodies_get_408(address).await;
    handle.stop(false).await;
}
