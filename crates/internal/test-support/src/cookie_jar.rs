//! A cookie jar that follows RFC 6265bis (draft-ietf-httpbis-rfc6265bis), as a browser does.
//!
//! It is written from the standard and shares no code with hallpass, so that a test notices a
//! cookie that a browser would reject.
//!
//! A jar belongs to one host. It has no list of public suffixes, and it does not read `Expires`:
//! hallpass sends `Max-Age` alone, so a cookie that has only `Expires` is rejected here.

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

/// One `Set-Cookie` header, read as RFC 6265bis section 5.6 says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    /// The name.
    pub name: String,
    /// The value, which is empty where a server removes the cookie.
    pub value: String,
    /// The attributes as they were sent: the name, and the value where there is one.
    attributes: Vec<(String, String)>,
}

impl SetCookie {
    /// Reads a header value.
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

    /// The value of an attribute, by its name in lower case; empty where it has none. Of two, the
    /// last one counts.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter().rev();
        let found = attributes.find(|(present, _)| present.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The attributes in lower case, sorted: `max-age=900`, `secure`.
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

    /// The lifetime in seconds, which is zero or less where a server removes the cookie.
    #[must_use]
    pub fn max_age(&self) -> Option<i64> {
        let digits = self.attribute("max-age")?;
        let is_number =
            digits.strip_prefix('-').unwrap_or(digits).bytes().all(|c| c.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    }
}

/// Spaces and tabs alone are trimmed.
fn trimmed(text: &str) -> String {
    text.trim_matches([' ', '\t']).to_owned()
}

/// Why a browser rejects a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The header has a control character.
    ControlCharacter,
    /// There is neither a name nor a value, or together they have more than 4096 bytes.
    Size,
    /// `Secure` on a host that is reached without TLS and is not the machine itself.
    Secure,
    /// `Domain` names a domain to which the host does not belong.
    Domain,
    /// A `__Secure-` name without `Secure`, or a `__Host-` name without `Secure` and `Path=/`, or
    /// with `Domain`.
    Prefix,
    /// `SameSite=None` without `Secure`.
    SameSite,
    /// `Expires` without `Max-Age`, which this jar does not read.
    Expires,
}

/// What became of a cookie that a browser accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The jar holds it now.
    Kept,
    /// The jar held it and holds it no longer, or never held it.
    Removed,
}

/// The cookies of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieJar {
    secure: bool,
    host: String,
    /// By the time of their creation.
    cookies: Vec<Cookie>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    /// `None` where the cookie is for the host alone.
    domain: Option<String>,
    path: String,
    expires: Option<SystemTime>,
}

impl CookieJar {
    /// Creates an empty jar for a host, such as `https://site.example`.
    ///
    /// A host without TLS gets `Secure` cookies where it is the machine itself, as in browsers
    /// ("potentially trustworthy", W3C Secure Contexts section 3.1).
    ///
    /// # Panics
    /// The origin is not `http://` or `https://` and a host.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let (scheme, host) = origin.split_once("://").expect("a scheme");
        assert!(["http", "https"].contains(&scheme) && !host.contains('/'), "{origin}");
        let is_loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
        let host = host.to_ascii_lowercase();
        Self { secure: scheme == "https" || is_loopback, host, cookies: Vec::new() }
    }

    /// Stores or removes the cookie of a `Set-Cookie` header (RFC 6265bis section 5.7). `path` is
    /// that of the request.
    ///
    /// # Errors
    /// A browser would ignore the header.
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
    /// A browser would reject one of them.
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
        // A nameless cookie is sent as its value alone, which must not look like a prefix either.
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

    /// Whether the host is the domain or lies below it (RFC 6265bis section 5.1.3).
    fn belongs_to(&self, domain: &str) -> bool {
        let is_address =
            self.host.contains(':') || self.host.bytes().all(|c| c == b'.' || c.is_ascii_digit());
        let below = self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        self.host == domain || (below && !is_address)
    }

    /// The `Cookie` header of a request for a path (RFC 6265bis section 5.8.3), if there is one.
    #[must_use]
    pub fn header(&self, path: &str) -> Option<String> {
        let path = if path.starts_with('/') { path } else { "/" };
        let mut cookies: Vec<_> =
            self.live().filter(|cookie| matches(&cookie.path, path)).collect();
        // The longer path goes first; of two that are as long, the one that was created first.
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

    /// Puts a cookie for every path into the jar without any check, as somebody does who has the
    /// browser in hand.
    pub fn insert(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        let (name, value, path) = (name.to_owned(), value.into(), "/".to_owned());
        self.cookies.push(Cookie { name, value, domain: None, path, expires: None });
    }

    /// Takes a cookie out of the jar and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.cookies.iter().position(|cookie| cookie.name == name)?;
        Some(self.cookies.remove(place).value)
    }

    /// Takes all cookies out of the jar.
    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    /// The value of a cookie.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&String> {
        self.live().find(|cookie| cookie.name == name).map(|cookie| &cookie.value)
    }

    /// Whether the jar holds a cookie of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The names of the cookies, in the order of their creation.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.live().map(|cookie| cookie.name.as_str())
    }

    /// The number of cookies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live().count()
    }

    /// Whether the jar is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The value of a cookie that must be there.
impl Index<&str> for CookieJar {
    type Output = String;

    #[track_caller]
    fn index(&self, name: &str) -> &String {
        self.get(name).unwrap_or_else(|| panic!("no cookie {name} among {:?}", self.cookies))
    }
}

/// The path of a cookie that names none (RFC 6265bis section 5.1.4).
fn default_path(request_path: &str) -> String {
    match request_path.rsplit_once('/') {
        Some((directory, _)) if directory.starts_with('/') => directory.to_owned(),
        _ => "/".to_owned(),
    }
}

/// Whether a cookie of a path goes to a request's path (RFC 6265bis section 5.1.4).
fn matches(cookie_path: &str, request_path: &str) -> bool {
    let rest = request_path.strip_prefix(cookie_path);
    rest.is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
