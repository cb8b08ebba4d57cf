//! Where to go after signing in: a path on this very site, or the default.
//!
//! `next` comes from the address bar, so anyone can write it (CWE-601, open redirect). [`SafeNext`] is the only thing a redirect is
//! made from, and it holds nothing but an absolute path of this site, with its query. It does not repair: what is not such a path
//! as an honest browser sends it becomes the default, since a person loses one click by that, and a repaired address is a guess at
//! what the attacker meant.
//!
//! The rules, each a way in which `next` has left a site:
//!
//! 1. One `/` first, and neither `/` nor `\` after it: `//evil.example` and `/\evil.example` name another host (WHATWG URL,
//!    "relative slash state", where `\` is a slash).
//! 2. Visible ASCII only: tab, CR and LF are dropped by browsers (`/<TAB>/evil.example` becomes rule 1's) and split headers; what
//!    lies beyond ASCII is normalised by some of those who read it.
//! 3. No `\`, `"`, `<` or `>` anywhere: a browser sends none of them unescaped.
//! 4. In the path no dot segment, written out or escaped: `/.//evil.example` is a path whose resolved form starts with `//`.
//! 5. In the path no escape that stands for `/`, `\`, `%` or a control character: harmless here, but whoever decodes once more (a
//!    proxy, the site's own router) would meet rules 1 to 4 again.
//! 6. At most 2048 bytes.
//!
//! The table is in `safe_next/tests.rs`.

use std::fmt;

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
    /// The longest `next` that is followed, in bytes: what the field's proxies and browsers carry in an address without trouble.
    pub const MAX_LENGTH: usize = 2048;

    /// The path that `next` names, or `/` where there is none or it is not a path of this site.
    pub fn parse(next: Option<&str>) -> Self {
        match next {
            Some(next) if stays_here(next) => Self(next.into()),
            _ => Self::default(),
        }
    }

    /// The path and query, as they go into a `Location` header. They still need escaping in HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the default: nothing was asked for, or nothing that may be followed.
    pub fn is_default(&self) -> bool {
        &*self.0 == DEFAULT
    }
}

impl Default for SafeNext {
    /// `/`.
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
    let Some(rest) = next.strip_prefix('/') else {
        return false;
    };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    next.len() <= SafeNext::MAX_LENGTH
        && !rest.starts_with('/')
        && next.bytes().all(is_sent_unescaped)
        && !path.split('/').any(is_dot_segment)
        && escapes(path).all(stays_itself)
}

fn is_sent_unescaped(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>')
}

/// `.` and `..`, with any dot written `%2e` (WHATWG URL, "single-dot" and "double-dot URL path segment").
fn is_dot_segment(segment: &str) -> bool {
    let mut rest = segment;
    let mut dots = 0;
    while let Some(after) = strip_dot(rest) {
        rest = after;
        dots += 1;
    }
    rest.is_empty() && matches!(dots, 1 | 2)
}

fn strip_dot(text: &str) -> Option<&str> {
    text.strip_prefix('.')
        .or_else(|| text.strip_prefix("%2e"))
        .or_else(|| text.strip_prefix("%2E"))
}

/// What each `%` of the path stands for; `None` where no two hexadecimal digits follow it.
fn escapes(path: &str) -> impl Iterator<Item = Option<u8>> {
    path.split('%').skip(1).map(|after| match after.as_bytes() {
        [high, low, ..] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        }
        _ => None,
    })
}

fn stays_itself(escaped: Option<u8>) -> bool {
    escaped.is_some_and(|byte| !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\' | b'%'))
}
