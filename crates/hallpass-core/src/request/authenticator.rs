//! Finds the caller of a request from its headers. Every adapter does this first, in these steps:
//!
//! 1. [`find_cookie`] looks for the access cookie. If the name occurs twice, the request is
//!    ambiguous.
//! 2. If bearer tokens are on, `Authorization: Bearer` (RFC 6750 section 2.1) is read. Other
//!    schemes are ignored. A second `Authorization` field, which RFC 9110 section 5.3 does not
//!    allow, makes the request ambiguous.
//! 3. A cookie and a bearer token must be the same token. Two accounts in one request are a mistake
//!    or an attack (a token planted together with the visitor's own), so neither of them is used.
//! 4. The token is [verified](crate::Verifier), including the revocation list.
//!
//! The authenticator never rejects a request. A public route serves a visitor with a malformed
//! cookie in the same way as a visitor without a cookie. An ambiguous request has no caller either.
//! The reason is kept for the log and for the guard, which may reject the request.

use std::fmt;

use crate::{
    access::{authentication::Authentication, rejection::Rejection},
    request::{
        cookie_reader::find_cookie,
        cookie_settings::CookieSettings,
        origin::{OriginCheck, OriginFacts},
    },
    time::{clock::Clock, unix_time::UnixTime},
    token::{error::TokenErrorKind, role::Role, verifier::Verifier},
};

#[cfg(test)]
mod tests;

/// Finds the token in the headers of a request and verifies it. The layers for tower and actix-web
/// call it.
///
/// ```
/// # use hallpass_core::{Claims, RequestAuthenticator, Issuer, KeyRing, Role, RoleSet, LoggedIn, TokenErrorKind, UnixTime};
/// #[derive(Role)]
/// enum SiteRole { Guest, Admin }
///
/// let now = UnixTime::from_secs(1_764_000_000);
/// let issuer = Issuer::new(KeyRing::generate_hs256([1; 32], now), "https://site.example", "site");
/// # let alice = LoggedIn::insecure_new(Claims::new("17", 0, now).with_username("alice"), RoleSet::from([SiteRole::Admin]));
/// let cookie = format!("theme=dark; __Host-hallpass={}", issuer.issue(&alice, now)?.as_str());
/// let authenticator = RequestAuthenticator::new(issuer.verifier::<SiteRole>());
///
/// let caller = authenticator.authenticate([cookie.as_bytes()], [], now);
/// assert_eq!(caller.username(), Some("alice"));
/// let twice = authenticator.authenticate([cookie.as_bytes(), cookie.as_bytes()], [], now);
/// assert_eq!((twice.username(), twice.reason()), (None, Some(TokenErrorKind::Ambiguous)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RequestAuthenticator<R> {
    verifier: Verifier<R>,
    access_name: String,
    bearer: bool,
}

impl<R: Role> RequestAuthenticator<R> {
    /// Creates an authenticator that reads the cookie of the [default
    /// settings](CookieSettings::default).
    pub fn new(verifier: Verifier<R>) -> Self {
        Self {
            verifier,
            access_name: CookieSettings::default().access_name().to_owned(),
            bearer: false,
        }
    }

    /// Sets the cookie settings, from which the name of the access cookie is read. Defaults to
    /// `__Host-hallpass`, the default of the login routes.
    #[must_use]
    pub fn cookies(mut self, settings: &CookieSettings) -> Self {
        settings.access_name().clone_into(&mut self.access_name);
        self
    }

    /// Also accepts a token from the header `Authorization: Bearer`. By default only the cookie is
    /// read.
    #[must_use]
    pub fn bearer(mut self) -> Self {
        self.bearer = true;
        self
    }

