//! The path below which a site is reached, and the two spellings of a path.
//!
//! A reverse proxy may remove the prefix from a request (nginx: `proxy_pass http://127.0.0.1:3000/`)
//! or pass it on. The site therefore receives a path in one of two spellings, with and without the
//! prefix. The browser has the spelling with the prefix. [`PathPrefix::complete`] returns that one,
//! for links, redirects and `next`. [`PathPrefix::strip`] returns the other one, for routes.
//!
//! A received path cannot show whether a proxy removed the prefix. A path that begins with the
//! prefix is therefore always taken as complete. A site below `/app` cannot have a route `/app`.

use std::{borrow::Cow, fmt};

use sha2::{Digest, Sha256};

#[cfg(test)]
mod tests;

/// The path below which a site is reached: `/app`, or nothing if the site has the whole host.
///
/// ```
/// use hallpass_core::PublicOrigin;
///
/// let origin = PublicOrigin::parse("https://site.example/app")?;
/// let prefix = origin.prefix();
/// assert_eq!(prefix.join("/login"), "/app/login");
/// assert_eq!(prefix.complete("/posts?page=2"), "/app/posts?page=2");
/// assert_eq!(prefix.complete("/app/posts?page=2"), "/app/posts?page=2");
/// assert_eq!(prefix.strip("/app/posts?page=2"), "/posts?page=2");
/// assert!(!prefix.covers("/apple"));
/// # Ok::<(), hallpass_core::PublicOriginError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PathPrefix(String);

impl PathPrefix {
    /// The prefix of a site that has the whole host: no prefix.
    pub const NONE: Self = Self(String::new());

    /// `path` is empty, or begins with `/`, does not end with `/` and has only unreserved
    /// characters in its segments. [`PublicOrigin`](crate::PublicOrigin) checks that.
    pub(super) fn new(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// Returns the prefix, such as `/app`. It is empty if the site has the whole host. It needs no
    /// escaping in a header, in HTML and in a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the site has the whole host.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the path in the browser of one of the site's own paths: `/login` is `/app/login`,
    /// and `/` is `/app/`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Returns whether this path, with or without a query, is the prefix or below it.
    pub fn covers(&self, target: &str) -> bool {
        target
            .strip_prefix(self.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// Returns a received path, with its query, as the browser has it: with the prefix. A text that
    /// is not a path of this host (`https://…`, `//…`) is not changed.
    pub fn complete<'p>(&self, target: &'p str) -> Cow<'p, str> {
        let is_path = target.starts_with('/') && !target.starts_with("//");
        if self.is_empty() || !is_path || self.covers(target) {
            Cow::Borrowed(target)
        } else {
            Cow::Owned(self.join(target))
        }
    }

    /// Returns a received path, with its query, as the site's routes have it: without the prefix.
    ///
    /// A path that would then begin with `//` is not changed, because a redirect to it would leave
    /// the site.
    pub fn strip<'p>(&self, target: &'p str) -> Cow<'p, str> {
        match target.strip_prefix(self.as_str()) {
            _ if self.is_empty() => Cow::Borrowed(target),
            Some("") => Cow::Borrowed("/"),
            Some(rest) if rest.starts_with('/') && !rest.starts_with("//") => Cow::Borrowed(rest),
            Some(rest) if rest.starts_with(['?', '#']) => Cow::Owned(format!("/{rest}")),
            _ => Cow::Borrowed(target),
        }
    }

    /// Returns a short text that differs between the sites of one host, for their cookie names:
    /// the first [`TAG_LENGTH`] base32 characters of the SHA-256 hash of the prefix, in lower case.
    /// Returns `None` without a prefix.
    pub(crate) fn tag(&self) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let [first, second, third, fourth, ..] = <[u8; 32]>::from(Sha256::digest(&self.0));
        let bits = u32::from_be_bytes([first, second, third, fourth]);
        let character = |place: u32| {
            let five_bits = (bits >> (27 - 5 * place)) & 31;
            BASE32.get(five_bits as usize).copied().map(char::from)
        };
        (0..TAG_LENGTH).map(character).collect()
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The length of the tag in cookie names, in characters: 30 bits.
const TAG_LENGTH: u32 = 6;
/// The alphabet of RFC 4648 section 6, in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
