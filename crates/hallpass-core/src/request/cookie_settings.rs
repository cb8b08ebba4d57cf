//! The names of hallpass's cookies, and the `Set-Cookie` headers that set and remove them.
//!
//! A browser silently drops a cookie that breaks a rule, and then the site's users cannot log in.
//! This module therefore refuses such a cookie: in `build` if the settings break a rule, and in
//! `set` if the value breaks one. Every cookie is `HttpOnly` and `Path=/`. There is no setting for
//! that, because no script of a page needs to read a token. The removal of a cookie has the same
//! attributes as the cookie, because a browser keeps a cookie whose `Domain` or `Path` differs.

use std::{fmt, time::Duration};

use cookie::Cookie;

use crate::{
    keys::signature::TokenType,
    request::cookie_settings::builder::CookieSettingsBuilder,
    time::unix_time::UnixTime,
    token::issued_token::{Token, TokenKind},
};

pub(crate) mod builder;
pub(crate) mod rules;
#[cfg(test)]
mod tests;
mod variants;

/// The requests from other sites with which a browser sends the cookies (RFC 6265bis section
/// 5.6.7.1).
///
/// It is exhaustive, because RFC 6265bis defines these three values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Only when a person follows a link or types the address, not with a form, an image or a
    /// script of another site.
    #[default]
    Lax,
    /// Never. A visitor who follows a link from another site arrives logged out.
    Strict,
    /// Always. The origin check is then the only protection against forms of other sites (CSRF).
    None,
}

/// The names and attributes of the five cookies: access token, refresh token, pending login,
/// browser and notice.
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
    browser_name: String,
    notice_name: String,
    same_site: SameSite,
    domain: Option<String>,
    secure: bool,
    /// The domains that the cookies may have had before.
    domains: Vec<String>,
    /// The names that the site has set. The others are defaults.
    builder: CookieSettingsBuilder,
}

impl CookieSettings {
    /// The maximum length of name and value together, in bytes, that browsers keep (RFC 6265bis
    /// section 5.6, step 6).
    pub const MAX_LENGTH: usize = 4096;

    /// Returns the name of the cookie that holds the access token.
    pub fn access_name(&self) -> &str {
        &self.access_name
    }

    /// Returns the name of the cookie that holds the refresh token.
    pub fn refresh_name(&self) -> &str {
        &self.refresh_name
    }

    /// Returns the name of the cookie that holds the pending token. It exists from the right
    /// password until the second factor.
    pub fn pending_name(&self) -> &str {
        &self.pending_name
    }

    /// Returns the name of the cookie that identifies the browser.
    pub fn browser_name(&self) -> &str {
        &self.browser_name
    }

    /// Returns the name of the cookie that holds the notice of the next page.
    pub fn notice_name(&self) -> &str {
        &self.notice_name
    }

    /// Returns the `Set-Cookie` value that sets the cookie of this token's kind until the token
    /// expires. A token of a login that still needs a code, and a token of an enrolment, are in the
    /// same cookie, the pending cookie.
    ///
    /// # Errors
    /// Returns [`SetCookieError`] if browsers would drop or truncate the cookie.
    pub fn set<K: TokenKind>(
        &self,
        token: &Token<K>,
        now: UnixTime,
    ) -> Result<String, SetCookieError> {
        self.set_value(self.name_of::<K>(), token.as_str(), token.expires_at().since(now))
    }

    /// Returns the `Set-Cookie` value that sets the refresh token for `max_age`, cut to whole
    /// seconds.
    ///
    /// # Errors
    /// Returns [`SetCookieError`] if browsers would drop or truncate the cookie.
    pub fn set_refresh(&self, value: &str, max_age: Duration) -> Result<String, SetCookieError> {
        self.set_value(&self.refresh_name, value, max_age)
    }

    /// Returns the `Set-Cookie` value that sets the browser cookie for `max_age`, cut to whole
    /// seconds.
    ///
    /// The cookie never has a `Domain`, and it is always `SameSite=Lax`, whatever the settings of
    /// the other cookies are. So no other host of the domain can set it (session fixation).
    ///
    /// ```
    /// use hallpass_core::CookieSettings;
    /// use std::time::Duration;
    ///
    /// let shared = CookieSettings::builder().domain("site.example").build()?;
    /// assert_eq!(
    ///     shared.set_browser("5f", Duration::from_secs(60))?,
    ///     "__Host-hallpass_browser=5f; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60",
    /// );
    /// assert!(shared.set_browser("a;b", Duration::from_secs(60)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`SetCookieError`] if browsers would drop or truncate the cookie.
    pub fn set_browser(&self, value: &str, max_age: Duration) -> Result<String, SetCookieError> {
        check_value(&self.browser_name, value)?;
        Ok(self.host_only(&self.browser_name, value, max_age))
    }

