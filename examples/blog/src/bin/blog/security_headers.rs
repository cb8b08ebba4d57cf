//! The headers that every answer carries.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use blog::SECURITY_HEADERS;

/// Puts them on, over whatever a route inside said.
pub(crate) async fn security_headers(mut response: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
