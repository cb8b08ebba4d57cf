//! A client that is gone gives up its place in the queue of the password hasher, on axum and on
//! actix-web. Otherwise a flood of short connections would fill the queue for as long as it waits.

use std::{
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use hallpass::{Hallpass, HashCost, PasswordHasherSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use crate::site::SiteRole;

const CLIENTS: usize = 20;

async fn open() -> Hallpass<SiteRole> {
    // A run takes more than a second, and the queue waits for a minute.
    let hasher = PasswordHasherSettings::default()
        .hash_cost(HashCost::new(65_536, 20, 1))
        .max_permits(1)
        .max_wait(Duration::from_secs(60));
    let store = hallpass::store::SqliteStore::open("sqlite::memory:").await.unwrap();
    Hallpass::builder(store)
        .everything()
        .keys(hallpass::keys::KeyRing::generate_hs256(
            hallpass_test_support::random::bytes(7),
            hallpass::UnixTime::from_secs(0),
        ))
        .password_hasher(hasher)
        .request_timeout(Duration::from_secs(90))
        .start()
        .await
        .unwrap()
}

async fn log_in(server: SocketAddr, name: &str) -> TcpStream {
    let body = format!("username={name}&password=wrong");
    let request = format!(
        "POST /login HTTP/1.1\r\nhost: site.example\r\naccept: application/json\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn within_seconds(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn gone_clients_leave_the_queue(hallpass: &Hallpass<SiteRole>, server: SocketAddr) {
    let hasher = hallpass.accounts().password_hasher();
    let mut first = log_in(server, "first").await;
    within_seconds("a run begins", || hasher.runs() == 1).await;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(log_in(server, &format!("name{number}")).await);
    }
    within_seconds("all wait", || hasher.depth() == CLIENTS).await;
    drop(clients);
    within_seconds("nobody waits", || hasher.depth() == 0).await;
    assert_eq!(hasher.runs(), 1, "the first run is still active: this showed that they left");
    let mut response = [0; 12];
    first.read_exact(&mut response).await.unwrap();
    assert_eq!(&response, b"HTTP/1.1 401");
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_axum_gone_clients_leave_the_hashing_queue() {
    let hallpass = open().await;
    let (listener, server) = listen();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let site = crate::site::pages(&hallpass);
    let _served = tokio::spawn(axum::serve(listener, site).into_future());
    gone_clients_leave_the_queue(&hallpass, server).await;
}

#[cfg(feature = "actix")]
#[actix_web::test]
async fn on_actix_gone_clients_leave_the_hashing_queue() {
    use actix_web::{App, HttpServer};

    let hallpass = open().await;
    let (listener, server) = listen();
    let site = hallpass.clone();
    let app = move || App::new().service(site.routes()).wrap(site.layer());
    // By default actix-web waits for the handler of a client that is gone.
    let served = HttpServer::new(app).workers(1).h1_allow_half_closed(false);
    let served = served.listen(listener).unwrap().run();
    let handle = served.handle();
    actix_web::rt::spawn(served);
    gone_clients_leave_the_queue(&hallpass, server).await;
    handle.stop(false).await;
}