    /// Returns the `Set-Cookie` value that sets the notice of the next page for one minute.
    /// `notice` is the name of a sentence, never the sentence.
    ///
    /// Like the browser cookie, it never has a `Domain`: no other host of the domain can make the
    /// site show that something has happened.
    ///
    /// # Errors
    /// Returns [`SetCookieError`] if browsers would drop or truncate the cookie.
    pub fn set_notice(&self, notice: &str) -> Result<String, SetCookieError> {
        check_value(&self.notice_name, notice)?;
        Ok(self.host_only(&self.notice_name, notice, NOTICE_LIFETIME))
    }

    /// Returns the `Set-Cookie` value that removes the notice.
    pub fn remove_notice(&self) -> String {
        self.host_only(&self.notice_name, "", Duration::ZERO)
    }

    /// Returns the `Set-Cookie` value that removes the cookie of this kind of token.
    pub fn remove<K: TokenKind>(&self) -> String {
        self.write(self.name_of::<K>(), "", Duration::ZERO)
    }

    /// Returns the `Set-Cookie` value that removes the refresh token.
    pub fn remove_refresh(&self) -> String {
        self.write(&self.refresh_name, "", Duration::ZERO)
    }

    /// Returns a cookie without `Domain`, with `SameSite=Lax`.
    fn host_only(&self, name: &str, value: &str, max_age: Duration) -> String {
        let cookie = self.cookie(name, value, max_age);
        cookie.same_site(cookie::SameSite::Lax).build().to_string()
    }

    /// Returns the `Set-Cookie` value that removes the cookie of this name.
    pub fn remove_named(&self, name: &str) -> String {
        self.write(name, "", Duration::ZERO)
    }

    fn name_of<K: TokenKind>(&self) -> &str {
        match K::TYPE {
            TokenType::Access => &self.access_name,
            TokenType::Pending | TokenType::Enrolment => &self.pending_name,
        }
    }

    fn set_value(
        &self,
        name: &str,
        value: &str,
        max_age: Duration,
    ) -> Result<String, SetCookieError> {
        check_value(name, value)?;
        Ok(self.write(name, value, max_age))
    }

    fn write(&self, name: &str, value: &str, max_age: Duration) -> String {
        self.write_for(self.domain.as_deref(), name, value, max_age)
    }

    fn write_for(
        &self,
        domain: Option<&str>,
        name: &str,
        value: &str,
        max_age: Duration,
    ) -> String {
        let mut cookie = self.cookie(name, value, max_age).same_site(self.same_site.into()).build();
        if let Some(domain) = domain {
            cookie.set_domain(domain);
        }
        cookie.to_string()
    }

    /// Returns the attributes that all cookies have.
    fn cookie<'c>(
        &self,
        name: &'c str,
        value: &'c str,
        max_age: Duration,
    ) -> cookie::CookieBuilder<'c> {
        let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
        let cookie = Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .max_age(cookie::time::Duration::seconds(seconds));
        if self.secure { cookie.secure(true) } else { cookie }
    }
}

/// A redirect takes less than a second. A notice that is older is about something else.
const NOTICE_LIFETIME: Duration = Duration::from_secs(60);

fn check_value(name: &str, value: &str) -> Result<(), SetCookieError> {
    let length = name.len() + value.len();
    if length > CookieSettings::MAX_LENGTH {
        return Err(SetCookieError::TooLong { length });
    }
    if !value.bytes().all(is_cookie_octet) {
        return Err(SetCookieError::Value);
    }
    Ok(())
}

/// A value that browsers would drop or change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetCookieError {
    /// Name and value together are longer than [`CookieSettings::MAX_LENGTH`].
    TooLong {
        /// Length of name and value together, in bytes.
        length: usize,
    },
    /// The value has a byte that a cookie's value may not have (RFC 6265 section 4.1.1,
    /// `cookie-octet`).
    Value,
}

impl fmt::Display for SetCookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length } => write!(
                f,
                "a cookie of {length} bytes is dropped by browsers: name and value may have {} together, so put fewer claims into the token",
                CookieSettings::MAX_LENGTH
            ),
            Self::Value => f.write_str(
                "the cookie's value has a byte that is not allowed: use visible ASCII without quotes, \
                 commas, semicolons and backslashes",
            ),
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

/// Returns whether a cookie's value may have this byte: visible ASCII without `"`, `,`, `;` and `\`
/// (RFC 6265 section 4.1.1).
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}
