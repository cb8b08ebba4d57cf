//! Issuing: a signed token for the proof of a login.
//!
//! An issuer stores the names, the lifetime and the keys. [Its verifier](Issuer::verifier) uses the
//! same values.

use std::{mem::MaybeUninit, time::Duration};

use serde::Serialize;
use serde_json::Value;

use crate::{
    encoding::{base64url, strict_json::DEEPEST},
    keys::{handle::Keys, signature::SigningInput},
    time::unix_time::UnixTime,
    token::{
        claim_reader::{ClaimReader, MOST_MEMBERS},
        claim_writer::{self, RESERVED},
        claims::{Claims, Times, is_plain},
        error::TokenError,
        issued_token::{Access, Token, Unprivileged, sealed::Sealed},
        logged_in::{LoggedIn, TokenSubject},
        opener::{LONGEST_PAYLOAD, MAX_TOKEN_BYTES},
        role::Role,
        rules::{TokenRules, check_valid_at},
        verifier::Verifier,
    },
};

/// Signs tokens of one issuer for one audience.
///
/// An access token is signed for a [`LoggedIn`] only; see [`Verifier`] for an example.
#[derive(Clone, Debug)]
pub struct Issuer {
    keys: Keys,
    issuer: Box<str>,
    audience: Box<str>,
    /// The beginning of every claims set of this issuer.
    opening: Box<str>,
    lifetime: Duration,
}

impl Issuer {
    /// Creates an issuer with this name (`iss`) for this audience (`aud`). It signs with the key
    /// that is active when a token is issued.
    pub fn new(
        keys: impl Into<Keys>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        Self {
            keys: keys.into(),
            opening: claim_writer::opening(&issuer, &audience).into(),
            issuer: issuer.into(),
            audience: audience.into(),
            lifetime: LIFETIME,
        }
    }

    /// Sets the lifetime of an access token. Defaults to 15 minutes. For that time, a copied cookie
    /// is accepted by a service that does not receive revocations.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Signs a token: an access token for a [`LoggedIn`], a token of another kind for its
    /// [`Claims`]. The times in the claims are replaced, except `auth_time`.
    ///
    /// ```
    /// # use hallpass_core::{Claims, Issuer, KeyRing, MfaPending, TokenErrorKind, UnixTime};
    /// # let now = UnixTime::from_secs(1_764_000_000);
    /// # let issuer = Issuer::new(KeyRing::generate_hs256([1; 32], now), "https://site.example", "site");
    /// let token = issuer.issue(&Claims::<MfaPending>::new("17", 3, now), now)?;
    /// let claims = issuer.verify::<MfaPending>(token.as_str().as_bytes(), now)?;
    /// assert_eq!((claims.user_id(), claims.generation()), ("17", 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if no key is active, if no verifier would accept one of the names or the
    /// times, or if the token is too long for a cookie.
    pub fn issue<S: TokenSubject>(
        &self,
        subject: &S,
        now: UnixTime,
    ) -> Result<Token<S::Kind>, IssueError> {
        self.sign(subject, "", now)
    }

    /// Signs an access token that also contains the application's own claims.
    ///
    /// # Errors
    /// Returns the errors of [`issue`](Self::issue). Also returns an error if `own` is not an
    /// object in JSON, uses a reserved name, or has a structure that every verifier rejects.
    pub fn issue_with<R: Role, X: Serialize>(
        &self,
        who: &LoggedIn<R>,
        own: &X,
        now: UnixTime,
    ) -> Result<Token<Access>, IssueError> {
        self.sign(who, &own_members(own)?, now)
    }

