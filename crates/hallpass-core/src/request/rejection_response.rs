//! The rendered response of a rejected request, for every kind of caller.
//!
//! | caller | not logged in (401) | logged in, not allowed (403) | any other status |
//! |---|---|---|---|
//! | browser, navigation | 303 to the login page, with `next` | 403, a page with links to a fix | its status, a page |
//! | browser, form or `fetch` | 401, a page | 403, a page | its status, a page |
//! | prefers JSON | 401, problem+json (RFC 9457) | 403, problem+json | its status, problem+json |
//! | htmx | 401 with `HX-Redirect` | 403, with `HX-Redirect` if there is a page to fix it | its status, a page |
//! | WebSocket or other upgrade | 401, problem+json, nothing upgraded | 403, problem+json | its status, problem+json |
//! | gRPC | 200, `grpc-status` 16 | 200, `grpc-status` 7 | 200, its `grpc-status` |
//!
//! Every response is `no-store`, because it depends on the caller, and has the [security
//! headers](SecurityHeaders). A 401 has a challenge, as RFC
//! 9110 section 15.5.2 requires, and no other status has one. The scheme is `Bearer` (RFC 6750) if
//! a site accepts bearer tokens. Otherwise it is `Cookie`, after draft-broyer-http-cookie-auth: no
//! scheme is registered for cookies, and a browser ignores an unknown scheme. `Basic` would open
//! the browser's own login dialog.
//!
//! The status and the texts of each kind are in `access/rejection_kind.rs`. The tests
//! check the whole table, every kind with every caller.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::{
    access::{origin_header::OriginHeader, rejection::Rejection, rejection_kind::RejectionKind},
    request::{
        authenticator::RequestAuthenticator,
        caller::{Caller, CallerKind},
        path_prefix::PathPrefix,
        safe_next::SafeNext,
        security_headers::SecurityHeaders,
    },
    token::role::Role,
};

/// The response of a rejected request, ready to send. Header names are lower-case.
///
/// It is exhaustive, because every adapter must send each part.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct RejectionResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers, each name once.
    pub headers: Vec<(&'static str, String)>,
    /// The body. It is empty if the headers are the whole response.
    pub body: String,
}

/// The paths of the pages that a rejection leads to, and the challenge of a 401.
#[derive(Clone, Debug)]
pub struct RejectionSettings {
    login_path: String,
    two_factor_path: String,
    confirm_path: String,
    style_sheet: Option<String>,
    prefix: PathPrefix,
    bearer: bool,
    security: SecurityHeaders,
}

impl RejectionSettings {
    /// Sets the challenge to `Bearer` if the authenticator accepts bearer tokens.
    #[must_use]
    pub fn for_authenticator<R: Role>(self, authenticator: &RequestAuthenticator<R>) -> Self {
        if authenticator.accepts_bearer() { self.bearer() } else { self }
    }

    /// Sets the path of the login page. Defaults to `/login`.
    #[must_use]
    pub fn login_path(mut self, path: &str) -> Self {
        self.login_path = header_safe(path);
        self
    }

    /// Sets the path of the page that sets up a second factor. Defaults to `/account/two-factor`.
    #[must_use]
    pub fn two_factor_path(mut self, path: &str) -> Self {
        self.two_factor_path = header_safe(path);
        self
    }

    /// Sets the path of the page that confirms a live session, where a guard of freshness leads to.
    /// Defaults to `/session/confirm`.
    #[must_use]
    pub fn confirm_path(mut self, path: &str) -> Self {
        self.confirm_path = header_safe(path);
        self
    }

    /// Sets the path of the style sheet of the default page. Defaults to none.
    #[must_use]
    pub fn style_sheet(mut self, path: &str) -> Self {
        self.style_sheet = Some(header_safe(path));
        self
    }

    /// Sets the path below which the site is reached. The other paths and `next` get this prefix,
    /// unless they have it. Defaults to none.
    #[must_use]
    pub fn path_prefix(mut self, prefix: &PathPrefix) -> Self {
        self.prefix = prefix.clone();
        self
    }

