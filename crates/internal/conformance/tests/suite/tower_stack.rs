//! A bare tower service without a framework. Paths are compared unchanged.

use std::{collections::HashMap, convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use hallpass_conformance::{Received, Sent, SiteRole, StoppedClock, authenticator, rows, settings};
use hallpass_core::{Authentication, Rejection, RejectionKind};
use hallpass_test_support::http::http2::headers as headers_of;
use hallpass_tower::{AuthLayer, RejectedRequest, RequireLayer, require_login, require_roles};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{
    Stack,
    routes::{OWN_PAGE, READ_ONLY, guarded},
    run, run_over_http1, run_over_http2,
    runs::Runs,
};

const STACK: Stack = Stack {
    name: "tower",
    doors: |named| match named {
        "admin" => vec!["/admin"],
        "login" => vec!["/profile"],
        _ => Vec::new(),
    },
};

pub(crate) type Site = BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, Infallible>;

pub(crate) fn site(runs: &Runs) -> Site {
    let mut routes: HashMap<&str, Site> = HashMap::from([("/", handler(runs, StatusCode::OK))]);
    let office = require_roles([SiteRole::Admin]).layer(handler(runs, StatusCode::OK));
    routes.insert("/admin", BoxCloneSyncService::new(office));
    let profile = require_login().layer(handler(runs, StatusCode::OK));
    routes.insert("/profile", BoxCloneSyncService::new(profile));
    for (path, requirement) in guarded() {
        let guarded = RequireLayer::new(requirement).layer(handler(runs, StatusCode::OK));
        routes.insert(path, BoxCloneSyncService::new(guarded));
    }
    let read_only = RequireLayer::new(READ_ONLY).layer(read_only(handler(runs, StatusCode::OK)));
    routes.insert("/read-only", BoxCloneSyncService::new(read_only));
    let fallback = require_login().layer(handler(runs, StatusCode::NOT_FOUND));
    let (routes, fallback) = (Arc::new(routes), BoxCloneSyncService::new(fallback));
    let router = service_fn(move |request: Request<()>| {
        routes.get(request.uri().path()).unwrap_or(&fallback).clone().oneshot(request)
    });
    let auth = AuthLayer::new(authenticator())
        .clock(StoppedClock)
        .rejection_settings(settings())
        .on_rejection(own_page);
    BoxCloneSyncService::new(auth.layer(router))
}

fn handler(runs: &Runs, status: StatusCode) -> Site {
    let runs = runs.clone();
    BoxCloneSyncService::new(service_fn(move |request: Request<()>| {
        let who = request.extensions().get::<Authentication>().cloned();
        let body = runs.handle(who.as_ref().and_then(Authentication::username));
        // hyper removes the body of a response to HEAD only over HTTP/1.1.
        let body = if request.method() == Method::HEAD { String::new() } else { body };
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        async move { Ok(response) }
    }))
}

fn read_only(inner: Site) -> Site {
    BoxCloneSyncService::new(service_fn(move |request: Request<()>| {
        let inner = inner.clone();
        async move {
            if request.method() == Method::GET {
                return inner.oneshot(request).await;
            }
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            Ok(response)
        }
    }))
}

fn own_page(rejection: Rejection, request: &RejectedRequest) -> Option<Response<Full<Bytes>>> {
    let own = rejection.kind() == RejectionKind::RoleMissing && request.uri().path() == "/own-page";
    own.then(|| Response::new(OWN_PAGE.into()))
}

/// Converts the request of a row to an `http` request.
pub(crate) fn request<B>(sent: &Sent, body: B) -> Request<B> {
    let mut request = Request::new(body);
    *request.method_mut() = sent.method.parse().expect("the method is valid");
    *request.uri_mut() = sent.target.parse().expect("the target is valid");
    for (name, value) in &sent.headers {
        let name: HeaderName = name.parse().expect("the header name is valid");
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value).expect("the header value is valid"));
    }
    request
}

/// Reads a whole `http` response.
pub(crate) async fn received<B>(response: Response<B>) -> Received
where
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("the body can be read");
    let mut headers = headers_of(&head.headers);
    headers.extend(body.trailers().map(headers_of).unwrap_or_default());
    Received {
        status: head.status.as_u16(),
        headers,
        body: body.to_bytes().to_vec(),
        handler_runs: 0,
    }
}

#[tokio::test]
async fn in_process() {
    let runs = Runs::default();
    let site = site(&runs);
    run(STACK, "in process", rows(), |sent| {
        let (runs, site) = (runs.clone(), site.clone());
        async move {
            runs.counted(async {
                received(site.oneshot(request(&sent, ())).await.expect("infallible")).await
            })
            .await
        }
    })
    .await;
}

#[tokio::test]
async fn over_http1() {
    let runs = Runs::default();
    run_over_http1(STACK, rows(), serve(&runs).await, runs).await;
}

#[tokio::test]
async fn over_http2() {
    let runs = Runs::default();
    run_over_http2(STACK, rows(), serve(&runs).await, runs).await;
}

async fn serve(runs: &Runs) -> SocketAddr {
    serve_site(site(runs)).await
}

pub(crate) async fn serve_site(site: Site) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a client connects");
            let site = site
                .clone()
                .map_request(|request: Request<hyper::body::Incoming>| request.map(|_| ()));
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                // The error is ignored: a client may close the connection.
                let _ = server
                    .serve_connection(TokioIo::new(stream), TowerToHyperService::new(site))
                    .await;
            });
        }
    });
    address
}
