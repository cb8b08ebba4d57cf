//! How a refusal looks: the one place that maps kind and caller to an answer.
//!
//! | caller | signed out (401) | known, and no (403) | anything else |
//! |---|---|---|---|
//! | browser, navigating | 303 to the log-in page, with `next` | 403, a page with the way forward | its status, a page |
//! | browser, form or `fetch` | 401, a page | 403, a page | its status, a page |
//! | prefers JSON | 401, problem+json (RFC 9457) | 403, problem+json | its status, problem+json |
//! | htmx | 401 with `HX-Redirect` | 403, with `HX-Redirect` where there is a way forward | its status, a page |
//! | WebSocket or other upgrade | 401, problem+json, nothing upgraded | 403, problem+json | its status, problem+json |
//! | gRPC | 200, `grpc-status` 16 | 200, `grpc-status` 7 | 200, its `grpc-status` |
//!
//! Every answer is `no-store`, since it depends on who asked. A 401 carries a challenge, as RFC 9110 section 15.5.2 demands, and
//! nothing else does. The scheme is `Bearer` (RFC 6750) where a site accepts one; else it is `Cookie`, after
//! draft-broyer-http-cookie-auth: no registered scheme stands for a cookie, and browsers pass over one that they do not know,
//! where `Basic` would raise their own log-in box.
//!
//! The tests hold the whole table, every kind against every caller.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    access::rejection::{Rejection, RejectionKind},
    request::{
        caller::{Caller, CallerKind},
        gate::RequestAuthenticator,
        safe_next::SafeNext,
    },
    token::role::Role,
};

/// A refusal, ready to send. Header names are lower-case.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, each name once.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty where the headers say it all.
    pub body: String,
}

/// Where a site's pages are that a refusal leads to.
#[derive(Clone, Debug)]
pub struct RejectionSettings {
    login_path: String,
    two_factor_path: String,
    style_sheet: Option<String>,
    bearer: bool,
}

impl RejectionSettings {
    /// Challenges with `Bearer` where this gate takes a bearer token.
    #[must_use]
    pub fn for_gate<R: Role>(self, gate: &RequestAuthenticator<R>) -> Self {
        if gate.accepts_bearer() { self.bearer() } else { self }
    }

    /// Says where the log-in page is. Defaults to `/login`, because the sign-in routes have it there.
    #[must_use]
    pub fn login_path(mut self, path: &str) -> Self {
        self.login_path = header_safe(path);
        self
    }

    /// Says where a second factor is set up. Defaults to `/profile/two-factor`, because the sign-in routes have it there.
    #[must_use]
    pub fn two_factor_path(mut self, path: &str) -> Self {
        self.two_factor_path = header_safe(path);
        self
    }

    /// Links a style sheet in the default page. Defaults to none, because a service that only verifies serves none.
    #[must_use]
    pub fn style_sheet(mut self, path: &str) -> Self {
        self.style_sheet = Some(header_safe(path));
        self
    }

    /// Challenges with `Bearer`. Defaults to `Cookie`, because that is where the token is unless a site turns `Bearer` on.
    #[must_use]
    pub fn bearer(mut self) -> Self {
        self.bearer = true;
        self
    }
}

impl Default for RejectionSettings {
    fn default() -> Self {
        Self {
            login_path: "/login".to_owned(),
            two_factor_path: "/profile/two-factor".to_owned(),
            style_sheet: None,
            bearer: false,
        }
    }
}

