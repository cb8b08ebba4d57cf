//! The cross-origin (CSRF) check as a layer of its own.
//!
//! The [`AuthLayer`](crate::AuthLayer) and the login routes do this check themselves. This layer is
//! for a part of a service whose `AuthLayer` is without it. Put it inside the `AuthLayer`, so that
//! a rejection is rendered for the caller. [`OriginCheck`] documents the rules and their reasons.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use hallpass_core::{OriginCheck, OriginFacts, SystemClock};
use http::{HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::rejection::{GuardFuture, Rejected, RejectedRequest};

/// Rejects unsafe requests that another site made the browser send.
///
/// ```
/// use hallpass_core::OriginCheck;
/// use hallpass_tower::OriginLayer;
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let site = ServiceBuilder::new().layer(OriginLayer::new(OriginCheck::new())).service(
///     service_fn(|_: Request<()>| async {
///         Ok::<_, std::convert::Infallible>(Response::new(String::new()))
///     }),
/// );
/// let post = |from| Request::post("/posts").header("sec-fetch-site", from).body(()).unwrap();
/// assert_eq!(site.clone().oneshot(post("same-origin")).await.unwrap().status(), 200);
/// assert_eq!(site.oneshot(post("cross-site")).await.unwrap().status(), 403);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OriginLayer {
    check: Arc<OriginCheck>,
}

impl OriginLayer {
    /// Creates a layer with this check and its exceptions.
    pub fn new(check: OriginCheck) -> Self {
        Self { check: Arc::new(check) }
    }
}

impl<S> Layer<S> for OriginLayer {
    type Service = OriginService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OriginService { inner, check: Arc::clone(&self.check) }
    }
}

/// The service that [`OriginLayer`] creates.
#[derive(Clone, Debug)]
pub struct OriginService<S> {
    inner: S,
    check: Arc<OriginCheck>,
}

impl<S, Q, B> Service<Request<Q>> for OriginService<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = GuardFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        match check(&self.check, &request) {
            Ok(()) => GuardFuture::admitted(self.inner.call(request)),
            Err(rejected) => GuardFuture::rejected(rejected),
        }
    }
}

fn check<Q>(check: &OriginCheck, request: &Request<Q>) -> Result<(), Rejected> {
    check.check_and_log(&origin_facts(request), &SystemClock).map_err(|rejection| {
        tracing::debug!(target: "hallpass", kind = rejection.kind().as_str(), "request rejected");
        Rejected::new(rejection, RejectedRequest::of(request))
    })
}

pub(crate) fn origin_facts<Q>(request: &Request<Q>) -> OriginFacts<'_> {
    let (uri, headers) = (request.uri(), request.headers());
    let authority = uri.authority().map(|authority| authority.as_str());
    OriginFacts::read(request.method().as_str(), authority, uri.path(), |name| {
        headers.get(name).map(HeaderValue::as_bytes)
    })
}
