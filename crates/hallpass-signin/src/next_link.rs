//! A link that carries `next`: how the sign-in pages hand on where the person was going.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The path with `next` behind it, where `next` is more than the default.
pub(crate) fn with_next(path: &str, next: &str) -> String {
    if next == "/" || next.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?next={}", utf8_percent_encode(next, QUERY_VALUE))
    }
}

/// All but the unreserved characters of RFC 3986 section 2.3.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_escaped_and_the_default_is_left_out() {
        assert_eq!(with_next("/login", "/posts/new?a=1&b=2"), "/login?next=%2Fposts%2Fnew%3Fa%3D1%26b%3D2");
        assert_eq!(with_next("/login", "/"), "/login");
    }
}
