//! Rejection of unsafe requests that another site made the browser send (CSRF).
//!
//! A browser also sends a cookie with a request that another site made. `SameSite=Lax` stops most
//! of these requests, but not those from another host of the same domain (`blog.example.com`
//! against `shop.example.com`), from an old browser, or in login CSRF, where the attacker's own
//! password is posted so that the victim works in the attacker's account. Unsafe requests are
//! therefore checked for their origin.
//!
//! The algorithm is that of `CrossOriginProtection` in Go 1.25's `net/http`, rule for rule. That
//! algorithm has been publicly reviewed, and every adapter uses it:
//!
//! 1. `GET`, `HEAD` and `OPTIONS` without an `Upgrade` header pass: they must not change anything.
//! 2. `Sec-Fetch-Site: same-origin` or `none` (typed, bookmarked) passes. Any other value is
//!    rejected, including `same-site`.
//! 3. Without that header, an `Origin` with the host and port of `Host` passes. A request that also
//!    has no `Origin` passes, because every browser since 2020 sends one of the two headers with an
//!    unsafe request, and other clients have no cookie to abuse.
//! 4. A request that rule 2 or 3 rejects still passes for the site's public origin, for a trusted
//!    origin or for an `insecure_bypass` path.
//!
//! An empty header counts as an absent one, except `Upgrade`. Three rules are stricter than in Go.
//! A request with an `Upgrade` header is unsafe, whatever its method is: a WebSocket handshake is a
//! `GET`, is not restricted by CORS, and has the cookie if a sister host sends it (cross-site
//! WebSocket hijacking, ASVS 5.0 4.4.2). In HTTP/2 the handshake is an extended `CONNECT` (RFC
//! 8441), which is unsafe by its method. `Origin` is parsed by the grammar of RFC 6454 section 7.1
//! and not as a whole URL, so `https://me@host/` matches nothing. A bypass path with a dot segment,
//! an escape, `//` or `\` is not bypassed, because the router may read it differently; Go cleans
//! the path first.
//!
//! `Host` does not contain the scheme, so in rule 3 `http://site` passes for `https://site`. Send
//! `Strict-Transport-Security`. For browsers since 2023, rule 2 decides. A reverse proxy must
//! forward the `Host` that the browser sent, unless the site has a public origin.
//!
//! A rejection names the header that [disagreed](OriginHeader), and [`log`] writes a line about it.

use std::sync::Arc;

use crate::{
    access::{origin_header::OriginHeader, rejection::Rejection},
    request::{origin::log::RejectionLog, path_prefix::PathPrefix, public_origin::PublicOrigin},
    time::clock::Clock,
};

mod log;
#[cfg(test)]
mod tests;

/// The origin check, with the exceptions of a site.
///
/// ```
/// use hallpass_core::{OriginCheck, OriginFacts};
///
/// let check = OriginCheck::new().trust("https://admin.example")?;
/// let form = OriginFacts {
///     method: "POST",
///     host: Some(b"site.example"),
///     path: "/login",
///     ..OriginFacts::default()
/// };
///
/// assert!(check.check(&OriginFacts { sec_fetch_site: Some(b"same-origin"), ..form }).is_ok());
/// assert!(
///     check.check(&OriginFacts { origin: Some(b"https://admin.example"), ..form }).is_ok()
/// );
/// let rejection =
///     check.check(&OriginFacts { sec_fetch_site: Some(b"cross-site"), ..form }).unwrap_err();
/// assert_eq!(rejection.status(), 403);
/// # Ok::<(), hallpass_core::OriginCheckError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct OriginCheck {
    trusted: Vec<Box<str>>,
    bypassed: Vec<Box<str>>,
    prefix: PathPrefix,
    log: Arc<RejectionLog>,
}

/// The parts of a request that the check reads: the first header of each name, or `None` if the
/// header is absent.
///
/// It is exhaustive, because an adapter constructs it.
#[derive(Clone, Copy, Debug, Default)]
pub struct OriginFacts<'a> {
    /// The method, with the letter case in which it was sent.
    pub method: &'a str,
    /// `Host`, or `:authority` in HTTP/2.
    pub host: Option<&'a [u8]>,
    /// `Origin`.
    pub origin: Option<&'a [u8]>,
    /// `Sec-Fetch-Site`.
    pub sec_fetch_site: Option<&'a [u8]>,
    /// `Upgrade`, which a WebSocket handshake has.
    pub upgrade: Option<&'a [u8]>,
    /// The path without its query, not decoded.
    pub path: &'a str,
}

impl<'a> OriginFacts<'a> {
    /// Reads the parts of a request. `path` is the path of its target. `authority` is the authority
    /// of its target, which HTTP/2 requests and requests to a proxy have. `header` returns the
    /// first value of a header by its lower-case name. The authority takes precedence over `Host`
    /// (RFC 9112 section 3.2.2).
    ///
    /// The headers of a safe request are not read, except `Upgrade`: nearly every request is safe,
    /// and the check does not need them.
    pub fn read(
        method: &'a str,
        authority: Option<&'a str>,
        path: &'a str,
        header: impl Fn(&str) -> Option<&'a [u8]>,
    ) -> Self {
        let request = Self { method, path, upgrade: header("upgrade"), ..Self::default() };
        if request.is_safe() {
            return request;
        }
        Self {
            host: authority.map(str::as_bytes).or_else(|| header("host")),
            origin: header("origin"),
            sec_fetch_site: header("sec-fetch-site"),
            ..request
        }
    }

    /// Returns whether the request must not change anything (RFC 9110 section 9.2.1) and opens
    /// nothing.
    fn is_safe(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "OPTIONS") && self.upgrade.is_none()
    }
}

