//! The security headers of every response of the library: pages, redirects, errors, files and
//! responses without a body.
//!
//! | header | attack |
//! |---|---|
//! | `Content-Security-Policy` | injected scripts and styles (XSS), forms that post to another site, frames around a form (clickjacking) |
//! | `X-Frame-Options` | the same frames, in browsers without `frame-ancestors` |
//! | `X-Content-Type-Options` | a response that a browser runs as another type |
//! | `Referrer-Policy` | paths of the site in the logs of other sites |
//! | `Cross-Origin-Opener-Policy` | a window of another site that keeps a handle to the page (XS-Leaks) |
//! | `Cross-Origin-Resource-Policy` | a page of another site that embeds the response (XS-Leaks, Spectre) |
//! | `Permissions-Policy` | an injected script that uses camera, microphone or location |
//! | `Strict-Transport-Security` | a first request without TLS; only where the public origin is `https` |
//!
//! `Referrer-Policy` is `same-origin`, not `no-referrer`. With `no-referrer` a browser sends
//! `Origin: null` when it posts a form (Fetch, "append a request Origin header"), and a browser
//! without `Sec-Fetch-Site` would then fail the origin check on the site's own form. Neither value
//! sends a referrer to another site.
//!
//! There is no `Clear-Site-Data`: it would also delete the browser cookie, and drafts in the
//! storage of the site.
//!
//! Tested for every route, method and framework by `suite/headers.rs` of hallpass-conformance.

use std::borrow::Cow;

use crate::request::public_origin::PublicOrigin;

/// The security headers of a site: a fixed list, with a content security policy that the site can
/// replace.
///
/// ```
/// use hallpass_core::{PublicOrigin, SecurityHeaders};
///
/// let origin = PublicOrigin::parse("https://site.example")?;
/// let headers = SecurityHeaders::new()
///     .content_security_policy("default-src 'self'; frame-ancestors 'none'")
///     .public_origin(&origin);
/// let value = |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
/// assert_eq!(value("content-security-policy"), Some("default-src 'self'; frame-ancestors 'none'"));
/// assert_eq!(value("strict-transport-security"), Some("max-age=31536000"));
/// assert_eq!(SecurityHeaders::new().iter().count() + 1, headers.iter().count());
/// # Ok::<(), hallpass_core::PublicOriginError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SecurityHeaders {
    content_security_policy: Cow<'static, str>,
    https: bool,
}

impl SecurityHeaders {
    /// Returns the headers without `Strict-Transport-Security`.
    pub const fn new() -> Self {
        Self { content_security_policy: Cow::Borrowed(CONTENT_SECURITY_POLICY), https: false }
    }

    /// Replaces the content security policy. Defaults to a policy that allows style sheets,
    /// scripts, images and forms of the site itself, and images in `data:` addresses.
    ///
    /// Characters that a header cannot contain are left out.
    pub fn content_security_policy(mut self, policy: impl Into<Cow<'static, str>>) -> Self {
        let policy = policy.into();
        let safe = |c: char| c.is_ascii_graphic() || c == ' ';
        self.content_security_policy = if policy.chars().all(safe) {
            policy
        } else {
            policy.chars().filter(|c| safe(*c)).collect::<String>().into()
        };
        self
    }

    /// Adds `Strict-Transport-Security` for one year if this origin is `https`. Subdomains are not
    /// included, because they may belong to other services.
    pub fn public_origin(mut self, origin: &PublicOrigin) -> Self {
        self.https = origin.is_https();
        self
    }

    /// Returns the lower-case names and the values. Each name occurs once.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let policy = (CSP, &*self.content_security_policy);
        let hsts = self.https.then_some((HSTS, YEAR));
        [policy].into_iter().chain(FIXED).chain(hsts)
    }

    /// Returns the headers for a page that the site itself renders. The site's own style sheets and
    /// scripts are not restricted, because this library does not know them.
    pub(crate) fn for_own_page(&self) -> Self {
        Self { content_security_policy: OWN_PAGE.into(), ..self.clone() }
    }

    /// Returns whether a layer of the site may replace this header: it has the policy that a
    /// rejection adds to a page of the site without a policy.
    #[must_use]
    pub fn replace(name: &str, value: &[u8]) -> bool {
        name == CSP && value == OWN_PAGE.as_bytes()
    }

    /// Returns whether one of the headers has this lower-case name. A layer of the site that has
    /// set such a header takes precedence.
    #[must_use]
    pub fn contain(name: &str) -> bool {
        name == CSP || name == HSTS || FIXED.iter().any(|(known, _)| *known == name)
    }
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self::new()
    }
}

const CSP: &str = "content-security-policy";
const HSTS: &str = "strict-transport-security";
/// ASVS 5.0, 3.4.1: at least one year.
const YEAR: &str = "max-age=31536000";

/// Allows what the default pages use: `/hallpass.css`, `/hallpass.js`, and the QR code in a `data:`
/// address or inline SVG.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Restricts nothing that a page of a site may need, except frames around it, plugins and another
/// base address.
const OWN_PAGE: &str = "object-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// The headers that are the same for every site.
const FIXED: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_header_occurs_once_and_is_printable() {
        let origin = PublicOrigin::parse("https://site.example").unwrap();
        let headers = SecurityHeaders::new().public_origin(&origin);
        let names: std::collections::BTreeSet<_> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!((names.len(), headers.iter().count()), (8, 8));
        for (name, value) in headers.iter() {
            assert!(SecurityHeaders::contain(name), "{name}");
            assert!(value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{value}");
        }
        assert!(!SecurityHeaders::contain("set-cookie"));
    }

    #[test]
    fn plain_http_has_no_transport_security() {
        let origin = PublicOrigin::parse("http://localhost:3000").unwrap();
        let headers = SecurityHeaders::new().public_origin(&origin);
        assert!(headers.iter().all(|(name, _)| name != "strict-transport-security"));
    }

    #[test]
    fn a_policy_with_a_line_break_stays_one_header() {
        let headers = SecurityHeaders::new().content_security_policy("default-src *;\r\nx-y: z");
        assert!(headers.iter().any(|(_, value)| value == "default-src *;x-y: z"));
    }
}