/// The answer to a refused request.
///
/// ```
/// use hallpass_core::{RejectionSettings, Caller, Rejection, RejectionKind, answer};
///
/// let browser = Caller::new("GET", "/posts/new?draft=1", |_| None);
/// let signed_out = answer(Rejection::new(RejectionKind::NotLoggedIn), &browser, &RejectionSettings::default());
/// assert_eq!(signed_out.status, 303);
/// assert!(signed_out.headers.contains(&("location", "/login?next=%2Fposts%2Fnew%3Fdraft%3D1".to_owned())));
///
/// let script = Caller::new("GET", "/admin", |name| (name == "accept").then_some(&b"application/json"[..]));
/// let forbidden = answer(Rejection::new(RejectionKind::RoleMissing), &script, &RejectionSettings::default());
/// assert_eq!(forbidden.status, 403);
/// assert!(forbidden.body.contains("urn:hallpass:problem:role-missing"));
/// ```
pub fn answer(rejection: Rejection, caller: &Caller<'_>, settings: &RejectionSettings) -> Answer {
    let links = ways_forward(rejection.kind(), caller, settings);
    match caller.kind() {
        CallerKind::Page if rejection.status() == 401 && caller.navigates() => see_login(&links),
        CallerKind::Page => html(rejection, page(rejection.kind(), &links, settings), settings),
        CallerKind::Htmx => {
            let mut answer = html(rejection, page(rejection.kind(), &links, settings), settings);
            answer.headers.extend(links.first().map(|link| ("hx-redirect", link.path.clone())));
            answer
        }
        CallerKind::Json | CallerKind::Upgrade => problem_json(rejection, settings),
        CallerKind::Grpc => grpc(rejection, "application/grpc"),
        CallerKind::GrpcWeb => grpc(rejection, "application/grpc-web"),
    }
}

/// The headers that every refusal carries, a site's own page included: not to be stored, the challenge of a 401, and how long to
/// wait.
#[must_use]
pub fn rejection_headers(rejection: Rejection, settings: &RejectionSettings) -> Vec<(&'static str, String)> {
    let mut headers = not_stored();
    if rejection.status() == 401 {
        headers.push(("www-authenticate", settings.challenge(rejection.kind())));
    }
    if let Some(wait) = rejection.retry_after() {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.push(("retry-after", seconds.to_string()));
    }
    headers
}

