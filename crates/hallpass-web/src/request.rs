//! A request as the endpoints see it: bytes and text, no framework.

use std::{fmt, net::IpAddr};

use hallpass_core::{Authentication, OriginFacts};
use zeroize::Zeroize;

/// A request to one of the sign-in routes, filled in by an adapter.
///
/// Everything is handed over as it came: nothing decoded, nothing trimmed, nothing dropped.
/// `headers` needs those of [`EndpointRequest::HEADERS`] only, each line an entry of its own.
///
/// Exhaustive, because an adapter constructs it.
pub struct EndpointRequest {
    /// The method, in the case in which it was sent.
    pub method: String,
    /// The path as the browser sees it, not decoded.
    pub path: String,
    /// What stands after `?`, not decoded.
    pub query: Option<String>,
    /// Header lines: lower-case name, value. Over HTTP/2 the adapter writes `:authority` as
    /// `host`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, at most [`EndpointRequest::BODY_LIMIT`] bytes of it.
    pub body: Body,
    /// Whose connection it is. Who asks through it is for the site's
    /// [`Proxies`](hallpass_accounts::Proxies) to say.
    pub peer: Option<IpAddr>,
    /// Who asks, as the authenticator found it.
    pub who: Authentication,
}

/// A request's body, read by an adapter up to [`EndpointRequest::BODY_LIMIT`].
///
/// Exhaustive, because an adapter constructs it.
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// Longer than the limit: the rest was not read.
    TooLarge,
    /// The connection broke off, or the framing was wrong.
    Broken,
}

impl EndpointRequest {
    /// The greatest body that is read, in bytes: 8 KiB, some forty times the largest form here.
    pub const BODY_LIMIT: usize = 8 * 1024;

    /// The headers that the endpoints look at, in lower case.
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

    /// Copies a request's head: its method, the authority, path and query of its target, and
    /// through `lines` every line of the headers that count. In HTTP/2 the authority stands for
    /// `Host` (RFC 9113 section 8.3.1). Body and peer are to be set by whoever has them.
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

    /// The first line of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines(name).next()
    }

    /// Every line of a header.
    pub(crate) fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// What core's origin check looks at.
    pub(crate) fn origin_facts(&self) -> OriginFacts<'_> {
        // `head` wrote the authority as `host`.
        OriginFacts::read(&self.method, None, &self.path, |name| self.header(name))
    }
}

/// Shows neither cookies nor the body: they hold tokens and passwords.
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
            Self::Broken => f.write_str("Broken"),
        }
    }
}

/// A form holds a password.
impl Drop for Body {
    fn drop(&mut self) {
        if let Self::Whole(bytes) = self {
            bytes.zeroize();
        }
    }
}
