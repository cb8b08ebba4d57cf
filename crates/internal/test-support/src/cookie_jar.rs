//! A cookie jar that follows RFC 6265bis (draft-ietf-httpbis-rfc6265bis), as a browser does.
//!
//! The jar is written from the standard and shares no code with hallpass, so that a test detects a
//! cookie that a browser would reject.
//!
//! A jar belongs to one host. It has no list of public suffixes, and it does not evaluate
//! `Expires`. hallpass sends only `Max-Age`, so the jar rejects a cookie that has `Expires` without
//! `Max-Age`.

use std::{
    ops::Index,
    time::{Duration, SystemTime},
};

/// The maximum length of a name and its value together, in bytes.
const MAX_PAIR: usize = 4096;
/// The maximum length of an attribute's value, in bytes. A longer attribute is ignored.
const MAX_ATTRIBUTE: usize = 1024;
/// The maximum lifetime of a cookie, in seconds: 400 days.
const MAX_LIFETIME: u64 = 400 * 24 * 60 * 60;

/// One `Set-Cookie` header, parsed according to RFC 6265bis section 5.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    /// The name.
    pub name: String,
    /// The value. It is empty if the server removes the cookie.
    pub value: String,
    /// The names and values of the attributes, as they were sent. A value may be empty.
    attributes: Vec<(String, String)>,
}

impl SetCookie {
    /// Parses a header value.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let mut parts = line.split(';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let attribute = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (trimmed(name), trimmed(value))
        };
        let attributes = parts.map(attribute).filter(|(_, value)| value.len() <= MAX_ATTRIBUTE);
        Self { name: trimmed(name), value: trimmed(value), attributes: attributes.collect() }
    }

    /// Returns the value of an attribute by its name in any case. The value is empty if the
    /// attribute has none. If the attribute occurs twice, the last value counts.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter().rev();
        let found = attributes.find(|(present, _)| present.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the attributes in lower case, sorted: `max-age=900`, `secure`.
    #[must_use]
    pub fn attributes(&self) -> Vec<String> {
        let text = |(name, value): &(String, String)| match value.as_str() {
            "" => name.to_ascii_lowercase(),
            value => format!("{name}={value}").to_ascii_lowercase(),
        };
        let mut attributes: Vec<_> = self.attributes.iter().map(text).collect();
        attributes.sort();
        attributes
    }

    /// Returns the lifetime in seconds. It is zero or less if the server removes the cookie.
    #[must_use]
    pub fn max_age(&self) -> Option<i64> {
        let digits = self.attribute("max-age")?;
        let is_number =
            digits.strip_prefix('-').unwrap_or(digits).bytes().all(|c| c.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    }
}

/// Trims spaces and tabs, and no other white space.
fn trimmed(text: &str) -> String {
    text.trim_matches([' ', '\t']).to_owned()
}

/// The reason why a browser rejects a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The header has a control character.
    ControlCharacter,
    /// The name and the value are both empty, or together they have more than 4096 bytes.
    Size,
    /// The cookie has `Secure`, and the host uses no TLS and is not a loopback host.
    Secure,
    /// The host does not belong to the domain in `Domain`.
    Domain,
    /// The cookie has a `__Secure-` name without `Secure`, or a `__Host-` name without `Secure` and
    /// `Path=/`, or a `__Host-` name with `Domain`.
    Prefix,
    /// The cookie has `SameSite=None` without `Secure`.
    SameSite,
    /// The cookie has `Expires` without `Max-Age`. This jar does not evaluate `Expires`.
    Expires,
}

/// The effect of a cookie that a browser accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The jar contains the cookie.
    Kept,
    /// The jar does not contain the cookie, because the header removes it.
    Removed,
}

/// The cookies of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieJar {
    secure: bool,
    host: String,
    /// Sorted by the time of creation.
    cookies: Vec<Cookie>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    /// `None` if the cookie is for the host only.
    domain: Option<String>,
    path: String,
    expires: Option<SystemTime>,
}

