//! Forged tokens, missing roles and requests of other sites are events with account and address, on
//! axum and on actix-web. A flood of them is one event per minute and kind.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{App, HttpServer, web};
use axum::{Router, extract::ConnectInfo, routing::get};
use hallpass_accounts::{Accounts, Event, Proxies, RejectionEvents, Settings};
use hallpass_conformance::{NOW, Received, Sent, SiteRole};
use hallpass_core::{Clock, RejectionKind, TokenErrorKind, UnixTime};
use hallpass_tower::AuthLayer;
use hallpass_web::Routes;
use tokio::net::TcpListener;

use crate::{accounts, sockets};

#[derive(Clone, Default)]
struct Site {
    events: Arc<Mutex<Vec<Event>>>,
    passed: Arc<AtomicU64>,
}

impl Clock for Site {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(NOW + self.passed.load(Ordering::SeqCst))
    }
}

impl Site {
    fn accounts(&self) -> Accounts<SiteRole> {
        let events = Arc::clone(&self.events);
        accounts::with_every_ability(Settings {
            clock: Arc::new(self.clone()),
            proxies: Proxies::x_forwarded_for(["127.0.0.1"]).unwrap(),
            on_event: Some(Arc::new(move |event: &Event| {
                events.lock().unwrap().push(event.clone());
            })),
            ..accounts::settings()
        })
    }

    /// Returns the reports since the last call: name, reason, count, whether an account is named,
    /// and the address.
    fn reports(&self) -> Vec<(&'static str, &'static str, u64, bool, String)> {
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        let address = |event: &Event| event.peer().map(|peer| peer.to_string()).unwrap_or_default();
        let report = |event: &Event| match event {
            Event::TokenForged { reason, count, .. } => {
                Some((event.as_str(), reason.as_str(), *count, false, address(event)))
            }
            Event::AccessDenied { account, kind, count, .. } => {
                let known = account.is_some();
                Some((event.as_str(), kind.as_str(), *count, known, address(event)))
            }
            _ => None,
        };
        events.iter().filter_map(report).collect()
    }
}

fn from_client(method: &str, target: &str) -> Sent {
    Sent::new(method, target)
        .header("host", "site.example")
        .header("accept", "application/json")
        .header("x-forwarded-for", "198.51.100.9")
}

async fn floods_are_reported(site: Site, server: SocketAddr) {
    let send = async |sent: Sent| -> Received { sockets::http1(server, &sent).await };
    let register = from_client("POST", "/register")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("username=ann&password=correct+horse+battery+staple");
    let registered = send(register).await;
    assert_eq!(registered.status, 201, "{}", registered.text());
    let cookies = registered.header("set-cookie");
    let access = cookies[0].split(';').next().unwrap().to_owned();
    assert_eq!(site.reports(), []);

    let (head, signature) = access.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{head}.{first}{}", &signature[1..]);
    let role = RejectionKind::RoleMissing.as_str();
    let flood = async || {
        for _ in 0..10 {
            assert_eq!(
                send(from_client("GET", "/open").header("cookie", &*forged)).await.status,
                200
            );
            let guest = from_client("GET", "/admin").header("cookie", &*access);
            assert_eq!(send(guest).await.status, 403);
            let foreign = from_client("POST", "/login").header("origin", "https://evil.example");
            assert_eq!(send(foreign).await.status, 403);
            // Parts of normal use.
            assert_eq!(send(from_client("GET", "/admin")).await.status, 401);
            assert_eq!(
                send(from_client("GET", "/open").header("cookie", &*access)).await.status,
                200
            );
        }
        let mut reports = site.reports();
        reports.sort();
        reports
    };
    let expected = |count| {
        let client = || "198.51.100.9".to_owned();
        [
            ("access-denied", RejectionKind::CrossOrigin.as_str(), count, false, client()),
            ("access-denied", role, count, true, client()),
            ("token-forged", TokenErrorKind::Signature.as_str(), count, false, client()),
        ]
    };
    assert_eq!(flood().await, expected(1));
    assert_eq!(flood().await, []);
    site.passed.store(60, Ordering::SeqCst);
    assert_eq!(flood().await, expected(20));
}

#[tokio::test]
async fn floods_of_rejections_are_one_event_per_minute_on_axum() {
    let site = Site::default();
    let accounts = site.accounts();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let admin = hallpass_tower::require_roles([SiteRole::Admin]);
    let app = Router::new()
        .route("/open", get(|| async { "open" }))
        .route("/admin", get(|| async { "the office" }).route_layer(admin))
        .merge(hallpass_axum::routes(&Routes::new(&accounts)))
        .layer(
            AuthLayer::new(accounts.request_authenticator())
                .clock(site.clone())
                .reports(RejectionEvents::new(&accounts))
                .peer_of(|extensions| {
                    extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
                }),
        );
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    floods_are_reported(site, address).await;
}

#[actix_web::test]
async fn floods_of_rejections_are_one_event_per_minute_on_actix() {
    let site = Site::default();
    let accounts = site.accounts();
    let auth = hallpass_actix::AuthLayer::new(accounts.request_authenticator())
        .clock(site.clone())
        .reports(RejectionEvents::new(&accounts));
    let app = move || {
        let admin = hallpass_actix::require_roles([SiteRole::Admin]);
        App::new()
            .service(web::resource("/open").to(|| async { "open" }))
            .service(web::resource("/admin").wrap(admin).to(|| async { "the office" }))
            .service(hallpass_actix::routes(&Routes::new(&accounts)))
            .wrap(auth.clone())
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    floods_are_reported(site, address).await;
    handle.stop(false).await;
}
