//! Guards: layers that admit a request to a route or leave a [`Rejected`]. [`Watched`] finds out
//! whether a route has a guard at all.
//!
//! A guard has no state. It compares its [`Requirement`] with the caller that
//! [`AuthLayer`](crate::AuthLayer) left on the request. Without an `AuthLayer` it rejects every
//! request.
//!
//! The response of a guarded route depends on the caller and must not be shared. Unless the handler
//! sets the header, it is sent with `Cache-Control: no-store`. Without that header a cache may
//! store the response to a request with a cookie and send it to another person (RFC 9111 section
//! 3; only `Authorization` forbids that by itself).

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use hallpass_core::{Authentication, Clock, Rejection, RejectionKind, Requirement, SystemClock};
use http::{Extensions, HeaderValue, Request, Response, header::CACHE_CONTROL};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::rejection::{GuardFuture, Rejected, RejectedRequest};

hallpass_core::guards! {
    /// A guard around a route: `get(page).route_layer(require_login())` on axum.
    ///
    /// It rejects a request before the handler runs. The [`AuthLayer`](crate::AuthLayer) around the
    /// site renders the rejection.
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, requirement: self.requirement }
    }
}

/// A route behind a guard.
#[derive(Clone, Copy, Debug)]
pub struct RequireService<S> {
    inner: S,
    requirement: Requirement,
}

impl<S, Q, B> Service<Request<Q>> for RequireService<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequireFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        Statement::make(request.extensions());
        let inner = match check(&self.requirement, &request) {
            Ok(()) => GuardFuture::admitted(self.inner.call(request)),
            Err(rejected) => GuardFuture::rejected(rejected),
        };
        RequireFuture { inner, no_store: !self.requirement.is_open() }
    }
}

fn check<Q>(requirement: &Requirement, request: &Request<Q>) -> Result<(), Rejected> {
    let Some(who) = request.extensions().get::<Authentication>() else {
        return Err(Rejected::without_layer("require", RejectedRequest::of(request)));
    };
    let now = who.moment().unwrap_or_else(|| SystemClock.now());
    requirement.admit(who, now).map_err(|rejection| {
        note(rejection, requirement);
        Rejected::new(rejection, RejectedRequest::of(request))
    })
}

fn note(rejection: Rejection, requirement: &Requirement) {
    if rejection.kind() == RejectionKind::Internal {
        tracing::error!(target: "hallpass", %requirement, "rejected, because the route requires roles of another enum than the token was verified for");
    } else {
        tracing::debug!(target: "hallpass", kind = rejection.kind().as_str(), %requirement, "request rejected");
    }
}

pin_project! {
    /// The answer of a route behind a guard.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RequireFuture<F, B> {
        #[pin]
        inner: GuardFuture<F, B>,
        no_store: bool,
    }
}

impl<F, B, E> Future for RequireFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if *this.no_store {
            response
                .headers_mut()
                .entry(CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("no-store"));
        }
        Poll::Ready(Ok(response))
    }
}

/// An extension of a request where every route must have a guard: whether a guard ran.
#[derive(Clone, Default)]
struct Statement(Arc<AtomicBool>);

impl Statement {
    /// Notes that a guard ran.
    fn make(extensions: &Extensions) {
        if let Some(Self(made)) = extensions.get() {
            // The response passes the same layers as the request, so this is read by the same task
            // or by a later one.
            made.store(true, Ordering::Release);
        }
    }
}

/// A request that is watched for a statement.
pub(crate) struct Watched {
    statement: Statement,
    request: RejectedRequest,
}

impl Watched {
    /// Watches a request from here on.
    pub(crate) fn new<B>(request: &mut Request<B>) -> Self {
        let statement = Statement::default();
        request.extensions_mut().insert(statement.clone());
        Self { statement, request: RejectedRequest::of_head(request) }
    }

    /// Returns the rejection of a request whose route stated nothing.
    pub(crate) fn rejected(self) -> Option<Rejected> {
        if self.statement.0.load(Ordering::Acquire) {
            return None;
        }
        tracing::error!(
            target: "hallpass",
            method = %self.request.method(),
            path = self.request.uri().path(),
            "rejected, because the route states no requirement: put a guard on it, or public()"
        );
        Some(Rejected::new(Rejection::new(RejectionKind::Internal), self.request))
    }
}
