//! Where to go after signing in: a path on this very site, or the default.
//!
//! `next` comes from the address bar, so anyone can write it (CWE-601, open redirect). [`SafeNext`]
//! is the only thing a redirect is made from, and it holds nothing but an absolute path of this
//! site, with its query. It does not repair: what is not such a path as an honest browser sends it
//! becomes the default, since a person loses one click by that, and a repaired address is a guess
//! at what the attacker meant.
//!
//! The rules, each a way in which `next` has left a site:
//!
//! 1. One `/` first, and neither `/` nor `\` after it: `//evil.example` and `/\evil.example` name
//!    another host (WHATWG URL, "relative slash state", where `\` is a slash).
//! 2. Visible ASCII only: tab, CR and LF are dropped by browsers (`/<TAB>/evil.example` becomes
//!    rule 1's) and split headers; what lies beyond ASCII is normalised by some of those who read
//!    it.
//! 3. No `\`, `"`, `<` or `>` anywhere: a browser sends none of them unescaped.
//! 4. In the path no dot segment, written out or escaped: `/.//evil.example` is a path whose
//!    resolved form starts with `//`.
//! 5. In the path no escape that stands for `/`, `\`, `%` or a control character, and none that is
//!    not UTF-8 (`%c0%af` is a slash to a careless decoder): harmless here, but whoever decodes
//!    once more (a proxy, the site's own router) would meet rules 1 to 4 again.
//! 6. At most 2048 bytes.
//!
//! The table is in `safe_next/tests.rs`.

use std::fmt;

use percent_encoding::percent_decode_str;

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
    /// The longest `next` that is followed, in bytes: what the field's proxies and browsers carry
    /// in an address without trouble.
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

/// Rules 4 and 5: a `%` that decoding leaves is half an escape, or an escaped one.
fn is_read_alike(path: &str, decoded: &str) -> bool {
    decoded.matches('/').count() == path.matches('/').count()
        && !decoded.contains(|c: char| matches!(c, '\\' | '%') || c.is_control())
        && !decoded.split('/').any(|segment| matches!(segment, "." | ".."))
}
