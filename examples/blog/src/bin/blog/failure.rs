//! Failures of the blog's own handlers, and their rendering as HTML or JSON.
//!
//! A handler returns a [`Failed`], which contains no HTML and no JSON. The middleware [`render`]
//! wraps all routes and renders each [`Failed`] in the format that the client prefers, as
//! hallpass's layer does with a rejection.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use blog::Failure;

use crate::visit::Visit;

/// The reason why a request failed. A type of this crate, because a crate may implement axum's
/// traits only for its own types.
#[derive(Clone, Debug)]
pub(crate) struct Failed(Failure);

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Renders the [`Failed`] that a route put into the extensions of its response.
pub(crate) async fn render(visit: Visit, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(Failed(failure)) = response.extensions().get().cloned() else {
        return response;
    };
    let rendered = if visit.wants_json() {
        visit.problem(&failure.problem())
    } else {
        visit.page(&failure.notice())
    };
    // The status and the headers of the original response are kept, such as `Allow`.
    let (mut head, _) = response.into_parts();
    let (rendered, body) = rendered.into_parts();
    head.headers.extend(rendered.headers);
    if let Some(seconds) = failure.retry_after() {
        head.headers.insert(RETRY_AFTER, seconds.into());
    }
    let challenge = failure.challenge(visit.prefix.as_str());
    if let Some(challenge) = challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
        head.headers.insert(WWW_AUTHENTICATE, challenge);
    }
    Response::from_parts(head, body)
}
