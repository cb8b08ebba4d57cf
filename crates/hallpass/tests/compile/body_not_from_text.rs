//~ cannot make the response body `Bytes` from text: it does not implement `TextBody`
//~ write `.body_with(|text: String| …)` on the layer, with a closure that returns `Bytes`
//~ guide: docs/guide/src/axum.md
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::http::{Request, Response};
use hallpass::{AuthLayer, Role};
use tower::{Layer, Service, service_fn};

#[derive(Role)]
enum SiteRole {
    Admin,
}

struct Bytes;

impl http_body::Body for Bytes {
    type Data = axum::body::Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Infallible>>> {
        Poll::Ready(None)
    }
}

fn guard(layer: AuthLayer<SiteRole>) -> impl Service<Request<()>> {
    layer.layer(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(Bytes)) }))
}

fn main() {}
