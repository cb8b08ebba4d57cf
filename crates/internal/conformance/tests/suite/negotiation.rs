//! Every kind of rejection for every kind of client, on every stack. A response is compared with
//! the table, and byte by byte with core's `RejectionResponse`, so that a stack cannot add or drop
//! a header.

use std::net::SocketAddr;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, test::init_service, web};
use axum::{Router, extract::Request as AxumRequest};
use hallpass_conformance::{
    Received, Row, Sent, StoppedClock, authenticator, negotiation_rows, settings,
};
use hallpass_core::{Caller, Rejection, RejectionKind, RejectionResponse};
use hallpass_tower::{AuthLayer, Rejected, RejectedRequest};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{
    Stack, actix_stack, run,
    sockets::{self, Http2},
    tower_stack,
};

#[test]
fn table_has_every_rejection_kind_for_every_client() {
    let rows = negotiation_rows();
    assert_eq!(rows.len(), 11 * RejectionKind::ALL.len());
    for kind in RejectionKind::ALL {
        let of_kind = rows.iter().filter(|row| row.name.ends_with(&format!(", {kind}")));
        assert_eq!(of_kind.count(), 11, "{kind}");
    }
}

/// Returns the rejection in the path, as a guard, a rate limiter or a store of the site creates it.
fn rejection(path: &str) -> Rejection {
    let kind = RejectionKind::ALL
        .iter()
        .find(|kind| path == format!("/rejected/{kind}"))
        .expect("the path names a kind");
    match kind {
        RejectionKind::Limited | RejectionKind::Unavailable => {
            Rejection::new(*kind).with_retry_after(std::time::Duration::from_millis(1500))
        }
        _ => Rejection::new(*kind),
    }
}

fn reject<Q, B: Default>(request: &Request<Q>) -> Response<B> {
    Rejected::new(rejection(request.uri().path()), RejectedRequest::of(request)).into_response()
}

fn tower_site() -> tower_stack::Site {
    let guard = service_fn(async |request: Request<()>| {
        Ok::<_, std::convert::Infallible>(reject(&request))
    });
    BoxCloneSyncService::new(
        AuthLayer::new(authenticator())
            .clock(StoppedClock)
            .rejection_settings(settings())
            .layer(guard),
    )
}

fn axum_site() -> Router {
    Router::new()
        .fallback(async |request: AxumRequest| reject::<_, axum::body::Body>(&request))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock).rejection_settings(settings()))
}

async fn actix_reject(request: HttpRequest) -> Result<HttpResponse, hallpass_actix::Rejected> {
    Err(hallpass_actix::Rejected::new(rejection(request.path())))
}

const fn stack(name: &'static str) -> Stack {
    Stack { name, doors: |_| Vec::new() }
}

/// Runs the table, and compares each response with core's.
async fn hold<F: Future<Output = Received>>(
    name: &'static str,
    over: &str,
    rows: Vec<Row>,
    send: impl Fn(Sent) -> F,
) {
    run(stack(name), over, rows, |sent| {
        let exchange = send(sent.clone());
        async move {
            let received = exchange.await;
            assert_eq!(comparable(&received), wanted(&sent), "{name}, {over}: {sent:?}");
            received
        }
    })
    .await;
}

fn comparable(received: &Received) -> (u16, Vec<(String, String)>, String) {
    let framing = ["date", "content-length", "transfer-encoding", "connection", "upgrade"];
    let fields = received.headers.iter().filter(|(name, _)| !framing.contains(&name.as_str()));
    let mut fields: Vec<(String, String)> = fields
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    fields.sort();
    (received.status, fields, received.text())
}

fn wanted(sent: &Sent) -> (u16, Vec<(String, String)>, String) {
    let header = |name: &str| {
        sent.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    };
    let caller = Caller::new(&sent.method, &sent.target, header);
    let response = RejectionResponse::new(rejection(&sent.target), &caller, &settings());
    let mut fields: Vec<(String, String)> =
        response.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    fields.sort();
    (response.status, fields, if sent.method == "HEAD" { String::new() } else { response.body })
}

