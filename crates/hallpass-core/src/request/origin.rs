//! Refusing what another site makes a browser send.
//!
//! A cookie goes along with a request whoever wrote the form. `SameSite=Lax` stops most of that,
//! but not a sister host (`blog.example.com` against `shop.example.com`), not an old browser, and
//! not log-in CSRF, where the attacker's own password is posted so that the victim works in the
//! attacker's account. So unsafe requests are asked where they come from.
//!
//! The algorithm is that of `CrossOriginProtection` in Go 1.25's `net/http`, rule for rule, so that
//! every adapter gives the answer that the field has reviewed:
//!
//! 1. `GET`, `HEAD` and `OPTIONS` pass: they must not change anything.
//! 2. `Sec-Fetch-Site: same-origin` or `none` (typed, bookmarked) passes. Any other value is
//!    refused, `same-site` included.
//! 3. Without that header: an `Origin` whose host and port are those of `Host` passes; without
//!    `Origin` too the request passes, since every browser since 2020 sends one of the two with an
//!    unsafe request, and what is no browser has no cookie to abuse.
//! 4. What 2 or 3 would refuse still passes for a trusted origin or an `insecure_bypass` path.
//!
//! An empty header counts as an absent one. Two departures from Go, both towards refusing: an
//! `Origin` is read by the grammar of RFC 6454 section 7.1 and not as a whole URL, so `https://me@host/` matches nothing; and a bypass path
//! with a dot segment, an escape, `//` or `\` is not bypassed, where Go cleans the path first,
//! since the router behind may read it otherwise.
//!
//! `Host` does not tell the scheme, so in rule 3 `http://site` passes for `https://site`. Send
//! `Strict-Transport-Security`; browsers since 2023 are judged by rule 2. A proxy in front must
//! hand on the `Host` that the browser sent. A WebSocket handshake is a `GET` and passes: it is
//! `SameSite` that keeps the cookie from it.

use crate::access::{rejection::Rejection, rejection_kind::RejectionKind};

#[cfg(test)]
mod tests;

/// The check, with the exceptions that a site makes.
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
}

/// What the check looks at, as it stands in the request: the first header of each name, `None`
/// where there is none.
///
/// Exhaustive, because an adapter constructs it.
#[derive(Clone, Copy, Debug, Default)]
pub struct OriginFacts<'a> {
    /// The method, in the case in which it was sent.
    pub method: &'a str,
    /// `Host`, or `:authority` in HTTP/2.
    pub host: Option<&'a [u8]>,
    /// `Origin`.
    pub origin: Option<&'a [u8]>,
    /// `Sec-Fetch-Site`.
    pub sec_fetch_site: Option<&'a [u8]>,
    /// The path without its query, not decoded.
    pub path: &'a str,
}

impl<'a> OriginFacts<'a> {
    /// Reads them from a request whose target has this path and, in HTTP/2 and to a proxy, this
    /// authority; `header` gives the first value of a header by its lower-case name. The
    /// authority goes before `Host` (RFC 9112 section 3.2.2).
    pub fn read(
        method: &'a str,
        authority: Option<&'a str>,
        path: &'a str,
        header: impl Fn(&str) -> Option<&'a [u8]>,
    ) -> Self {
        Self {
            method,
            host: authority.map(str::as_bytes).or_else(|| header("host")),
            origin: header("origin"),
            sec_fetch_site: header("sec-fetch-site"),
            path,
        }
    }
}

/// An exception that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginCheckError {
    /// Not what a browser sends in `Origin`, so it would never match.
    #[error(
        "trusted origin {0:?} would never match: write scheme://host or scheme://host:port in lower case, without the default port and without a path"
    )]
    Origin(String),
    /// Not a path, or one that could be read in two ways.
    #[error(
        "bypass path {0:?} is not usable: write /path, or /path/ for all below it, without dots as segments, escapes, doubled slashes, a query or wildcards"
    )]
    Path(String),
}

impl OriginCheck {
    /// The check without exceptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets unsafe requests of another origin through, such as `https://admin.example`. It may then do whatever a
    /// signed-in visitor may. Defaults to none, because a site knows which others it owns.
    ///
    /// # Errors
    /// [`OriginCheckError::Origin`] where no browser would send this origin.
    pub fn trust(mut self, origin: &str) -> Result<Self, OriginCheckError> {
        if !is_as_sent(origin) {
            return Err(OriginCheckError::Origin(origin.to_owned()));
        }
        self.trusted.push(origin.into());
        Ok(self)
    }

    /// Takes one path out of the check, or all below it where it ends in `/`. For endpoints that
    /// carry their own proof, such as a signed webhook. Defaults to none, because a path left
    /// out can be posted to from any site, with the visitor's cookie.
    ///
    /// # Errors
    /// [`OriginCheckError::Path`] where the path does not start with `/`, or could be read in two
    /// ways.
    pub fn insecure_bypass(mut self, path: &str) -> Result<Self, OriginCheckError> {
        if !reads_one_way(path) || path.contains(['?', '#', '*', '{', '}']) {
            return Err(OriginCheckError::Path(path.to_owned()));
        }
        self.bypassed.push(path.into());
        Ok(self)
    }

    /// Decides about one request.
    ///
    /// # Errors
    /// [`RejectionKind::CrossOrigin`] where another site had a browser send it.
    pub fn check(&self, request: &OriginFacts<'_>) -> Result<(), Rejection> {
        let passes = match (request.method, present(request.sec_fetch_site)) {
            ("GET" | "HEAD" | "OPTIONS", _) => true,
            (_, Some(b"same-origin" | b"none")) => true,
            (_, Some(_)) => self.is_exempt(request),
            (_, None) => match present(request.origin) {
                None => true,
                Some(origin) => is_of_host(origin, request.host) || self.is_exempt(request),
            },
        };
        if passes { Ok(()) } else { Err(Rejection::new(RejectionKind::CrossOrigin)) }
    }

    fn is_exempt(&self, request: &OriginFacts<'_>) -> bool {
        let trusted = |origin| self.trusted.iter().any(|trusted| trusted.as_bytes() == origin);
        let bypassed = |path: &str| {
            request.path == path || (path.ends_with('/') && request.path.starts_with(path))
        };
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

/// Scheme and `host[:port]` of an origin (RFC 6454 section 7.1); `None` for `null` and whatever
/// else is not one.
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

/// Whether a browser would serialise an origin so (WHATWG URL: lower case, no default port).
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

/// Whether every router reads this path alike.
fn reads_one_way(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains("//")
        && !path.contains(['\\', '%'])
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}
