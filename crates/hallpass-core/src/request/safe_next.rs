//! The redirect target after a login: a path on the same site, or the default.
//!
//! `next` comes from the address bar, so anyone can write it (CWE-601, open redirect). Redirects
//! are made only from [`SafeNext`], which contains only an absolute path of this site with its
//! query. It does not repair a text. A text that is not such a path in the form in which an honest
//! browser sends it becomes the default. The person then needs one more click, but a repaired
//! address could be the one that the attacker intended.
//!
//! Each rule prevents a known way to leave a site through `next`:
//!
//! 1. The first character is `/`, and the second is neither `/` nor `\`: `//evil.example` and
//!    `/\evil.example` name another host (WHATWG URL, "relative slash state", where `\` is a
//!    slash).
//! 2. Only visible ASCII is allowed. Browsers drop tab, CR and LF (`/<TAB>/evil.example` becomes a
//!    case of rule 1), and CR and LF split headers. Some readers normalise characters outside
//!    ASCII.
//! 3. No `\`, `"`, `<` or `>` is allowed: a browser sends none of them unescaped.
//! 4. The path has no dot segment, plain or escaped: `/.//evil.example` is a path whose resolved
//!    form starts with `//`.
//! 5. The path has no escape of `/`, `\`, `%` or a control character, and no escape that is not
//!    UTF-8 (`%c0%af` is a slash for a lenient decoder). These are harmless here, but a reader that
//!    decodes the path again (a proxy, the site's own router) would violate rules 1 to 4.
//! 6. The text has at most 2048 bytes.
//! 7. If the site has a path prefix, the path is the prefix or below it. Another site may be at the
//!    other paths of the host.
//!
//! The table of cases is `tests/tables/next.jsonl`.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::request::path_prefix::PathPrefix;

#[cfg(test)]
mod tests;

/// A path on this site, safe to redirect to.
///
/// ```
/// use hallpass_core::SafeNext;
///
/// assert_eq!(SafeNext::parse(Some("/posts/new?draft=1")).as_str(), "/posts/new?draft=1");
/// assert_eq!(SafeNext::parse(Some("//evil.example/")).as_str(), "/");
/// assert_eq!(SafeNext::parse(None).as_str(), "/");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SafeNext(Box<str>);

impl SafeNext {
    /// The maximum length of `next`, in bytes. Common proxies and browsers accept an address of
    /// this length.
    pub const MAX_LENGTH: usize = 2048;

    /// Returns the path of `next`. Returns `/` if there is no `next`, or if it is not a path of
    /// this host.
    pub fn parse(next: Option<&str>) -> Self {
        Self::parse_below(&PathPrefix::NONE, next)
    }

    /// Returns the path of `next`, with the prefix. Returns the prefix and `/` if there is no
    /// `next`, or if it is not a path of the site that has this prefix.
    ///
    /// ```
    /// use hallpass_core::{PublicOrigin, SafeNext};
    ///
    /// let origin = PublicOrigin::parse("https://site.example/app")?;
    /// let next = |next| SafeNext::parse_below(origin.prefix(), Some(next)).to_string();
    /// assert_eq!(next("/app/posts"), "/app/posts");
    /// assert_eq!(next("/shop/posts"), "/app/");
    /// # Ok::<(), hallpass_core::PublicOriginError>(())
    /// ```
    pub fn parse_below(prefix: &PathPrefix, next: Option<&str>) -> Self {
        match next {
            Some(next) if stays_here(next) && prefix.covers(next) => Self(next.into()),
            _ => Self(prefix.join(DEFAULT).into()),
        }
    }

    /// Returns the path and query, ready for a `Location` header. They still need escaping in HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SafeNext {
    /// Returns `/`.
    fn default() -> Self {
        Self(DEFAULT.into())
    }
}

impl fmt::Display for SafeNext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const DEFAULT: &str = "/";

fn stays_here(next: &str) -> bool {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    next.len() <= SafeNext::MAX_LENGTH
        && next.bytes().all(is_sent_unescaped)
        && path.starts_with('/')
        && !path.starts_with("//")
        && percent_decode_str(path).decode_utf8().is_ok_and(|decoded| is_read_alike(path, &decoded))
}

fn is_sent_unescaped(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>')
}

/// Checks rules 4 and 5. A `%` that remains after decoding is an incomplete escape or an escaped
/// `%`.
fn is_read_alike(path: &str, decoded: &str) -> bool {
    decoded.matches('/').count() == path.matches('/').count()
        && !decoded.contains(|c: char| matches!(c, '\\' | '%') || c.is_control())
        && !decoded.split('/').any(|segment| matches!(segment, "." | ".."))
}
