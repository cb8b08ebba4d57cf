//! The response of an endpoint, and the headers of every response.
//!
//! All responses except the style sheet, the script and the public keys depend on the caller, and
//! some pages contain secrets. So `Cache-Control: no-store` is the default. Every response also
//! gets the [security headers](SecurityHeaders), in one place:
//! [`secured`](EndpointResponse::secured).

use hallpass_core::{RejectionResponse, SafeNext, SecurityHeaders};
use serde::Serialize;
use zeroize::Zeroize;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The response to a request to one of the login routes. An adapter sends it unchanged.
///
/// Exhaustive, because an adapter must send each part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct EndpointResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers in order, with lower-case names. `set-cookie` may occur more than once.
    pub headers: Vec<(&'static str, String)>,
    /// The body. It is empty for redirects, 204 and `HEAD`. It may contain secrets (a key, recovery
    /// codes), so an adapter zeroizes it after it was sent.
    pub body: String,
}

impl EndpointResponse {
    /// Returns an HTML page.
    pub(crate) fn page(status: u16, html: String) -> Self {
        Self::of(status, "text/html; charset=utf-8", html).with_only_header("vary", VARY_OF_PAGES)
    }

    /// Returns a JSON value.
    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::of(status, "application/json", value.to_string())
    }

    /// Returns JSON that contains secrets. Its text is written once, without growing: a `String`
    /// that grows leaves its old bytes in memory.
    pub(crate) fn secret_json(status: u16, value: &impl Serialize) -> Self {
        let mut text = Vec::with_capacity(SECRET_BODY);
        // Strings and booleans always serialize, and a `Vec` accepts every write.
        let _ = serde_json::to_writer(&mut text, value);
        Self::of(status, "application/json", String::from_utf8(text).unwrap_or_default())
    }

    /// Returns a problem (RFC 9457).
    pub(crate) fn problem(status: u16, document: String) -> Self {
        Self::of(status, "application/problem+json", document)
    }

    /// Returns a 303 redirect. The browser follows it with `GET`, so that a reload does not post
    /// the form again.
    pub(crate) fn see_other(to: &SafeNext) -> Self {
        Self::empty(303).with_header("location", to.as_str())
    }

    /// Returns a response without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: vec![("cache-control", "no-store".into()), ("vary", VARY.into())],
            body: String::new(),
        }
    }

    /// Returns a file that is the same for every caller, with this `max-age` in seconds.
    pub(crate) fn public(content_type: &'static str, seconds: u32, body: String) -> Self {
        Self {
            status: 200,
            headers: vec![
                ("content-type", content_type.into()),
                ("cache-control", format!("public, max-age={seconds}")),
            ],
            body,
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the security headers that the response does not have yet.
    pub(crate) fn secured(mut self, security: &SecurityHeaders) -> Self {
        for (name, value) in security.iter() {
            if !self.headers.iter().any(|(known, _)| *known == name) {
                self.headers.push((name, value.to_owned()));
            }
        }
        self
    }

    /// Sets a header and removes its other values.
    pub(crate) fn with_only_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.with_header(name, value)
    }

    /// Returns the response to `HEAD`: as for `GET`, with `content-length` (RFC 9110 section 8.6)
    /// and without the body.
    pub(crate) fn without_body(mut self) -> Self {
        let length = self.body.len().to_string();
        self.body.zeroize();
        Self { body: String::new(), ..self.with_only_header("content-length", length) }
    }

    /// Returns the `Set-Cookie` values.
    pub(crate) fn set_cookies(&self) -> impl Iterator<Item = &str> {
        let lines = self.headers.iter().filter(|(name, _)| *name == "set-cookie");
        lines.map(|(_, value)| value.as_str())
    }

    pub(crate) fn with_cookie(self, cookie: String) -> Self {
        self.with_header("set-cookie", cookie)
    }

    fn of(status: u16, content_type: &'static str, body: String) -> Self {
        Self { body, ..Self::empty(status).with_header("content-type", content_type) }
    }
}

impl From<RejectionResponse> for EndpointResponse {
    fn from(response: RejectionResponse) -> Self {
        Self { status: response.status, headers: response.headers, body: response.body }
    }
}

/// Returns one of the site's own paths, with its prefix and with `next` as a query parameter.
/// `next` is left out if it is the home page, which is the default.
pub(crate) fn with_next(prefix: &str, path: &str, next: &str) -> String {
    if next.is_empty() || next.strip_prefix(prefix) == Some("/") {
        format!("{prefix}{path}")
    } else {
        format!("{prefix}{path}?next={}", utf8_percent_encode(next, QUERY_VALUE))
    }
}

/// Maximum size of a body with secrets, in bytes: 128 KiB, twice the page with the largest QR code.
pub(crate) const SECRET_BODY: usize = 128 * 1024;

/// The request headers that a response depends on.
const VARY: &str = "accept, cookie";

/// The request headers that a page depends on, because it is in the language of the reader.
const VARY_OF_PAGES: &str = "accept, accept-language, cookie";

/// All characters except the unreserved characters of RFC 3986 section 2.3.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_escaped_and_the_default_is_left_out() {
        assert_eq!(
            with_next("", "/login", "/posts/new?a=1&b=2"),
            "/login?next=%2Fposts%2Fnew%3Fa%3D1%26b%3D2"
        );
        assert_eq!(with_next("", "/login", "/"), "/login");
        assert_eq!(with_next("/app", "/login", "/app/x"), "/app/login?next=%2Fapp%2Fx");
        assert_eq!(with_next("/app", "/login", "/app/"), "/app/login");
    }
}
