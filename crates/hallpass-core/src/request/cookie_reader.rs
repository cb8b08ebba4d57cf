//! Lookup of one cookie in the `Cookie` headers of a request, on bytes.
//!
//! It is not a cookie jar, and it is not the parser of axum-extra or actix-web, for four reasons:
//!
//! - **Names are not decoded.** Both parsers percent-decode names. `__%48ost-hallpass`, which any
//!   host of the same domain may set, then reads as `__Host-hallpass`, and the guarantee of the
//!   prefix is lost (CVE-2020-8184, CVE-2020-7070).
//! - **Only SP and HTAB are stripped** (RFC 6265bis section 5.6). A Unicode-aware trim turns a name
//!   that anyone can set in a browser into the name of our cookie ("Cookie Chaos", 2025).
//! - **Two cookies of our name are refused**, in one header or in several. Parsers differ in which
//!   one they use, and the second is often an attacker's (cookie tossing from another host of the
//!   domain or a longer path).
//! - **Other cookies are ignored.** Their bytes need not be UTF-8, nor a valid cookie.
//!
//! The value is returned unchanged. The value of hallpass's own cookies is base64url with dots. Any
//! other value, such as a quoted or an empty one, is not a valid token, and the verifier rejects
//! it. Tokens are therefore rejected in one place, which keeps the reason for the log.

use std::fmt;

use memchr::memchr;

#[cfg(test)]
mod tests;

/// Returns the value of the one cookie named `name`, or `None` if there is no such cookie.
///
/// `headers` are the values of all `Cookie` fields. HTTP/2 clients may send several (RFC 9113
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
/// Returns [`DuplicateCookie`] if the name occurs more than once, even with equal values.
pub fn find_cookie<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
    name: &str,
) -> Result<Option<&'h [u8]>, DuplicateCookie> {
    // The request path. A loop takes 120 instructions less than `cookie_values`.
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

/// Returns the values of all cookies named `name`, in the order of the request.
///
/// It is for a logout, which ends every session that the request presents. All other code uses
/// [`find_cookie`], because it is not known which of two cookies is the caller's.
///
/// ```
/// use hallpass_core::cookie_values;
///
/// let twice = [&b"__Host-hallpass=a.b.c; theme=dark"[..], b"__Host-hallpass=x"];
/// let values: Vec<_> = cookie_values(twice, "__Host-hallpass").collect();
/// assert_eq!(values, [&b"a.b.c"[..], b"x"]);
/// ```
pub fn cookie_values<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
    name: &str,
) -> impl Iterator<Item = &'h [u8]> {
    headers.into_iter().flat_map(crumbs).filter_map(move |crumb| value_of(name, crumb))
}

/// Returns the crumbs of a `Cookie` field: the parts between semicolons.
fn crumbs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let (crumb, after) = cut(rest?, b';');
        rest = after;
        Some(crumb)
    })
}

/// More than one cookie has the requested name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateCookie(());

impl fmt::Display for DuplicateCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more than one cookie has this name: remove the others in the browser")
    }
}

impl std::error::Error for DuplicateCookie {}

/// Returns the value if this crumb is `name=value`. The first `=` ends the name. A crumb without
/// `=` has no name (RFC 6265bis section 5.6).
fn value_of<'h>(name: &str, crumb: &'h [u8]) -> Option<&'h [u8]> {
    let after = strip_start(crumb).strip_prefix(name.as_bytes())?;
    let value = strip_start(after).strip_prefix(b"=")?;
    Some(strip_end(strip_start(value)))
}

/// Returns the bytes before the first `byte` and the bytes after it. The second is `None` if there
/// is no `byte`.
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
