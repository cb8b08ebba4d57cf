//! A tonic service behind the tower layers.

use std::{convert::Infallible, future::Future, net::SocketAddr, pin::Pin, task::Poll};

use hallpass_conformance::{SiteRole, StoppedClock, authenticator, grpc_rows, settings};
use hallpass_core::Authentication;
use hallpass_tower::{AuthLayer, require_roles};
use http::HeaderValue;
use tokio::net::TcpListener;
use tonic::{
    Status,
    body::Body,
    server::{Grpc, NamedService},
    service::{LayerExt, Routes},
    transport::server::TcpIncoming,
};
use tonic_prost::ProstCodec;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{
    Stack, run, run_over_http2,
    runs::Runs,
    tower_stack::{received, request},
};

const STACK: Stack = Stack { name: "tonic", doors: |_| Vec::new() };

/// The code that `tonic-prost-build` would generate for `service Office { rpc Enter(Empty) returns
/// (StringValue); }`.
#[derive(Clone)]
struct Office(Runs);

impl NamedService for Office {
    const NAME: &'static str = "site.Office";
}

impl Service<http::Request<Body>> for Office {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let runs = self.0.clone();
        Box::pin(async move {
            if request.uri().path() != "/site.Office/Enter" {
                return Ok(Status::unimplemented("no such method").into_http());
            }
            let enter = service_fn(move |request: tonic::Request<()>| {
                let who = request
                    .extensions()
                    .get()
                    .and_then(Authentication::username)
                    .map(str::to_owned);
                let body = runs.handle(who.as_deref());
                async move { Ok::<_, Status>(tonic::Response::new(body)) }
            });
            Ok(Grpc::new(ProstCodec::<String, ()>::default()).unary(enter, request).await)
        })
    }
}

fn auth() -> AuthLayer<SiteRole, hallpass_tower::DefaultPage, fn(String) -> Body> {
    AuthLayer::new(authenticator())
        .clock(StoppedClock)
        .rejection_settings(settings())
        .body_with(Body::new)
}

fn guarded(runs: &Runs) -> Routes {
    Routes::new(require_roles([SiteRole::Admin]).named_layer(Office(runs.clone())))
}

/// Converts the request of a row to a gRPC call with an empty message.
fn call(mut sent: hallpass_conformance::Sent) -> hallpass_conformance::Sent {
    sent.headers.push(("content-type".to_owned(), b"application/grpc".to_vec()));
    sent.headers.push(("te".to_owned(), b"trailers".to_vec()));
    sent.body = vec![0; 5];
    sent
}

#[tokio::test]
async fn in_process() {
    let runs = Runs::default();
    let site = auth().layer(guarded(&runs).prepare());
    run(STACK, "in process", grpc_rows(), |sent| {
        let (runs, site) = (runs.clone(), site.clone());
        async move {
            let sent = call(sent);
            let body = Body::new(http_body_util::Full::new(bytes::Bytes::from(sent.body.clone())));
            let mut request = request(&sent, body);
            request.headers_mut().insert("te", HeaderValue::from_static("trailers"));
            runs.counted(async { received(site.oneshot(request).await.expect("infallible")).await })
                .await
        }
    })
    .await;
}

#[tokio::test]
async fn over_http2() {
    let runs = Runs::default();
    let rows = grpc_rows().into_iter().map(|row| row.with_request(call)).collect();
    run_over_http2(STACK, rows, serve(&runs).await, runs).await;
}

async fn serve(runs: &Runs) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    let server = tonic::transport::Server::builder().layer(auth()).add_routes(guarded(runs));
    tokio::spawn(async move { server.serve_with_incoming(TcpIncoming::from(listener)).await });
    address
}
