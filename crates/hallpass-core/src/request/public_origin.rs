//! The public origin: the address of the site in the browser, from one setting.
//!
//! Whatever must contain the site's address is built from this value: the path prefix of links and
//! redirects, and the name of the site in authenticators. Nothing is built from `Host`,
//! `X-Forwarded-Host` or another header, because a client can write any host there
//! (CVE-2022-23079, CVE-2021-25994: links in mails to another site). The conformance suite sends
//! such headers to every route (`suite/prefix.rs`, `hostile_host_headers_are_in_no_response`).
//!
//! The text is parsed strictly and not as a URL of the WHATWG standard, which repairs it: a
//! backslash, a tab or an IDN host would be another text in the browser than in the setting.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::request::path_prefix::PathPrefix;

#[cfg(test)]
mod tests;

/// The address of a site in the browser: scheme, host, port and path prefix.
///
/// ```
/// use hallpass_core::PublicOrigin;
///
/// let origin = PublicOrigin::parse("https://site.example/app/")?;
/// assert_eq!(origin.to_string(), "https://site.example/app");
/// assert_eq!(origin.origin(), "https://site.example");
/// assert_eq!((origin.host(), origin.port()), ("site.example", None));
/// assert_eq!(origin.prefix().as_str(), "/app");
/// assert!(origin.is_https());
///
/// let error = PublicOrigin::parse("http://site.example").unwrap_err();
/// assert!(error.to_string().contains("https://"));
/// # Ok::<(), hallpass_core::PublicOriginError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicOrigin {
    https: bool,
    host: String,
    port: Option<u16>,
    origin: String,
    prefix: PathPrefix,
}

impl PublicOrigin {
    /// Parses `scheme://host`, with an optional port and path. Upper-case letters of the host
    /// become lower case. The scheme's default port and the slash at the end are removed.
    ///
    /// # Errors
    /// Returns [`PublicOriginError`], whose text names the fix.
    pub fn parse(text: &str) -> Result<Self, PublicOriginError> {
        use PublicOriginError as Error;
        let given = || text.to_owned();
        // First, because the text of every other error contains the address, and a password must
        // not be printed.
        if text.contains('@') {
            return Err(Error::UserInfo);
        }
        if text.contains('#') {
            return Err(Error::Fragment(given()));
        }
        if text.contains('?') {
            return Err(Error::Query(given()));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| Error::Scheme(given()))?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(Error::Scheme(given())),
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (host, port) = split_port(authority).ok_or_else(|| Error::Port(given()))?;
        let host = parse_host(host).ok_or_else(|| Error::Host(given()))?;
        if !https && !LOOPBACK.contains(&host.as_str()) {
            return Err(Error::PlainHttp(given()));
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.is_empty() && !path.split('/').skip(1).all(is_segment) {
            return Err(Error::Path(given()));
        }
        let port = port.filter(|port| *port != if https { 443 } else { 80 });
        let scheme = if https { "https" } else { "http" };
        let origin = match port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Ok(Self { https, host, port, origin, prefix: PathPrefix::new(path) })
    }

    /// Returns scheme, host and port, as a browser sends them in `Origin`: `https://site.example`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the host without the port: `site.example`. An IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, or `None` for the scheme's default port.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns whether the site is reached over HTTPS.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Returns the path below which the site is reached.
    pub fn prefix(&self) -> &PathPrefix {
        &self.prefix
    }
}

impl FromStr for PublicOrigin {
    type Err = PublicOriginError;

    fn from_str(text: &str) -> Result<Self, PublicOriginError> {
        Self::parse(text)
    }
}

/// Writes the address without a slash at the end: `https://site.example/app`.
impl fmt::Display for PublicOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.prefix)
    }
}

/// A text that is not a public origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicOriginError {
    /// The text does not begin with `https://` or `http://`.
    #[error(
        "public origin {0:?} has no scheme: write the address of the site in the browser, such as https://site.example or https://site.example/app"
    )]
    Scheme(String),
    /// Plain HTTP on a host that is not this machine.
    #[error(
        "public origin {0:?} is plain HTTP: write https://, because browsers keep the cookies on HTTPS only; http:// is accepted for localhost, 127.0.0.1 and [::1]"
    )]
    PlainHttp(String),
    /// The host is not a host name or an IP address.
    #[error(
        "public origin {0:?} has no usable host: write a host name such as site.example, or an IP address; write a name with other letters than a to z in punycode, such as xn--bcher-kva.example"
    )]
    Host(String),
    /// The port is not a number from 1 to 65535.
    #[error(
        "public origin {0:?} has no usable port: write a number from 1 to 65535 after the colon, or leave out the colon"
    )]
    Port(String),
    /// The text contains a user name or a password.
    #[error("the public origin contains a user name or password: remove the part up to the @")]
    UserInfo,
    /// The text has a query.
    #[error("public origin {0:?} has a query: remove the part from the question mark")]
    Query(String),
    /// The text has a fragment.
    #[error("public origin {0:?} has a fragment: remove the part from the number sign")]
    Fragment(String),
    /// The path has a segment that proxies or routers could read in two ways.
    #[error(
        "public origin {0:?} has an unusable path: write segments of letters, digits and -._~ such as /app, without dots as segments, escapes and doubled slashes"
    )]
    Path(String),
}

/// Splits the port off. Returns `None` for a port that is not valid.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons within the brackets belong to an IPv6 address.
    let after_address = authority.rfind(']').unwrap_or_default();
    let Some(colon) = authority.rfind(':').filter(|colon| *colon > after_address) else {
        return Some((authority, None));
    };
    let (host, port) = authority.split_at_checked(colon)?;
    let digits = port.strip_prefix(':')?;
    let port = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    (port != 0).then_some((host, Some(port)))
}

/// Returns the host as a browser serialises it (WHATWG URL section 3.5), or `None` if it is not a
/// host.
fn parse_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let host = host.to_ascii_lowercase();
    let last = host.rsplit('.').next()?;
    // A browser reads a host whose last label is a number as an IPv4 address: `https://1` is
    // `https://0.0.0.1`.
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().ok().map(|address| address.to_string());
    }
    (host.len() <= 253 && host.split('.').all(is_label)).then_some(host)
}

/// Returns whether this is a label of a host name (RFC 1123 section 2.1), in lower case.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Returns whether every proxy and router reads the segment in the same way: unreserved characters
/// (RFC 3986 section 2.3), and not a dot segment.
fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// The hosts for which plain HTTP is accepted. No network is between browser and site.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