/// An exception that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginCheckError {
    /// The text is not an origin as a browser sends it in `Origin`, so it would never match.
    #[error(
        "trusted origin {0:?} would never match: write scheme://host or scheme://host:port in lower case, without the default port and without a path"
    )]
    Origin(String),
    /// The text is not a path, or routers could read it in two ways.
    #[error(
        "bypass path {0:?} cannot be used: write /path, or /path/ for all paths below it, without dots as segments, escapes, doubled slashes, a query or wildcards"
    )]
    Path(String),
}

impl OriginCheck {
    /// Creates the check without exceptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Admits unsafe requests from another origin, such as `https://admin.example`. That origin can
    /// then do everything that a logged-in visitor can do. Defaults to none.
    ///
    /// # Errors
    /// Returns [`OriginCheckError::Origin`] if no browser would send this origin.
    pub fn trust(mut self, origin: &str) -> Result<Self, OriginCheckError> {
        if !is_as_sent(origin) {
            return Err(OriginCheckError::Origin(origin.to_owned()));
        }
        self.trusted.push(origin.into());
        Ok(self)
    }

    /// Also admits unsafe requests from the site's public origin, for a reverse proxy that sends
    /// another `Host`. Defaults to none.
    #[must_use]
    pub fn public_origin(mut self, origin: &PublicOrigin) -> Self {
        self.trusted.push(origin.origin().into());
        self.prefix = origin.prefix().clone();
        self
    }

    /// Excludes one path from the check, or all paths below it if it ends in `/`. It is for
    /// endpoints with their own proof, such as a signed webhook. The path has no path prefix.
    /// Defaults to none, because any site can post to an excluded path with the visitor's cookie.
    ///
    /// # Errors
    /// Returns [`OriginCheckError::Path`] if the path does not start with `/`, or if routers could
    /// read it in two ways.
    pub fn insecure_bypass(mut self, path: &str) -> Result<Self, OriginCheckError> {
        if !reads_one_way(path) || path.contains(['?', '#', '*', '{', '}']) {
            return Err(OriginCheckError::Path(path.to_owned()));
        }
        self.bypassed.push(path.into());
        Ok(self)
    }

    /// Checks one request.
    ///
    /// # Errors
    /// Returns a rejection of the kind [`CrossOrigin`](crate::RejectionKind::CrossOrigin) with the
    /// [header](Rejection::origin_header) that disagreed, if another site made the browser send the
    /// request.
    pub fn check(&self, request: &OriginFacts<'_>) -> Result<(), Rejection> {
        if request.is_safe() {
            return Ok(());
        }
        let disagrees = match (present(request.sec_fetch_site), present(request.origin)) {
            (Some(b"same-origin" | b"none"), _) | (None, None) => return Ok(()),
            (Some(_), _) => OriginHeader::SecFetchSite,
            (None, Some(origin)) if is_of_host(origin, request.host) => return Ok(()),
            (None, Some(_)) => OriginHeader::Origin,
        };
        if self.is_exempt(request) { Ok(()) } else { Err(Rejection::of_origin(disagrees)) }
    }

    /// Checks one request as [`check`](Self::check) does, and logs a rejection as a warning: at
    /// most ten lines per minute for all clones of this check, because any client can cause them.
    ///
    /// # Errors
    /// Returns the errors of [`check`](Self::check).
    pub fn check_and_log(
        &self,
        request: &OriginFacts<'_>,
        clock: &(impl Clock + ?Sized),
    ) -> Result<(), Rejection> {
        self.check(request)
            .inspect_err(|rejection| self.log.rejected(*rejection, request, || clock.now()))
    }

    fn is_exempt(&self, request: &OriginFacts<'_>) -> bool {
        let trusted = |origin| self.trusted.iter().any(|trusted| trusted.as_bytes() == origin);
        let received = self.prefix.strip(request.path);
        let bypassed =
            |path: &str| received == path || (path.ends_with('/') && received.starts_with(path));
        present(request.origin).is_some_and(trusted)
            || (self.bypassed.iter().any(|path| bypassed(path)) && reads_one_way(request.path))
    }
}

fn present(header: Option<&[u8]>) -> Option<&[u8]> {
    header.filter(|value| !value.is_empty())
}

fn is_of_host(origin: &[u8], host: Option<&[u8]>) -> bool {
    split_origin(origin).is_some_and(|(_, authority)| Some(authority) == host)
}

/// Returns the scheme and `host[:port]` of an origin (RFC 6454 section 7.1). Returns `None` for
/// `null` and for every other text that is not an origin.
fn split_origin(origin: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = origin.windows(3).position(|bytes| bytes == b"://")?;
    let (scheme, rest) = origin.split_at_checked(at)?;
    let authority = rest.strip_prefix(b"://")?;
    let scheme_is_one = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    let authority_is_one = !authority.is_empty()
        && authority.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte));
    (scheme_is_one && authority_is_one).then_some((scheme, authority))
}

/// Returns whether a browser would serialise an origin in this form (WHATWG URL: lower case, no
/// default port).
fn is_as_sent(origin: &str) -> bool {
    let Some((scheme, authority)) = split_origin(origin.as_bytes()) else {
        return false;
    };
    let default_port: &[u8] = match scheme {
        b"http" => b":80",
        b"https" => b":443",
        _ => b":",
    };
    !origin.bytes().any(|byte| byte.is_ascii_uppercase())
        && !authority.ends_with(default_port)
        && !authority.ends_with(b":")
}

/// Returns whether every router reads this path in the same way.
fn reads_one_way(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains("//")
        && !path.contains(['\\', '%'])
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}
