//! The kind of client, by its request headers.
//!
//! The kind only selects the form of a rejection, never whether the request is rejected. A client
//! that sends false headers only receives a response that it cannot read. Adapters pass a function
//! that looks up a header, so this module alone chooses the headers.

use std::borrow::Cow;

use crate::request::path_prefix::PathPrefix;

/// The kind of client, for the form of a response.
///
/// ```
/// use hallpass_core::Caller;
///
/// let script = Caller::new("GET", "/admin", |name| {
///     (name == "accept").then_some(&b"application/json"[..])
/// });
/// assert!(script.prefers_json());
/// let browser = Caller::new("GET", "/admin", |name| {
///     (name == "accept").then_some(&b"text/html,*/*;q=0.8"[..])
/// });
/// assert!(!browser.prefers_json());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    kind: CallerKind,
    target: &'a str,
    navigates: bool,
    page: Option<&'a [u8]>,
    prefers_json: bool,
}

impl<'a> Caller<'a> {
    /// Reads the method, the path and query as the client sent them, and the first value of each
    /// relevant header. `header` is called with lower-case names.
    pub fn new(method: &str, target: &'a str, header: impl Fn(&str) -> Option<&'a [u8]>) -> Self {
        let prefers_json = header("accept").is_some_and(prefers_json);
        let content_type = header("content-type").unwrap_or_default();
        let kind = if content_type.starts_with(b"application/grpc-web") {
            CallerKind::GrpcWeb
        } else if content_type.starts_with(b"application/grpc") {
            CallerKind::Grpc
        } else if method == "CONNECT"
            || header("upgrade").is_some_and(|to| !to.eq_ignore_ascii_case(b"h2c"))
        {
            // `h2c` only offers to continue in HTTP/2. `curl --http2` makes this offer for any
            // page.
            CallerKind::Upgrade
        } else if prefers_json {
            CallerKind::Json
        } else if header("hx-request").is_some() {
            CallerKind::Htmx
        } else {
            CallerKind::Page
        };
        // If a script's `fetch` followed a redirect to the login page, it would treat the login
        // page as the response, with status 200. Browsers send the kind of request (Fetch
        // Metadata). A request without it is treated as a navigation.
        let mode = header("sec-fetch-mode").unwrap_or(b"navigate");
        let navigates = matches!(method, "GET" | "HEAD") && mode == b"navigate";
        Self { kind, target, navigates, page: header("hx-current-url"), prefers_json }
    }

    /// Returns whether the client prefers JSON to HTML (RFC 9110 section 12.5.1).
    ///
    /// At equal weight, a type that is named precedes one that only a wildcard covers, so
    /// `application/json, */*` is JSON. If both are equal, or if there is no preference, HTML is
    /// chosen.
    #[must_use]
    pub const fn prefers_json(&self) -> bool {
        self.prefers_json
    }

    /// Returns whether the response to a rejection may be a page. It may not for JSON, gRPC or an
    /// upgrade.
    #[must_use]
    pub const fn takes_page(&self) -> bool {
        matches!(self.kind, CallerKind::Page | CallerKind::Htmx)
    }

    pub(crate) const fn kind(&self) -> CallerKind {
        self.kind
    }

    /// Returns whether a redirect would show another page to the person.
    pub(crate) const fn navigates(&self) -> bool {
        self.navigates
    }

    /// Returns the page to return to after a login, as the browser has it: with the prefix. Returns
    /// `None` if there is no such page, as after the POST of a form.
    pub(crate) fn way_back(&self, prefix: &PathPrefix) -> Option<Cow<'a, str>> {
        match self.kind {
            // The target of an htmx request is a fragment. The person sees the page around it. Its
            // address is from the browser, so no proxy has removed the prefix.
            CallerKind::Htmx => self.page.and_then(path_of_url).map(Cow::Borrowed),
            _ => self.navigates.then(|| prefix.complete(self.target)),
        }
    }
}

/// The form of response that a client can use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CallerKind {
    Page,
    Htmx,
    Json,
    Upgrade,
    Grpc,
    GrpcWeb,
}

/// Returns the path and query of an absolute URL.
fn path_of_url(url: &[u8]) -> Option<&str> {
    let url = std::str::from_utf8(url).ok()?;
    let (_, after_scheme) = url.split_once("://")?;
    let path = after_scheme.get(after_scheme.find('/')?..)?;
    path.split('#').next()
}

fn prefers_json(accept: &[u8]) -> bool {
    let plain = weight(accept, b"application", b"json");
    let problem = weight(accept, b"application", b"problem+json");
    // A wildcard covers both types, so it adds nothing for the problem type.
    let json = if problem.exactness == EXACT { plain.max(problem) } else { plain };
    json.quality > 0 && json > weight(accept, b"text", b"html")
}

/// The weight of a media type for a client. The order is the preference: first the quality, then
/// the exactness of the range.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    quality: u16,
    exactness: u8,
}

/// Returns the weight of the most exact range that covers the type.
fn weight(accept: &[u8], kind: &[u8], subtype: &[u8]) -> Weight {
    let mut best = Weight::default();
    for range in accept.split(|byte| *byte == b',') {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let exactness =
            match name.iter().position(|byte| *byte == b'/').map(|slash| name.split_at(slash)) {
                Some((b"*", b"/*")) => 1,
                Some((given, b"/*")) if given.eq_ignore_ascii_case(kind) => 2,
                Some((given, [b'/', rest @ ..]))
                    if given.eq_ignore_ascii_case(kind) && rest.eq_ignore_ascii_case(subtype) =>
                {
                    EXACT
                }
                _ => continue,
            };
        let given =
            parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
        let quality = match given.map(thousandths) {
            None => 1000,
            Some(Some(quality)) => quality,
            Some(None) => continue,
        };
        if exactness > best.exactness {
            best = Weight { quality, exactness };
        }
    }
    best
}

/// The exactness of a range without a wildcard.
const EXACT: u8 = 3;

/// Reads a `qvalue` (RFC 9110 section 12.4.2): 0 to 1 with at most three decimals.
fn thousandths(qvalue: &[u8]) -> Option<u16> {
    let (whole, decimals) = match qvalue {
        [whole] | [whole, b'.'] => (whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let mut value = match whole {
        b'0' => 0,
        b'1' => 1,
        _ => return None,
    };
    for place in 0..3 {
        let digit = decimals.get(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u16::from(digit - b'0');
    }
    (value <= 1000).then_some(value)
}

#[cfg(test)]
mod tests;