/// What a site's own page lacks as the answer to a refusal: a status that is no success, not to be stored, and a challenge where it
/// still is a 401 (a page that redirects, say, is none any more). `has` tells which headers are set already; the body is the page's.
pub fn own_page(
    rejection: Rejection,
    page_status: u16,
    settings: &RejectionSettings,
    has: impl Fn(&'static str) -> bool,
) -> Answer {
    let status = if (200..300).contains(&page_status) { rejection.status() } else { page_status };
    let mut headers = rejection_headers(rejection, settings);
    headers.retain(|(name, _)| !has(name) && (status == 401 || *name != "www-authenticate"));
    Answer { status, headers, body: String::new() }
}

/// The headers that speak of a body, and go with the one that a refusal's answer replaces.
pub const BODY_HEADERS: [&str; 4] = ["content-length", "content-type", "content-encoding", "transfer-encoding"];

fn not_stored() -> Vec<(&'static str, String)> {
    vec![("cache-control", "no-store".to_owned()), ("vary", "accept, cookie".to_owned())]
}

fn see_login(links: &[Link]) -> Answer {
    let mut headers = not_stored();
    headers.extend(links.first().map(|link| ("location", link.path.clone())));
    Answer { status: 303, headers, body: String::new() }
}

fn html(rejection: Rejection, body: String, settings: &RejectionSettings) -> Answer {
    let mut headers = rejection_headers(rejection, settings);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    Answer { status: rejection.status(), headers, body }
}

/// RFC 9457. Nothing in it comes from the request, so nothing needs escaping.
fn problem_json(rejection: Rejection, settings: &RejectionSettings) -> Answer {
    let mut headers = rejection_headers(rejection, settings);
    headers.push(("content-type", "application/problem+json".to_owned()));
    let body = format!(
        r#"{{"type":"urn:hallpass:problem:{}","title":"{}","status":{},"detail":"{}"}}"#,
        rejection.kind(),
        rejection.kind().title(),
        rejection.status(),
        rejection.kind().detail(),
    );
    Answer { status: rejection.status(), headers, body }
}

/// A "Trailers-Only" answer (gRPC over HTTP/2): gRPC speaks of failure in `grpc-status`, under the HTTP status 200.
fn grpc(rejection: Rejection, content_type: &str) -> Answer {
    let status = match rejection.status() {
        401 => 16, // UNAUTHENTICATED
        403 => 7,  // PERMISSION_DENIED
        429 => 8,  // RESOURCE_EXHAUSTED
        503 => 14, // UNAVAILABLE
        _ => 13,   // INTERNAL
    };
    let mut headers = not_stored();
    headers.push(("content-type", content_type.to_owned()));
    headers.push(("grpc-status", status.to_string()));
    headers.push(("grpc-message", rejection.kind().detail().to_owned()));
    Answer { status: 200, headers, body: String::new() }
}

/// What the person can do about it, the first thing first.
fn ways_forward(kind: RejectionKind, caller: &Caller<'_>, settings: &RejectionSettings) -> Vec<Link> {
    let accounts = |label| Link { label, path: settings.login(caller) };
    match kind {
        RejectionKind::NotLoggedIn => vec![accounts("Sign in")],
        RejectionKind::Expired | RejectionKind::Revoked | RejectionKind::NotRecent => {
            vec![accounts("Sign in again")]
        }
        RejectionKind::SecondFactorMissing => vec![
            Link { label: "Set up a second factor", path: settings.two_factor_path.clone() },
            accounts("Sign in again"),
        ],
        _ => Vec::new(),
    }
}

impl RejectionSettings {
    /// The log-in page, told where to go on to. A target that would leave the site is none ([`SafeNext`]).
    fn login(&self, caller: &Caller<'_>) -> String {
        let mut path = self.login_path.clone();
        if let Some(target) = caller.way_back() {
            path.push_str(if path.contains('?') { "&next=" } else { "?next=" });
            path.extend(utf8_percent_encode(SafeNext::parse(Some(target)).as_str(), NOT_IN_QUERY_VALUE));
        }
        path
    }

    fn challenge(&self, kind: RejectionKind) -> String {
        match (self.bearer, kind) {
            (false, _) => format!("Cookie form-action=\"{}\"", self.login_path),
            // RFC 6750 section 3.1: no error code where no token was sent, and a bad one is not told from none.
            (true, RejectionKind::Expired | RejectionKind::Revoked) => "Bearer error=\"invalid_token\"".to_owned(),
            (true, _) => "Bearer".to_owned(),
        }
    }
}

/// A way forward.
struct Link {
    label: &'static str,
    path: String,
}

/// The default page of a refusal: what a site shows that brought none of its own.
///
/// No script and no inline style, so that it works under any Content-Security-Policy.
fn page(kind: RejectionKind, links: &[Link], settings: &RejectionSettings) -> String {
    let (title, detail) = (kind.title(), kind.detail());
    let mut page = String::with_capacity(640);
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    // Writing to a String cannot fail.
    let _ = writeln!(page, "<title>{title}</title>");
    if let Some(path) = &settings.style_sheet {
        let _ = writeln!(page, "<link rel=\"stylesheet\" href=\"{}\">", escaped(path));
    }
    let _ = writeln!(page, "</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>");
    for Link { label, path } in links {
        let _ = writeln!(page, "<p><a href=\"{}\">{label}</a></p>", escaped(path));
    }
    page.push_str("<p><a href=\"/\">Home page</a></p>\n</main>\n</body>\n</html>\n");
    page
}

/// A path within a quoted attribute. Quotes and angle brackets are percent-encoded in it already.
fn escaped(path: &str) -> String {
    path.replace('&', "&amp;")
}

/// A path as it may stand in a header and within quotes there: what may not is percent-encoded.
fn header_safe(path: &str) -> String {
    utf8_percent_encode(path, NOT_IN_HEADER).to_string()
}

/// All but the unreserved characters of RFC 3986 section 2.3.
const NOT_IN_QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What would end a header or a quoted string, in HTML too. What lies beyond ASCII is always encoded.
const NOT_IN_HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'\\').add(b'<').add(b'>');

#[cfg(test)]
mod tests;
