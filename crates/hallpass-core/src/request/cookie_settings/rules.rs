//! The rules by which browsers drop cookies (RFC 6265bis sections 4.1.3, 5.6 and 5.7), checked at
//! set-up.
//!
//! Two rules are not checked: whether the domain is a public suffix, because that list changes
//! weekly, and whether the domain covers the host of the site, because this crate does not have the
//! host.

use crate::request::cookie_settings::{CookieSettings, SameSite};

/// Settings with which browsers would drop the cookies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieSettingsError {
    /// A name that is not a `token` (RFC 9110 section 5.6.2), or longer than 128 bytes.
    #[error(
        "cookie name {0:?} cannot be used: write 1 to 128 letters, digits or one of !#$%&'*+-.^_`|~"
    )]
    Name(String),
    /// The same name for two cookies.
    #[error("cookie name {0:?} is given to two cookies: give each cookie its own name")]
    SameName(String),
    /// A name with the prefix `__Host-` together with a domain.
    #[error(
        "cookie name {0:?} cannot be used with a domain: browsers drop such a cookie; name it __Secure-… or set no domain"
    )]
    HostPrefixWithDomain(String),
    /// A name of the browser cookie or of the notice without the prefix `__Host-`. Another host of
    /// the same domain could set the cookie.
    #[error(
        "cookie name {0:?} cannot be used for the browser cookie or the notice: begin it with __Host-, which works with a domain for the other cookies too"
    )]
    BrowserWithoutHostPrefix(String),
    /// A name prefix that requires `Secure`, over plain HTTP.
    #[error(
        "cookie name {0:?} cannot be used with insecure_plain_http_cookies(): its prefix requires Secure; use a name without the prefix"
    )]
    PrefixWithoutSecure(String),
    /// `SameSite=None` over plain HTTP.
    #[error(
        "SameSite::None cannot be used with insecure_plain_http_cookies(): browsers drop such a cookie; use SameSite::Lax"
    )]
    SameSiteNoneWithoutSecure,
    /// A text that is not a domain name with a dot.
    #[error(
        "cookie domain {0:?} cannot be used: write a domain name in lower case such as site.example, without a leading dot and without a port"
    )]
    Domain(String),
}

pub(super) fn check(settings: &CookieSettings) -> Result<(), CookieSettingsError> {
    if settings.same_site == SameSite::None && !settings.secure {
        return Err(CookieSettingsError::SameSiteNoneWithoutSecure);
    }
    if let Some(domain) = settings.domain.as_deref().filter(|domain| !is_domain(domain)) {
        return Err(CookieSettingsError::Domain(domain.to_owned()));
    }
    let names = [
        &settings.access_name,
        &settings.refresh_name,
        &settings.pending_name,
        &settings.browser_name,
        &settings.notice_name,
    ];
    let host_only = [&settings.browser_name, &settings.notice_name];
    for name in names {
        let domain = settings.domain.as_ref().filter(|_| !host_only.contains(&name));
        check_name(name, domain.is_some(), settings.secure)?;
    }
    if let Some(name) = host_only.into_iter().find(|name| !has_prefix(name, "__Host-"))
        && settings.secure
    {
        return Err(CookieSettingsError::BrowserWithoutHostPrefix(name.clone()));
    }
    for (place, one) in names.into_iter().enumerate() {
        if names.into_iter().skip(place + 1).any(|other| other == one) {
            return Err(CookieSettingsError::SameName(one.clone()));
        }
    }
    Ok(())
}

fn check_name(name: &str, has_domain: bool, secure: bool) -> Result<(), CookieSettingsError> {
    if !(1..=128).contains(&name.len()) || !name.bytes().all(is_token_byte) {
        return Err(CookieSettingsError::Name(name.to_owned()));
    }
    if !secure && ["__Secure-", "__Host-", "__Http-"].iter().any(|prefix| has_prefix(name, prefix))
    {
        return Err(CookieSettingsError::PrefixWithoutSecure(name.to_owned()));
    }
    if has_domain && has_prefix(name, "__Host-") {
        return Err(CookieSettingsError::HostPrefixWithDomain(name.to_owned()));
    }
    Ok(())
}

/// Returns whether the name has the prefix. Browsers compare prefixes case-insensitively (RFC
/// 6265bis section 5.4).
fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Returns whether the text is a domain: letters, digits and inner hyphens in at least two labels,
/// of which the last is not a number. An IP address and `localhost` are not domains.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    domain.len() <= 253
        && domain.split('.').all(is_label)
        && domain
            .rsplit_once('.')
            .is_some_and(|(_, last)| !last.bytes().all(|byte| byte.is_ascii_digit()))
}
