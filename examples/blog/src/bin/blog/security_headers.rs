//! The middleware that sets the security headers.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use blog::SECURITY_HEADERS;

/// Sets the security headers of every response and replaces values that a route has set.
pub(crate) async fn security_headers(mut response: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