    /// Returns whether a token is also accepted from `Authorization`. If so, a 401 response names
    /// the scheme `Bearer`.
    pub fn accepts_bearer(&self) -> bool {
        self.bearer
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn access_name(&self) -> &str {
        &self.access_name
    }

    /// Returns the verifier of the tokens.
    pub fn verifier(&self) -> &Verifier<R> {
        &self.verifier
    }

    /// Returns the caller of a request at the time `now`. Pass the values of all `Cookie` fields
    /// and of all `Authorization` fields of the request.
    pub fn authenticate<'h>(
        &self,
        cookie_headers: impl IntoIterator<Item = &'h [u8]>,
        authorization_headers: impl IntoIterator<Item = &'h [u8]>,
        now: UnixTime,
    ) -> Authentication {
        match self.find_token(cookie_headers, authorization_headers) {
            Ok(None) => Authentication::anonymous(),
            Ok(Some(token)) => match self.verifier.verify(token, now) {
                Ok(identity) => Authentication::identified(identity),
                Err(refusal) => Authentication::rejected(refusal.kind()),
            },
            Err(Ambiguous) => Authentication::rejected(TokenErrorKind::Ambiguous),
        }
    }

    /// Checks the origin of a request (CSRF), as the outer layer does before everything else.
    ///
    /// A request without a cookie and with one `Authorization: Bearer` passes from every origin, if
    /// bearer tokens are on. A page can only send this header to another origin with the consent of
    /// that origin (CORS), and a form or a WebSocket cannot send it at all. Any other credential
    /// may be sent by the browser itself.
    ///
    /// # Errors
    /// Returns the errors of [`OriginCheck::check`].
    pub fn check_origin<'h>(
        &self,
        check: &OriginCheck,
        request: &OriginFacts<'_>,
        has_cookie: bool,
        authorization_headers: impl IntoIterator<Item = &'h [u8]>,
        clock: &(impl Clock + ?Sized),
    ) -> Result<(), Rejection> {
        let bearer = || matches!(find_bearer(authorization_headers), Ok(Some(_)));
        if check.check(request).is_ok() || (self.bearer && !has_cookie && bearer()) {
            return Ok(());
        }
        check.check_and_log(request, clock)
    }

    fn find_token<'h>(
        &self,
        cookie_headers: impl IntoIterator<Item = &'h [u8]>,
        authorization_headers: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<Option<&'h [u8]>, Ambiguous> {
        let cookie = find_cookie(cookie_headers, &self.access_name).map_err(|_| Ambiguous)?;
        let bearer = if self.bearer { find_bearer(authorization_headers)? } else { None };
        match (cookie, bearer) {
            (Some(cookie), Some(bearer)) if cookie != bearer => Err(Ambiguous),
            (cookie, bearer) => Ok(cookie.or(bearer)),
        }
    }
}

impl<R: Role> From<Verifier<R>> for RequestAuthenticator<R> {
    fn from(verifier: Verifier<R>) -> Self {
        Self::new(verifier)
    }
}

impl<R> Clone for RequestAuthenticator<R> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            access_name: self.access_name.clone(),
            bearer: self.bearer,
        }
    }
}

impl<R> fmt::Debug for RequestAuthenticator<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestAuthenticator")
            .field("verifier", &self.verifier)
            .field("access_name", &self.access_name)
            .field("bearer", &self.bearer)
            .finish()
    }
}

/// The request has more than one token, and it is not clear which one is the caller's.
struct Ambiguous;

fn find_bearer<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
) -> Result<Option<&'h [u8]>, Ambiguous> {
    let mut headers = headers.into_iter();
    let first = headers.next();
    match headers.next() {
        Some(_) => Err(Ambiguous),
        None => Ok(first.and_then(bearer_token)),
    }
}

/// Returns the token of a `Bearer` field, or `None` for another scheme. The name of the scheme is
/// case-insensitive, and spaces separate it from the token (RFC 9110 section 11.4).
fn bearer_token(header: &[u8]) -> Option<&[u8]> {
    let (scheme, mut token) = header.split_at_checked(SCHEME.len())?;
    let parted = token.is_empty() || token.starts_with(b" ");
    while let [b' ', rest @ ..] = token {
        token = rest;
    }
    (parted && scheme.eq_ignore_ascii_case(SCHEME)).then_some(token)
}

const SCHEME: &[u8] = b"Bearer";
