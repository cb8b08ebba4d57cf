//! Finding one cookie in the `Cookie` headers of a request, on bytes.
//!
//! Not a cookie jar, and not the parser of axum-extra or actix-web, for four reasons:
//!
//! - **Names are not decoded.** Both parsers percent-decode names, so `__%48ost-hallpass`, which
//!   any sister host may set, reads as `__Host-hallpass` and the prefix's promise is void
//!   (CVE-2020-8184, CVE-2020-7070).
//! - **Only SP and HTAB are stripped** (RFC 6265bis section 5.6). A trim that knows Unicode makes a
//!   name out of one that browsers let anyone set ("Cookie Chaos", 2025).
//! - **Two cookies of our name are refused**, in one header or over several. Which one counts is
//!   decided differently by each parser, and the second is an attacker's more often than not
//!   (cookie tossing from a sister host or a longer path).
//! - **A neighbour is none of our business**: its bytes need not be UTF-8, nor even be a cookie.
//!
//! The value comes back as it stands. That of hallpass's own cookies is base64url with dots;
//! anything else, quotes and the empty value included, is not our token, and it is the verifier
//! that says so: one place refuses, and the reason is kept for the log.

use std::fmt;

use memchr::memchr;

#[cfg(test)]
mod tests;

/// The value of the one cookie named `name`; `None` where there is none.
///
/// `headers` are the values of all `Cookie` fields: HTTP/2 clients may send several (RFC 9113
/// section 8.2.3).
///
/// ```
/// use hallpass_core::find_cookie;
///
/// let found = find_cookie([&b"theme=dark; __Host-hallpass=a.b.c"[..]], "__Host-hallpass");
/// assert_eq!(found, Ok(Some(&b"a.b.c"[..])));
/// let twice =
///     find_cookie([&b"__Host-hallpass=a.b.c; __Host-hallpass=x"[..]], "__Host-hallpass");
/// assert!(twice.is_err());
/// ```
///
/// # Errors
/// [`DuplicateCookie`] where the name stands there more than once, whatever the values.
pub fn find_cookie<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
    name: &str,
) -> Result<Option<&'h [u8]>, DuplicateCookie> {
    let mut found = None;
    for header in headers {
        let mut rest = Some(header);
        while let Some(crumbs) = rest {
            let (crumb, after) = cut(crumbs, b';');
            rest = after;
            if let Some(value) = value_of(name, crumb)
                && found.replace(value).is_some()
            {
                return Err(DuplicateCookie(()));
            }
        }
    }
    Ok(found)
}

/// More than one cookie has the name looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateCookie(());

impl fmt::Display for DuplicateCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more than one cookie has this name")
    }
}

impl std::error::Error for DuplicateCookie {}

/// The value, where this crumb is `name=value`. The first `=` ends the name; a crumb without one
/// has no name (RFC 6265bis section 5.6).
fn value_of<'h>(name: &str, crumb: &'h [u8]) -> Option<&'h [u8]> {
    let after = strip_start(crumb).strip_prefix(name.as_bytes())?;
    let value = strip_start(after).strip_prefix(b"=")?;
    Some(strip_end(strip_start(value)))
}

/// What comes before the first `byte`, and what after it; `None` after where there is no `byte`.
fn cut(bytes: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(byte, bytes).and_then(|at| bytes.split_at_checked(at)) {
        Some((before, after)) => (before, after.split_first().map(|(_, after)| after)),
        None => (bytes, None),
    }
}

fn strip_start(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

fn strip_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
