//! What hallpass's cookies are called and how they are set and removed: said once, for the
//! authenticator, log-in, log-out and refresh.
//!
//! A browser drops a cookie that breaks a rule, silently, and the site's users cannot sign in. So
//! what a browser would drop is refused here: at set-up where the settings are at fault, at writing
//! where the value is. Every cookie is `HttpOnly` and `Path=/`; there is no setting for that,
//! because nothing on a page needs to read a token. A removal carries the attributes of the cookie
//! that it removes, since a browser that finds another `Domain` or `Path` keeps the old one.

use std::{fmt, time::Duration};

use cookie::Cookie;

use crate::{
    keys::signature::TokenType,
    time::unix_time::UnixTime,
    token::issued_token::{Token, TokenKind},
};

pub(crate) mod builder;
pub(crate) mod rules;
#[cfg(test)]
mod tests;

/// When a browser sends the cookies along with a request that another site caused (RFC 6265bis
/// section 5.6.7.1).
///
/// Exhaustive, because RFC 6265bis defines these three values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Only with a link or an address typed, not with a form, an image or a script of another site.
    #[default]
    Lax,
    /// Never; a visitor who follows a link from elsewhere arrives signed out.
    Strict,
    /// Always. The origin check is then the only guard against other sites' forms.
    None,
}

/// Names and attributes of the four cookies.
///
/// ```
/// use hallpass_core::{Access, CookieSettings};
/// use std::time::Duration;
///
/// let cookies = CookieSettings::default();
/// assert_eq!(
///     cookies.set_refresh("abc", Duration::from_secs(900))?,
///     "__Host-hallpass_refresh=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900",
/// );
/// assert_eq!(
///     cookies.remove::<Access>(),
///     "__Host-hallpass=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0",
/// );
/// assert!(cookies.set_refresh(&"a".repeat(5000), Duration::from_secs(900)).is_err());
/// assert!(
///     CookieSettings::builder()
///         .access_name("__Host-pass")
///         .domain("site.example")
///         .build()
///         .is_err()
/// );
/// # Ok::<(), hallpass_core::SetCookieError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CookieSettings {
    access_name: String,
    refresh_name: String,
    pending_name: String,
    device_name: String,
    same_site: SameSite,
    domain: Option<String>,
    secure: bool,
}

impl CookieSettings {
    /// The longest name and value that browsers keep, together, in bytes (RFC 6265bis section 5.6,
    /// step 6).
    pub const MAX_LENGTH: usize = 4096;

    /// Name of the cookie that holds the access token.
    pub fn access_name(&self) -> &str {
        &self.access_name
    }

    /// Name of the cookie that holds the refresh token.
    pub fn refresh_name(&self) -> &str {
        &self.refresh_name
    }

    /// Name of the cookie that stands between password and code.
    pub fn pending_name(&self) -> &str {
        &self.pending_name
    }

    /// Name of the cookie by which a browser is known again.
    pub fn device_name(&self) -> &str {
        &self.device_name
    }

    /// The `Set-Cookie` value that sets the cookie of this token's kind, to be kept until the token
    /// expires. A token that waits for a code and one of an enrolment share the pending cookie.
    ///
    /// # Errors
    /// [`SetCookieError`] where browsers would drop or cut the cookie.
    pub fn set<K: TokenKind>(
        &self,
        token: &Token<K>,
        now: UnixTime,
    ) -> Result<String, SetCookieError> {
        self.set_value(self.name_of::<K>(), token.as_str(), token.expires_at().since(now))
    }

    /// The `Set-Cookie` value that sets the refresh token, to be kept for `max_age` (whole
    /// seconds).
    ///
    /// # Errors
    /// [`SetCookieError`] where browsers would drop or cut the cookie.
    pub fn set_refresh(&self, value: &str, max_age: Duration) -> Result<String, SetCookieError> {
        self.set_value(&self.refresh_name, value, max_age)
    }

    /// The `Set-Cookie` value that removes the cookie of this kind of token.
    pub fn remove<K: TokenKind>(&self) -> String {
        self.write(self.name_of::<K>(), "", Duration::ZERO)
    }

    /// The `Set-Cookie` value that removes the refresh token.
    pub fn remove_refresh(&self) -> String {
        self.write(&self.refresh_name, "", Duration::ZERO)
    }

    fn name_of<K: TokenKind>(&self) -> &str {
        match K::TYPE {
            TokenType::Access => &self.access_name,
            TokenType::Pending | TokenType::Enrolment => &self.pending_name,
            TokenType::Device => &self.device_name,
        }
    }

    fn set_value(
        &self,
        name: &str,
        value: &str,
        max_age: Duration,
    ) -> Result<String, SetCookieError> {
        let length = name.len() + value.len();
        if length > Self::MAX_LENGTH {
            return Err(SetCookieError::TooLong { length });
        }
        if !value.bytes().all(is_cookie_octet) {
            return Err(SetCookieError::Value);
        }
        Ok(self.write(name, value, max_age))
    }

    fn write(&self, name: &str, value: &str, max_age: Duration) -> String {
        let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
        let mut cookie = Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .same_site(self.same_site.into())
            .max_age(cookie::time::Duration::seconds(seconds))
            .build();
        if self.secure {
            cookie.set_secure(true);
        }
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain);
        }
        cookie.to_string()
    }
}

/// A value that browsers would not keep as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetCookieError {
    /// Name and value together are longer than [`CookieSettings::MAX_LENGTH`].
    TooLong {
        /// Their length in bytes.
        length: usize,
    },
    /// A byte that may not stand in a cookie's value (RFC 6265 section 4.1.1, `cookie-octet`).
    Value,
}

impl fmt::Display for SetCookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length } => write!(
                f,
                "a cookie of {length} bytes is dropped by browsers: name and value may have {} together, so put less into the token",
                CookieSettings::MAX_LENGTH
            ),
            Self::Value => f.write_str("the cookie's value has a byte that may not stand in one"),
        }
    }
}

impl std::error::Error for SetCookieError {}

impl From<SameSite> for cookie::SameSite {
    fn from(same_site: SameSite) -> Self {
        match same_site {
            SameSite::Lax => Self::Lax,
            SameSite::Strict => Self::Strict,
            SameSite::None => Self::None,
        }
    }
}

/// RFC 6265 section 4.1.1: visible ASCII without `"`, `,`, `;` and `\`.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}