    /// Verifies a token of a kind without roles. [`Verifier`] verifies access tokens.
    ///
    /// The caller must check that the account still has the generation of the claims.
    ///
    /// # Errors
    /// Returns the errors of [`Verifier::verify`]. A token of another kind is rejected.
    pub fn verify<K: Unprivileged>(
        &self,
        token: &[u8],
        now: UnixTime,
    ) -> Result<Claims<'static, K>, TokenError> {
        let names = (self.issuer.to_string(), self.audience.to_string());
        let mut rules = TokenRules::new(K::TYPE, self.keys.clone(), names.0, names.1, |_| 0);
        // The kind has its own lifetime. The maximum is for tokens of other issuers.
        rules.max_lifetime = Duration::MAX;
        let mut buffer = [MaybeUninit::uninit(); LONGEST_PAYLOAD];
        let (claims, _json, _key) = rules.check(&self.keys.borrow(), token, now, &mut buffer)?;
        Ok(claims.into_owned())
    }

    /// Returns a verifier of this issuer's access tokens, which shares its keys.
    pub fn verifier<R: Role>(&self) -> Verifier<R> {
        let verifier = Verifier::new(self.keys.clone(), &*self.issuer, &*self.audience);
        if self.lifetime > crate::token::rules::LONGEST_LIFE {
            verifier.max_lifetime(self.lifetime)
        } else {
            verifier
        }
    }

    /// Returns the lifetime of an access token.
    pub fn access_lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Returns the shared keys. If their ring is replaced, this issuer uses the new ring.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Returns the value of `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the value of `aud`.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    fn sign<S: TokenSubject>(
        &self,
        subject: &S,
        own: &str,
        now: UnixTime,
    ) -> Result<Token<S::Kind>, IssueError> {
        let claims = subject.claims_to_sign();
        for text in [Some(claims.username()), Some(claims.user_id()), claims.session()]
            .into_iter()
            .flatten()
        {
            if text.is_empty() || !text.bytes().all(is_plain) {
                return Err(IssueError::NotPlain);
            }
        }
        let expires_at = now.saturating_add(S::Kind::LIFETIME.unwrap_or(self.lifetime));
        let times = Times {
            expires_at,
            issued_at: Some(now),
            not_before: None,
            authenticated_at: claims.authenticated_at(),
        };
        // A token that its own site rejects would lead from the login page to the login page.
        check_valid_at(&times, now).map_err(|_| IssueError::NotValidNow)?;
        let ring = self.keys.borrow();
        let key = ring.active().ok_or(IssueError::NoActiveKey)?;
        let mut token = String::from(key.header(S::Kind::TYPE));
        let claims = claim_writer::write(
            claims,
            subject.role_names(),
            [now, expires_at],
            &self.opening,
            own,
        );
        if !own.is_empty() && !self.is_readable(&claims) {
            return Err(IssueError::OwnClaimsUnreadable);
        }
        base64url::encode_append(claims.as_bytes(), &mut token);
        let signature =
            key.sign(SigningInput::Whole(token.as_bytes())).ok_or(IssueError::Signing)?;
        token.push('.');
        base64url::encode_append(&signature, &mut token);
        if token.len() > MAX_TOKEN_BYTES {
            return Err(IssueError::TooLong { length: token.len() });
        }
        Ok(Token::new(token, expires_at))
    }

    /// Returns whether a verifier of this issuer can read the claims set. Own claims may be nested
    /// too deeply or have too many members.
    fn is_readable(&self, claims: &str) -> bool {
        let reader = ClaimReader {
            issuer: &self.issuer,
            audience: &self.audience,
            role_bit: |_| 0,
            integer_user_id: false,
            user_id_from_sub: false,
        };
        reader.read(claims).is_ok()
    }
}

/// A token that could not be issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The ring in use has no key that signs.
    #[error("the key ring has no active key: name one of its keys in `active`")]
    NoActiveKey,
    /// The cryptographic library could not sign.
    #[error("the signature could not be created: try again")]
    Signing,
    /// The token is too long for a cookie. Fewer roles, shorter names or fewer own claims make it
    /// shorter.
    #[error(
        "the token would have {length} bytes, and a cookie can have {}: use fewer roles, shorter names or fewer own claims",
        MAX_TOKEN_BYTES
    )]
    TooLong {
        /// Length, in bytes.
        length: usize,
    },
    /// A user name, an identifier or a session is empty or has a control character. No verifier
    /// would accept the token.
    #[error(
        "the user name, the identifier or the session is empty or has a control character: correct it before the token is issued"
    )]
    NotPlain,
    /// A verifier with the same clock would reject the token: the login is more than
    /// [`MAX_CLOCK_SKEW`](crate::MAX_CLOCK_SKEW) in the future, because the clock was set back
    /// since, or the token would expire when it is issued.
    #[error(
        "the token would not be valid at the time of this clock, because its login is in the future or it has already expired: set the clock of this machine"
    )]
    NotValidNow,
    /// The application's own claims are not an object, or cannot be written as JSON.
    #[error(
        "an application's own claims are not a JSON object: use a struct or a map with string keys"
    )]
    OwnClaimsNotAnObject,
    /// The application's own claims use a reserved name.
    #[error("an application's own claims cannot be named {0}: choose another name")]
    ReservedClaim(&'static str),
    /// The application's own claims are nested too deeply (the maximum of the whole set is 16
    /// levels) or have too many members (the maximum is 256). Every verifier would reject the
    /// token.
    #[error(
        "an application's own claims have more than {} levels, or the token would have more than {} members: use fewer or flatter claims",
        DEEPEST,
        MOST_MEMBERS
    )]
    OwnClaimsUnreadable,
}

/// Returns the members of an application's own `claims` in JSON, without the braces.
fn own_members<X: Serialize>(claims: &X) -> Result<String, IssueError> {
    let Ok(Value::Object(members)) = serde_json::to_value(claims) else {
        return Err(IssueError::OwnClaimsNotAnObject);
    };
    if let Some(taken) = RESERVED.into_iter().find(|name| members.contains_key(*name)) {
        return Err(IssueError::ReservedClaim(taken));
    }
    let json = Value::Object(members).to_string();
    let inside = json.strip_prefix('{').and_then(|json| json.strip_suffix('}'));
    Ok(inside.unwrap_or_default().to_owned())
}

/// The default lifetime. RFC 9700 requires short-lived access tokens, and 15 minutes is the upper
/// end of usual values.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
