//! The request that an endpoint receives, as bytes and text without a framework.

use std::{fmt, net::IpAddr};

use hallpass_core::{Authentication, OriginFacts};
use zeroize::Zeroize;

/// A request to one of the login routes, filled in by an adapter.
///
/// The adapter copies all parts as received, without decoding or trimming. `headers` contains only
/// the headers of [`EndpointRequest::HEADERS`], with one entry per header line.
///
/// Exhaustive, because an adapter constructs it.
pub struct EndpointRequest {
    /// The method, in the case in which it was received.
    pub method: String,
    /// The path as received, with or without the prefix of the site, not decoded.
    pub path: String,
    /// The query after `?`, not decoded. `None` if the target has no `?`.
    pub query: Option<String>,
    /// Header lines: lower-case name and value. For HTTP/2 the adapter adds `:authority` as
    /// `host`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, up to [`EndpointRequest::BODY_LIMIT`] bytes.
    pub body: Body,
    /// The address of the connection. If it is a reverse proxy, the site's
    /// [`Proxies`](hallpass_accounts::Proxies) determine the address of the client. With `None`
    /// there is no rate limit per address, and a warning is logged once per minute.
    pub peer: Option<IpAddr>,
    /// The caller, as returned by the authenticator.
    pub who: Authentication,
}

/// The body of a request. An adapter reads it up to [`EndpointRequest::BODY_LIMIT`].
///
/// Exhaustive, because an adapter constructs it.
pub enum Body {
    /// The complete body.
    Whole(Vec<u8>),
    /// The body is longer than the limit. The rest was not read.
    TooLarge,
    /// The body did not arrive within the time limit of the request.
    Late,
    /// The connection was closed before the end of the body, or the framing was not valid.
    Broken,
}

impl EndpointRequest {
    /// Maximum length of a body, in bytes: 8 KiB, about forty times a usual form of the login
    /// routes. Two passwords of 1,024 ASCII letters fit. A password of 1,024 characters of another
    /// script may not fit, because a form encodes each byte as three.
    pub const BODY_LIMIT: usize = 8 * 1024;

    /// The headers that the endpoints read, in lower case.
    pub const HEADERS: &'static [&'static str] = &[
        "accept",
        "accept-language",
        "content-type",
        "cookie",
        "forwarded",
        "host",
        "hx-current-url",
        "hx-request",
        "origin",
        "sec-fetch-mode",
        "sec-fetch-site",
        "upgrade",
        "user-agent",
        "x-forwarded-for",
    ];

    /// Copies the head of a request: the method, the authority, the path and the query of the
    /// target, and the lines of the headers in [`HEADERS`](Self::HEADERS). In HTTP/2 the authority
    /// replaces `Host` (RFC 9113 section 8.3.1). `lines` returns the lines of one header. The
    /// adapter sets the body and the peer afterwards.
    pub fn head<'h, V: Iterator<Item = &'h [u8]>>(
        method: &str,
        authority: Option<&str>,
        (path, query): (&str, Option<&str>),
        who: Authentication,
        lines: impl Fn(&'static str) -> V,
    ) -> Self {
        let mut headers = Vec::new();
        for name in Self::HEADERS {
            match authority {
                Some(authority) if *name == "host" => {
                    headers.push(((*name).to_owned(), authority.as_bytes().to_vec()))
                }
                _ => headers.extend(lines(name).map(|value| ((*name).to_owned(), value.to_vec()))),
            }
        }
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            headers,
            body: Body::Whole(Vec::new()),
            peer: None,
            who,
        }
    }

    /// Returns the first line of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines(name).next()
    }

    /// Returns all lines of a header.
    pub(crate) fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Returns the facts for the origin check of `hallpass-core`.
    pub(crate) fn origin_facts(&self) -> OriginFacts<'_> {
        // `head` wrote the authority as `host`.
        OriginFacts::read(&self.method, None, &self.path, |name| self.header(name))
    }
}

/// Omits the cookies and the body, because they contain tokens and passwords.
impl fmt::Debug for EndpointRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::TooLarge => f.write_str("TooLarge"),
            Self::Late => f.write_str("Late"),
            Self::Broken => f.write_str("Broken"),
        }
    }
}

/// Zeroizes the body, because a form may contain a password.
impl Drop for Body {
    fn drop(&mut self) {
        if let Self::Whole(bytes) = self {
            bytes.zeroize();
        }
    }
}
