//! The blog's own pages for rejected requests.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use blog::{BlogRole, Notice, Viewer};
use hallpass::Rejection;
use hallpass::request::{PathPrefix, RejectedRequest};

/// Returns the blog's page for a rejection, or `None` to use hallpass's own response.
pub(crate) fn rejection_page(
    rejection: Rejection,
    request: &RejectedRequest<'_>,
    prefix: &PathPrefix,
) -> Option<Response> {
    // hallpass redirects a `GET` to the login page, and after the login back to this page.
    if rejection.status() == 401 && matches!(request.method(), "GET" | "HEAD") {
        return None;
    }
    let viewer = request
        .authentication()
        .identity::<BlogRole>()
        .map(|identity| Viewer::new(identity.username(), identity.roles()));
    let notice = Notice::of_denial(rejection, request.target(), viewer.as_ref(), prefix)?;
    let status = StatusCode::from_u16(rejection.status()).ok()?;
    Some((status, Html(blog::document(&notice, viewer.as_ref(), prefix.as_str()))).into_response())
}