/// Returns the rows without web sockets, because HTTP/2 has no upgrade (RFC 9113 section 8.2.2).
fn rows_of_http2() -> Vec<Row> {
    negotiation_rows().into_iter().filter(|row| !row.name.contains("web socket")).collect()
}

#[tokio::test]
async fn tower() {
    let site = tower_site();
    hold("tower", "in process", negotiation_rows(), |sent| {
        let site = site.clone();
        async move {
            tower_stack::received(
                site.oneshot(tower_stack::request(&sent, ())).await.expect("infallible"),
            )
            .await
        }
    })
    .await;
    let server = tower_stack::serve_site(site).await;
    over_sockets("tower", server).await;
}

#[tokio::test]
async fn axum() {
    let site = axum_site();
    hold("axum", "in process", negotiation_rows(), |sent| {
        let (site, body) = (site.clone(), axum::body::Body::empty());
        async move {
            tower_stack::received(
                site.oneshot(tower_stack::request(&sent, body)).await.expect("infallible"),
            )
            .await
        }
    })
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = listener.local_addr().expect("the listener has an address");
    tokio::spawn(async move { axum::serve(listener, site).await });
    over_sockets("axum", server).await;
}

#[actix_web::test]
async fn actix() {
    let auth = || {
        hallpass_actix::AuthLayer::new(authenticator())
            .clock(StoppedClock)
            .rejection_settings(settings())
    };
    let app = init_service(App::new().default_service(web::to(actix_reject)).wrap(auth())).await;
    hold("actix", "in process", negotiation_rows(), |sent| {
        let request = actix_stack::request(&sent).to_request();
        let exchange = actix_web::test::call_service(&app, request);
        async move {
            let received = actix_stack::received(exchange.await).await;
            // actix-web's dispatcher removes the body of a response to HEAD. This test has no
            // dispatcher.
            if sent.method == "HEAD" { Received { body: Vec::new(), ..received } } else { received }
        }
    })
    .await;
    let server =
        HttpServer::new(move || App::new().default_service(web::to(actix_reject)).wrap(auth()))
            .workers(1)
            .disable_signals()
            .bind_auto_h2c("127.0.0.1:0")
            .expect("a port is free");
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    over_sockets("actix", address).await;
    handle.stop(false).await;
}

#[tokio::test]
async fn tonic() {
    let guard = service_fn(async |request: Request<tonic::body::Body>| {
        Ok::<_, std::convert::Infallible>(reject::<_, tonic::body::Body>(&request))
    });
    let auth = AuthLayer::new(authenticator())
        .clock(StoppedClock)
        .rejection_settings(settings())
        .body_with(tonic::body::Body::new);
    let site = auth.layer(guard);
    let rows: Vec<Row> =
        negotiation_rows().into_iter().filter(|row| row.name.starts_with("gRPC")).collect();
    assert_eq!(rows.len(), 2 * RejectionKind::ALL.len());
    hold("tonic", "in process", rows, |sent| {
        let (site, body) =
            (site.clone(), tonic::body::Body::new(Full::<bytes::Bytes>::default().boxed()));
        async move {
            tower_stack::received(
                site.oneshot(tower_stack::request(&sent, body)).await.expect("infallible"),
            )
            .await
        }
    })
    .await;
}

async fn over_sockets(name: &'static str, server: SocketAddr) {
    hold(name, "HTTP/1.1", negotiation_rows(), |sent| async move {
        sockets::http1(server, &sent).await
    })
    .await;
    let client = Http2::connect(server).await;
    hold(name, "HTTP/2", rows_of_http2(), |sent| {
        let client = client.clone();
        async move { client.send(sent).await }
    })
    .await;
}
