//! The middleware that sets the security headers.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use blog::SECURITY_HEADERS;

/// Sets the security headers that a route has not set. The login routes set their own, and the page
/// of a link for a new password has a stricter `Referrer-Policy`.
pub(crate) async fn security_headers(mut response: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        response
            .headers_mut()
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
