//! What goes wrong in the blog's own handlers, on its way out.
//!
//! A handler returns a [`Failed`], which says nothing of HTML or JSON; [`render`] goes around all
//! routes and words it for the caller, as the library's layer does with a denial.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use blog::Failure;

use crate::visit::Visit;

/// Why a request came to nothing, as axum's traits want it: of this crate.
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

/// Words each [`Failed`] that the routes inside leave on their answers.
pub(crate) async fn render(visit: Visit, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(Failed(failure)) = response.extensions().get().cloned() else {
        return response;
    };
    let worded = if visit.wants_json() {
        visit.problem(&failure.problem())
    } else {
        visit.page(&failure.notice())
    };
    // The head stays that of the refusal, `Allow` included.
    let (mut head, _) = response.into_parts();
    let (told, body) = worded.into_parts();
    head.headers.extend(told.headers);
    if let Some(seconds) = failure.retry_after() {
        head.headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Some(challenge) = failure.challenge() {
        head.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    Response::from_parts(head, body)
}
