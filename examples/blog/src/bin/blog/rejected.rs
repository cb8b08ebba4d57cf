//! The blog's own pages for refused requests: what happened, and the way on.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use blog::{BlogRole, Notice, Viewer};
use hallpass::Rejection;
use hallpass::request::RejectedRequest;

/// The page for a denial; the library's own where the blog has nothing better to say.
pub(crate) fn rejection_page(
    rejection: Rejection,
    request: &RejectedRequest<'_>,
) -> Option<Response> {
    // The library sends a browser that is only looking to the log-in, and from there back here.
    if rejection.status() == 401 && matches!(request.method(), "GET" | "HEAD") {
        return None;
    }
    let viewer = request
        .authentication()
        .identity::<BlogRole>()
        .map(|identity| Viewer::new(identity.username(), identity.roles()));
    let notice =
        Notice::of_denial(rejection.kind(), rejection.status(), request.target(), viewer.as_ref())?;
    let status = StatusCode::from_u16(rejection.status()).ok()?;
    Some((status, Html(blog::document(&notice, viewer.as_ref()))).into_response())
}