    /// Returns the path below which the site is reached.
    #[must_use]
    pub fn prefix(&self) -> &PathPrefix {
        &self.prefix
    }

    /// Sets the security headers of every response. Defaults to [`SecurityHeaders::new`]; the
    /// site's `public_origin` adds `Strict-Transport-Security`.
    #[must_use]
    pub fn security_headers(mut self, headers: SecurityHeaders) -> Self {
        self.security = headers;
        self
    }

    /// Returns the security headers of every response.
    pub fn security(&self) -> &SecurityHeaders {
        &self.security
    }

    /// Sets the challenge of a 401 to `Bearer`. Defaults to `Cookie`.
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
            two_factor_path: "/account/two-factor".to_owned(),
            confirm_path: "/session/confirm".to_owned(),
            style_sheet: None,
            prefix: PathPrefix::NONE,
            bearer: false,
            security: SecurityHeaders::new(),
        }
    }
}

impl RejectionResponse {
    /// The headers that describe a body. An adapter removes them with the body that it replaces.
    pub const BODY_HEADERS: [&'static str; 4] =
        ["content-length", "content-type", "content-encoding", "transfer-encoding"];

    /// Renders the rejection for this caller.
    ///
    /// ```
    /// use hallpass_core::{
    ///     Caller, Rejection, RejectionKind, RejectionResponse, RejectionSettings,
    /// };
    ///
    /// let settings = RejectionSettings::default();
    /// let render = |kind, caller: &Caller<'_>| {
    ///     RejectionResponse::new(Rejection::new(kind), caller, &settings)
    /// };
    ///
    /// let browser = Caller::new("GET", "/posts/new?draft=1", |_| None);
    /// let to_login = render(RejectionKind::NotLoggedIn, &browser);
    /// assert_eq!(to_login.status, 303);
    /// assert!(
    ///     to_login
    ///         .headers
    ///         .contains(&("location", "/login?next=%2Fposts%2Fnew%3Fdraft%3D1".to_owned()))
    /// );
    ///
    /// let script = Caller::new("GET", "/admin", |name| {
    ///     (name == "accept").then_some(&b"application/json"[..])
    /// });
    /// let forbidden = render(RejectionKind::RoleMissing, &script);
    /// assert_eq!(forbidden.status, 403);
    /// assert!(forbidden.body.contains("urn:hallpass:problem:role-missing"));
    /// ```
    pub fn new(rejection: Rejection, caller: &Caller<'_>, settings: &RejectionSettings) -> Self {
        Self::without_security_headers(rejection, caller, settings).secured(&settings.security)
    }

    fn without_security_headers(
        rejection: Rejection,
        caller: &Caller<'_>,
        settings: &RejectionSettings,
    ) -> Self {
        let links = ways_forward(rejection.kind(), caller, settings);
        match caller.kind() {
            CallerKind::Page if leads_to_login(rejection) && caller.navigates() => {
                see_login(&links)
            }
            CallerKind::Page => html(rejection, page(rejection, &links, settings), settings),
            CallerKind::Htmx => {
                let mut response = html(rejection, page(rejection, &links, settings), settings);
                response
                    .headers
                    .extend(links.first().map(|link| ("hx-redirect", link.path.clone())));
                response
            }
            CallerKind::Json | CallerKind::Upgrade => problem_json(rejection, settings),
            CallerKind::Grpc => grpc(rejection, "application/grpc"),
            CallerKind::GrpcWeb => grpc(rejection, "application/grpc-web"),
        }
    }

    /// Returns the status and the headers for a page of the site's own, without a body.
    ///
    /// A page with a status of success is sent with the status of the rejection. The challenge is
    /// only present if the status is still 401 (a page may redirect). `has` returns whether the
    /// page has a header of this name; such a header is not replaced.
    pub fn for_page(
        rejection: Rejection,
        page_status: u16,
        settings: &RejectionSettings,
        has: impl Fn(&'static str) -> bool,
    ) -> Self {
        let status =
            if (200..300).contains(&page_status) { rejection.status() } else { page_status };
        let mut headers = settings.headers(rejection);
        let security = settings.security.for_own_page();
        headers.extend(security.iter().map(|(name, value)| (name, value.to_owned())));
        headers.retain(|(name, _)| !has(name) && (status == 401 || *name != "www-authenticate"));
        Self { status, headers, body: String::new() }
    }

    /// Adds the security headers. No other function of this module sets one of them.
    fn secured(mut self, security: &SecurityHeaders) -> Self {
        self.headers.extend(security.iter().map(|(name, value)| (name, value.to_owned())));
        self
    }
}

fn not_stored() -> Vec<(&'static str, String)> {
    vec![("cache-control", "no-store".to_owned()), ("vary", "accept, cookie".to_owned())]
}

/// Returns whether the rejection leads to the login page: every 401 except a failed login.
fn leads_to_login(rejection: Rejection) -> bool {
    rejection.status() == 401 && !rejection.kind().is_about_content()
}

fn see_login(links: &[Link]) -> RejectionResponse {
    let mut headers = not_stored();
    headers.extend(links.first().map(|link| ("location", link.path.clone())));
    RejectionResponse { status: 303, headers, body: String::new() }
}

fn html(rejection: Rejection, body: String, settings: &RejectionSettings) -> RejectionResponse {
    let mut headers = settings.headers(rejection);
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    RejectionResponse { status: rejection.status(), headers, body }
}

/// Returns a response with the problem document of RFC 9457.
fn problem_json(rejection: Rejection, settings: &RejectionSettings) -> RejectionResponse {
    let mut headers = settings.headers(rejection);
    headers.push(("content-type", "application/problem+json".to_owned()));
    RejectionResponse { status: rejection.status(), headers, body: rejection.problem() }
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
}

impl Rejection {
    /// Returns the problem document (RFC 9457) as JSON. A field's problem has the member `field`,
    /// and that of a request from another site has the member `header`: the name of the header that
    /// disagreed.
    #[must_use]
    pub fn problem(self) -> String {
        let problem = Problem {
            r#type: &format!("urn:hallpass:problem:{}", self.kind()),
            title: self.kind().title(),
            status: self.status(),
            detail: &self.detail(),
            field: self.field().map(|(field, _)| field),
            header: self.origin_header().map(OriginHeader::as_str),
        };
        // Strings and numbers always serialize.
        serde_json::to_string(&problem).unwrap_or_default()
    }
}

/// Returns a "Trailers-Only" response (gRPC over HTTP/2): the failure is in `grpc-status`, and the
/// HTTP status is 200.
fn grpc(rejection: Rejection, content_type: &str) -> RejectionResponse {
    let mut headers = not_stored();
    headers.push(("content-type", content_type.to_owned()));
    headers.push(("grpc-status", rejection.kind().grpc_status().to_string()));
    headers.push(("grpc-message", rejection.detail().into_owned()));
    RejectionResponse { status: 200, headers, body: String::new() }
}

/// Returns the links to the pages where the person can fix the reason of the rejection, the best
/// one first.
fn ways_forward(
    kind: RejectionKind,
    caller: &Caller<'_>,
    settings: &RejectionSettings,
) -> Vec<Link> {
    let accounts =
        |label| Link { label, path: settings.leading_back(&settings.login_path, caller) };
    match kind {
        RejectionKind::NotLoggedIn => vec![accounts("Log in")],
        RejectionKind::Expired | RejectionKind::Revoked | RejectionKind::Stale => {
            vec![accounts("Log in again")]
        }
        // The session is live, so it is confirmed and not replaced by another one.
        RejectionKind::NotRecent => vec![Link {
            label: "Confirm that it is you",
            path: settings.leading_back(&settings.confirm_path, caller),
        }],
        RejectionKind::SecondFactorMissing => vec![
            Link {
                label: "Set up a second factor",
                path: settings.prefix.complete(&settings.two_factor_path).into_owned(),
            },
            accounts("Log in again"),
        ],
        _ => Vec::new(),
    }
}

impl RejectionSettings {
    /// Returns the headers of every response of this rejection, including the site's own page:
    /// `no-store`, the challenge of a 401, the wait before the next attempt, and the allowed
    /// methods.
    #[must_use]
    pub fn headers(&self, rejection: Rejection) -> Vec<(&'static str, String)> {
        let mut headers = not_stored();
        if rejection.status() == 401 {
            headers.push(("www-authenticate", self.challenge(rejection.kind())));
        }
        if let Some(wait) = rejection.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.push(("retry-after", seconds.to_string()));
        }
        headers.extend(rejection.allow().map(|allow| ("allow", allow.to_owned())));
        headers
    }

    /// Returns the path of a page with `next`. A target on another site is replaced ([`SafeNext`]).
    fn leading_back(&self, page: &str, caller: &Caller<'_>) -> String {
        let mut path = self.prefix.complete(page).into_owned();
        if let Some(target) = caller.way_back(&self.prefix) {
            path.push_str(if path.contains('?') { "&next=" } else { "?next=" });
            let next = SafeNext::parse_below(&self.prefix, Some(&target));
            path.extend(utf8_percent_encode(next.as_str(), NOT_IN_QUERY_VALUE));
        }
        path
    }

    fn challenge(&self, kind: RejectionKind) -> String {
        match (self.bearer, kind) {
            (false, _) => {
                format!("Cookie form-action=\"{}\"", self.prefix.complete(&self.login_path))
            }
            // RFC 6750 section 3.1: there is no error code for a request without a token. A token
            // that is not valid gets the same challenge as no token.
            (true, RejectionKind::Expired | RejectionKind::Revoked | RejectionKind::Stale) => {
                "Bearer error=\"invalid_token\"".to_owned()
            }
            (true, _) => "Bearer".to_owned(),
        }
    }
}

/// A link to a page where the person can fix the reason of the rejection.
struct Link {
    label: &'static str,
    path: String,
}

/// Returns the default page of a rejection, for a site without its own page.
///
/// The page has no script and no inline style, so it works under any Content-Security-Policy.
fn page(rejection: Rejection, links: &[Link], settings: &RejectionSettings) -> String {
    let title = rejection.kind().title();
    // The hint of the origin check is a paragraph of its own.
    let hint = rejection.origin_header().map(OriginHeader::hint);
    let detail = hint.map_or_else(|| rejection.detail(), |_| rejection.kind().detail().into());
    let detail = escaped(&detail);
    let mut page = String::with_capacity(640);
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    // Writing to a String cannot fail.
    let _ = writeln!(page, "<title>{title}</title>");
    if let Some(path) = &settings.style_sheet {
        let path = settings.prefix.complete(path);
        let _ = writeln!(page, "<link rel=\"stylesheet\" href=\"{}\">", escaped(&path));
    }
    let _ = writeln!(page, "</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>");
    if let Some(hint) = hint {
        let _ = writeln!(page, "<p>{hint}</p>");
    }
    for Link { label, path } in links {
        let _ = writeln!(page, "<p><a href=\"{}\">{label}</a></p>", escaped(path));
    }
    let _ = writeln!(page, "<p><a href=\"{}/\">Home page</a></p>", settings.prefix);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// Escapes a path for a quoted attribute. Quotes and angle brackets are already percent-encoded in
/// it.
fn escaped(path: &str) -> String {
    path.replace('&', "&amp;")
}

/// Percent-encodes the characters that a path may not have in a header, or within quotes in a
/// header.
fn header_safe(path: &str) -> String {
    utf8_percent_encode(path, NOT_IN_HEADER).to_string()
}

/// All characters except the unreserved ones of RFC 3986 section 2.3.
const NOT_IN_QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The characters that would end a header or a quoted string, also in HTML. Characters outside
/// ASCII are always encoded.
const NOT_IN_HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'\\').add(b'<').add(b'>');

#[cfg(test)]
mod tests;
