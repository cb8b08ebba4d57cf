//! What kind of client is asking, told from its request headers.
//!
//! It decides only how a refusal looks, never whether there is one, so a client that lies about
//! itself gains an answer that it cannot read. Adapters hand over a way to look a header up instead
//! of picking headers themselves: which ones count is said here, once.

/// Who asks, as far as the look of an answer depends on it.
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
    /// Reads the method, the path and query as the client sent them, and through `header` the first
    /// value of each header that counts. `header` is asked with lower-case names.
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
            // `h2c` is only an offer to go on in HTTP/2, which `curl --http2` makes with any page.
            CallerKind::Upgrade
        } else if prefers_json {
            CallerKind::Json
        } else if header("hx-request").is_some() {
            CallerKind::Htmx
        } else {
            CallerKind::Page
        };
        // A script's `fetch` that followed a redirect to the log-in page would take it for the
        // answer, with status 200. Browsers say which request is which (Fetch Metadata);
        // what says nothing is taken for a person's.
        let mode = header("sec-fetch-mode").unwrap_or(b"navigate");
        let navigates = matches!(method, "GET" | "HEAD") && mode == b"navigate";
        Self { kind, target, navigates, page: header("hx-current-url"), prefers_json }
    }

    /// Tells whether the client would rather have JSON than HTML (RFC 9110 section 12.5.1).
    ///
    /// At equal weight a type that is named beats one that only a wildcard covers, so that
    /// `application/json, */*` is JSON; a true tie, and no preference at all, is HTML.
    #[must_use]
    pub const fn prefers_json(&self) -> bool {
        self.prefers_json
    }

    /// Tells whether a refusal may be answered with a page: not for JSON, gRPC or an upgrade.
    #[must_use]
    pub const fn takes_page(&self) -> bool {
        matches!(self.kind, CallerKind::Page | CallerKind::Htmx)
    }

    pub(crate) const fn kind(&self) -> CallerKind {
        self.kind
    }

    /// Whether a redirect would show the person another page.
    pub(crate) const fn navigates(&self) -> bool {
        self.navigates
    }

    /// The page to come back to after signing in; `None` where there is none, as after a form's
    /// POST.
    pub(crate) fn way_back(&self) -> Option<&'a str> {
        match self.kind {
            // What htmx asked for is a fragment; the person looks at the page around it.
            CallerKind::Htmx => self.page.and_then(path_of_url),
            _ => self.navigates.then_some(self.target),
        }
    }
}

/// The form of answer that a client can use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CallerKind {
    Page,
    Htmx,
    Json,
    Upgrade,
    Grpc,
    GrpcWeb,
}

/// Path and query of an absolute URL.
fn path_of_url(url: &[u8]) -> Option<&str> {
    let url = std::str::from_utf8(url).ok()?;
    let (_, after_scheme) = url.split_once("://")?;
    let path = after_scheme.get(after_scheme.find('/')?..)?;
    path.split('#').next()
}

fn prefers_json(accept: &[u8]) -> bool {
    let plain = weight(accept, b"application", b"json");
    let problem = weight(accept, b"application", b"problem+json");
    // A wildcard that covers both says nothing of the problem type that the plain one did not say.
    let json = if problem.exactness == EXACT { plain.max(problem) } else { plain };
    json.quality > 0 && json > weight(accept, b"text", b"html")
}

/// How much a client wants a media type. The order is the preference: first the quality, then how
/// exactly it was named.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    quality: u16,
    exactness: u8,
}

/// The weight of the most exact range that covers the type.
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