impl CookieJar {
    /// Creates an empty jar for a host, such as `https://site.example`.
    ///
    /// A loopback host without TLS can set `Secure` cookies, as in browsers ("potentially
    /// trustworthy", W3C Secure Contexts section 3.1).
    ///
    /// # Panics
    /// Panics unless the origin is `http://` or `https://` followed by a host.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let (scheme, host) = origin.split_once("://").expect("the origin has a scheme");
        assert!(["http", "https"].contains(&scheme) && !host.contains('/'), "{origin}");
        let is_loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
        let host = host.to_ascii_lowercase();
        Self { secure: scheme == "https" || is_loopback, host, cookies: Vec::new() }
    }

    /// Stores or removes the cookie of a `Set-Cookie` header (RFC 6265bis section 5.7). `path` is
    /// the path of the request.
    ///
    /// # Errors
    /// Returns the reason if a browser would ignore the header.
    pub fn store(&mut self, path: &str, line: &str) -> Result<Stored, Rejection> {
        if line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(Rejection::ControlCharacter);
        }
        let set = SetCookie::parse(line);
        let cookie = self.accept(&set, path)?;
        let same = |held: &Cookie| {
            (&held.name, &held.domain, &held.path) == (&cookie.name, &cookie.domain, &cookie.path)
        };
        let place = self.cookies.iter().position(same);
        if cookie.expires.is_some_and(|expires| expires <= SystemTime::now()) {
            if let Some(place) = place {
                self.cookies.remove(place);
            }
            return Ok(Stored::Removed);
        }
        match place {
            Some(place) => self.cookies[place] = cookie,
            None => self.cookies.push(cookie),
        }
        Ok(Stored::Kept)
    }

    /// Stores and removes the cookies of a response's `Set-Cookie` headers.
    ///
    /// # Panics
    /// Panics if a browser would reject one of the cookies.
    #[track_caller]
    pub fn keep(&mut self, path: &str, lines: impl IntoIterator<Item = impl AsRef<str>>) {
        for line in lines {
            let (line, stored) = (line.as_ref(), self.store(path, line.as_ref()));
            assert_eq!(stored.err(), None, "{path}: a browser would reject {line}");
        }
    }

    fn accept(&self, set: &SetCookie, request_path: &str) -> Result<Cookie, Rejection> {
        let length = set.name.len() + set.value.len();
        if length == 0 || length > MAX_PAIR {
            return Err(Rejection::Size);
        }
        let is_secure = set.attribute("secure").is_some();
        if is_secure && !self.secure {
            return Err(Rejection::Secure);
        }
        let domain = set.attribute("domain").map(|domain| domain.trim_start_matches('.'));
        let domain = domain.filter(|domain| !domain.is_empty()).map(str::to_ascii_lowercase);
        if domain.as_ref().is_some_and(|domain| !self.belongs_to(domain)) {
            return Err(Rejection::Domain);
        }
        let path = set.attribute("path").filter(|path| path.starts_with('/'));
        // A cookie without a name is sent as its value only. The value must not begin with a prefix
        // either.
        let name = if set.name.is_empty() { &set.value } else { &set.name }.to_ascii_lowercase();
        let for_host = is_secure && domain.is_none() && path == Some("/") && !set.name.is_empty();
        if name.starts_with("__host-") && !for_host
            || name.starts_with("__secure-") && (!is_secure || set.name.is_empty())
        {
            return Err(Rejection::Prefix);
        }
        let crosses = set.attribute("samesite").is_some_and(|it| it.eq_ignore_ascii_case("none"));
        if crosses && !is_secure {
            return Err(Rejection::SameSite);
        }
        let max_age = set.max_age().map(|age| u64::try_from(age).unwrap_or(0).min(MAX_LIFETIME));
        if max_age.is_none() && set.attribute("expires").is_some() {
            return Err(Rejection::Expires);
        }
        Ok(Cookie {
            name: set.name.clone(),
            value: set.value.clone(),
            domain,
            path: path.map_or_else(|| default_path(request_path), str::to_owned),
            expires: max_age.map(|age| SystemTime::now() + Duration::from_secs(age)),
        })
    }

    /// Returns whether the host is the domain or one of its subdomains (RFC 6265bis section 5.1.3).
    fn belongs_to(&self, domain: &str) -> bool {
        let is_address =
            self.host.contains(':') || self.host.bytes().all(|c| c == b'.' || c.is_ascii_digit());
        let below = self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        self.host == domain || (below && !is_address)
    }

    /// Returns the `Cookie` header of a request for a path (RFC 6265bis section 5.8.3). Returns
    /// `None` if no cookie matches.
    #[must_use]
    pub fn header(&self, path: &str) -> Option<String> {
        let path = if path.starts_with('/') { path } else { "/" };
        let mut cookies: Vec<_> =
            self.live().filter(|cookie| matches(&cookie.path, path)).collect();
        // Cookies with longer paths come first. The sort is stable: of two paths of equal length,
        // the older cookie comes first.
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pair = |cookie: &&Cookie| match cookie.name.as_str() {
            "" => cookie.value.clone(),
            name => format!("{name}={}", cookie.value),
        };
        let pairs: Vec<_> = cookies.iter().map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn live(&self) -> impl Iterator<Item = &Cookie> {
        let now = SystemTime::now();
        self.cookies.iter().filter(move |cookie| cookie.expires.is_none_or(|expires| expires > now))
    }

    /// Adds a cookie for every path to the jar without any check, like a user who edits the cookies
    /// of a browser.
    pub fn insert(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        let (name, value, path) = (name.to_owned(), value.into(), "/".to_owned());
        self.cookies.push(Cookie { name, value, domain: None, path, expires: None });
    }

    /// Removes a cookie from the jar and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.cookies.iter().position(|cookie| cookie.name == name)?;
        Some(self.cookies.remove(place).value)
    }

    /// Removes all cookies from the jar.
    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    /// Returns the value of a cookie.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&String> {
        self.live().find(|cookie| cookie.name == name).map(|cookie| &cookie.value)
    }

    /// Returns whether the jar contains a cookie with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the names of the cookies, in the order of their creation.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.live().map(|cookie| cookie.name.as_str())
    }

    /// Returns the number of cookies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live().count()
    }

    /// Returns whether the jar is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Returns the value of a cookie. Panics if the jar does not contain the cookie.
impl Index<&str> for CookieJar {
    type Output = String;

    #[track_caller]
    fn index(&self, name: &str) -> &String {
        self.get(name).unwrap_or_else(|| panic!("no cookie {name} in {:?}", self.cookies))
    }
}

/// Returns the path of a cookie without a `Path` attribute (RFC 6265bis section 5.1.4).
fn default_path(request_path: &str) -> String {
    match request_path.rsplit_once('/') {
        Some((directory, _)) if directory.starts_with('/') => directory.to_owned(),
        _ => "/".to_owned(),
    }
}

/// Returns whether a cookie with a path is sent with a request for a path (RFC 6265bis section
/// 5.1.4).
fn matches(cookie_path: &str, request_path: &str) -> bool {
    let rest = request_path.strip_prefix(cookie_path);
    rest.is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
