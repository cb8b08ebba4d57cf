//! An answer as the endpoints give it, and the headers that every one carries.
//!
//! Everything but the style sheet, the script and the public keys depends on who asks, and some
//! pages hold secrets, so `no-store` is the default here and the exceptions say so. The policy of a
//! page allows style sheets, scripts and images that the site itself serves and nothing else:
//! nothing inline, no frame around it (clickjacking of the log-in and of "turn off"), no form to
//! elsewhere.
//!
//! `Referrer-Policy` is `same-origin`, not `no-referrer`: under the latter a browser writes
//! `Origin: null` on a form's POST (Fetch, "append a request Origin header"), and a browser without
//! `Sec-Fetch-Site` would then fail the origin check on its own site. Nothing leaves the site
//! either way.

use hallpass_core::{RejectionResponse, SafeNext};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// An answer to a request to one of the sign-in routes. An adapter sends it as it is.
///
/// Exhaustive, because an adapter must send each part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct EndpointResponse {
    /// The HTTP status.
    pub status: u16,
    /// Headers in order, with lower-case names; `set-cookie` may come more than once.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for redirects, 204 and `HEAD`.
    pub body: String,
}

impl EndpointResponse {
    /// An HTML page.
    pub(crate) fn page(status: u16, html: String) -> Self {
        let response = Self::of(status, "text/html; charset=utf-8", html)
            .with_only_header("vary", VARY_OF_PAGES);
        SECURITY_HEADERS
            .iter()
            .fold(response, |response, (name, value)| response.with_header(name, *value))
    }

    /// A JSON value.
    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::of(status, "application/json", value.to_string())
            .with_header("x-content-type-options", "nosniff")
    }

    /// A problem (RFC 9457).
    pub(crate) fn problem(status: u16, document: String) -> Self {
        Self::of(status, "application/problem+json", document)
            .with_header("x-content-type-options", "nosniff")
    }

    /// 303: the browser goes on with `GET`, so that reloading does not post again.
    pub(crate) fn see_other(to: &SafeNext) -> Self {
        Self::empty(303).with_header("location", to.as_str())
    }

    /// A status alone.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: vec![("cache-control", "no-store".into()), ("vary", VARY.into())],
            body: String::new(),
        }
    }

    /// A file that is the same for everybody, kept for so many seconds.
    pub(crate) fn public(content_type: &'static str, seconds: u32, body: String) -> Self {
        Self {
            status: 200,
            headers: vec![
                ("content-type", content_type.into()),
                ("cache-control", format!("public, max-age={seconds}")),
                ("x-content-type-options", "nosniff".into()),
            ],
            body,
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a header that is there at most once.
    pub(crate) fn with_only_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.with_header(name, value)
    }

    /// The answer to `HEAD`: as to `GET`, the length included (RFC 9110 section 8.6), without the
    /// body.
    pub(crate) fn without_body(self) -> Self {
        let length = self.body.len().to_string();
        Self { body: String::new(), ..self.with_only_header("content-length", length) }
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

/// The path with `next` behind it, where `next` is more than the default.
pub(crate) fn with_next(path: &str, next: &str) -> String {
    if next == "/" || next.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?next={}", utf8_percent_encode(next, QUERY_VALUE))
    }
}

/// What every page of the sign-in routes is sent with; for a site's own pages too.
pub const SECURITY_HEADERS: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
];

/// What an answer depends on beside the path.
const VARY: &str = "accept, cookie";

/// Pages are in the reader's language, too.
const VARY_OF_PAGES: &str = "accept, accept-language, cookie";

/// All but the unreserved characters of RFC 3986 section 2.3.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_escaped_and_the_default_is_left_out() {
        assert_eq!(
            with_next("/login", "/posts/new?a=1&b=2"),
            "/login?next=%2Fposts%2Fnew%3Fa%3D1%26b%3D2"
        );
        assert_eq!(with_next("/login", "/"), "/login");
    }
}
