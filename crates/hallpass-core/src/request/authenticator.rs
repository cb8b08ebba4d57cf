//! From a request's headers to its caller: the one decision that every adapter makes first.
//!
//! 1. The access cookie is looked for by [`find_cookie`]. Where its name stands twice, nobody is
//!    signed in.
//! 2. Where bearer tokens are on, `Authorization: Bearer` (RFC 6750 section 2.1) is looked at.
//!    Other schemes are someone else's and count as absent; a second `Authorization` field, which
//!    RFC 9110 section 5.3 does not allow, makes the request ambiguous.
//! 3. A cookie and a bearer token must be the same token. Two accounts in one request is a mistake
//!    or an attack (a token planted beside the visitor's own), and whichever won would surprise
//!    someone.
//! 4. The one token is [verified](crate::Verifier), the revocation list included.
//!
//! It never refuses a request: an open route serves a visitor with a broken cookie like one with
//! none, and the reason is kept for the guard, which may refuse, and for the log.

use std::fmt;

use crate::{
    access::authentication::Authentication,
    request::{cookie_reader::find_cookie, cookie_settings::CookieSettings},
    time::unix_time::UnixTime,
    token::{error::TokenErrorKind, role::Role, verifier::Verifier},
};

#[cfg(test)]
mod tests;

/// What tower and actix call with the bytes of a request's headers.
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
    /// An authenticator that reads the cookie of the [default settings](CookieSettings::default).
    pub fn new(verifier: Verifier<R>) -> Self {
        Self {
            verifier,
            access_name: CookieSettings::default().access_name().to_owned(),
            bearer: false,
        }
    }

    /// Reads the cookie of these settings. Defaults to `__Host-hallpass`, because that is what the
    /// sign-in routes set by default.
    #[must_use]
    pub fn cookies(mut self, settings: &CookieSettings) -> Self {
        settings.access_name().clone_into(&mut self.access_name);
        self
    }

    /// Also takes a token from `Authorization: Bearer`. Defaults to the cookie alone, because a
    /// site of pages has no other caller.
    #[must_use]
    pub fn bearer(mut self) -> Self {
        self.bearer = true;
        self
    }

    /// Whether a token is taken from `Authorization` too, so that a 401 can say so.
    pub fn accepts_bearer(&self) -> bool {
        self.bearer
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn access_name(&self) -> &str {
        &self.access_name
    }

    /// What verifies the tokens.
    pub fn verifier(&self) -> &Verifier<R> {
        &self.verifier
    }

    /// Who sent a request: the values of all its `Cookie` and of all its `Authorization` fields, at
    /// this moment.
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
        f.debug_struct("Gate")
            .field("verifier", &self.verifier)
            .field("access_name", &self.access_name)
            .field("bearer", &self.bearer)
            .finish()
    }
}

/// More than one token stands in the request, and it is not clear which counts.
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

/// The token of a `Bearer` field; `None` for another scheme. The scheme's name has no case, and
/// spaces part it from the token (RFC 9110 section 11.4).
fn bearer_token(header: &[u8]) -> Option<&[u8]> {
    let (scheme, mut token) = header.split_at_checked(SCHEME.len())?;
    let parted = token.is_empty() || token.starts_with(b" ");
    while let [b' ', rest @ ..] = token {
        token = rest;
    }
    (parted && scheme.eq_ignore_ascii_case(SCHEME)).then_some(token)
}

const SCHEME: &[u8] = b"Bearer";
