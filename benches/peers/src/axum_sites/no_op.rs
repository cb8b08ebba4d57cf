//! Two layers that do nothing, where hallpass has its layer and its guard: what axum itself charges for their places.

use std::task::{Context, Poll};

use axum::{Router, routing::get};
use tower::{Layer, Service};

#[derive(Clone, Copy)]
struct NoOp;

impl<S> Layer<S> for NoOp {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Through<S> {
        Through(inner)
    }
}

#[derive(Clone)]
struct Through<S>(S);

impl<S: Service<Q>, Q> Service<Q> for Through<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Q) -> S::Future {
        self.0.call(request)
    }
}

pub(crate) fn site() -> Router {
    Router::new().route("/admin", get(|| async { "hello" }).route_layer(NoOp)).layer(NoOp)
}
