//! Issuing: from the proof of a sign-in to a signed token.
//!
//! One issuer says names, lifetime and keys once; [its verifier](Issuer::verifier) takes them from there.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::{
    encoding::base64url,
    keys::{
        handle::Keys,
        signature::{SigningInput, TokenKind},
    },
    time::unix_time::UnixTime,
    token::{
        claim_reader::ClaimReader,
        claim_writer::{self, Outgoing, RESERVED},
        claims::{ClaimSet, ClaimsBuffer, is_plain},
        error::TokenError,
        issued_token::{AccessToken, DeviceToken, EnrolmentToken, PendingToken},
        logged_in::LoggedIn,
        methods::Methods,
        opened_token::{KnownDevice, Pending, PendingEnrolment},
        opener::MAX_TOKEN_BYTES,
        role::Role,
        rules::TokenRules,
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
    /// What every claims set of this issuer begins with.
    opening: Box<str>,
    lifetime: Duration,
}

impl Issuer {
    /// An issuer of this name (`iss`), signing for this audience (`aud`) with whichever key is active at the time.
    pub fn new(keys: impl Into<Keys>, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        Self {
            keys: keys.into(),
            opening: claim_writer::opening(&issuer, &audience).into(),
            issuer: issuer.into(),
            audience: audience.into(),
            lifetime: LIFETIME,
        }
    }

    /// How long an access token lives. Defaults to 15 minutes, because that is how long a copied cookie can be worth anything to a
    /// service that hears of no revocations.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Signs an access token.
    ///
    /// # Errors
    /// When no key is active, a name is one that no verifier would take, or the token would not fit into a cookie.
    pub fn issue<R: Role>(&self, who: &LoggedIn<R>, now: UnixTime) -> Result<AccessToken, IssueError> {
        self.issue_access(who, now, "")
    }

    /// Signs an access token that carries an application's own claims beside ours.
    ///
    /// # Errors
    /// As [`issue`](Self::issue), and when `own` is not an object in JSON, takes a name of ours, or
    /// has a shape that every verifier rejects.
    pub fn issue_with<R: Role, X: Serialize>(
        &self,
        who: &LoggedIn<R>,
        own: &X,
        now: UnixTime,
    ) -> Result<AccessToken, IssueError> {
        self.issue_access(who, now, &own_members(own)?)
    }

    fn issue_access<R: Role>(&self, who: &LoggedIn<R>, now: UnixTime, own: &str) -> Result<AccessToken, IssueError> {
        let expires_at = now.saturating_add(self.lifetime);
        let claims = Outgoing {
            username: who.username(),
            user_id: who.user_id(),
            roles: who.roles().iter().map(|role| role.name()),
            issued_at: now,
            expires_at,
            authenticated_at: who.authenticated_at(),
            methods: who.methods(),
            session: Some(who.session()),
            generation: who.generation(),
        };
        let text = self.sign(TokenKind::Access, claims, own)?;
        Ok(AccessToken::new(text, expires_at))
    }

    /// Signs the token that stands between the password and the second factor. It lives five minutes and opens the code page only.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_pending(&self, user_id: &str, generation: u32, now: UnixTime) -> Result<PendingToken, IssueError> {
        let expires_at = now.saturating_add(PENDING_LIFETIME);
        let claims = without_roles(user_id, generation, now, expires_at);
        let text = self.sign(TokenKind::Pending, claims, "")?;
        Ok(PendingToken::new(text, expires_at))
    }

    /// Signs the token of an account whose password was right and which must set up a second factor first. It lives a quarter of
    /// an hour and opens the page for that only; `session` is its random name.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_enrolment(
        &self,
        user_id: &str,
        generation: u32,
        session: &str,
        now: UnixTime,
    ) -> Result<EnrolmentToken, IssueError> {
        let expires_at = now.saturating_add(ENROLMENT_LIFETIME);
        let claims = Outgoing { session: Some(session), ..without_roles(user_id, generation, now, expires_at) };
        let text = self.sign(TokenKind::Enrolment, claims, "")?;
        Ok(EnrolmentToken::new(text, expires_at))
    }

    /// Signs the token by which a browser is known again, for this long.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_device(
        &self,
        device: &KnownDevice,
        lifetime: Duration,
        now: UnixTime,
    ) -> Result<DeviceToken, IssueError> {
        let expires_at = now.saturating_add(lifetime);
        let claims = Outgoing {
            username: &device.username,
            session: Some(&device.device),
            methods: device.methods,
            authenticated_at: device.authenticated_at,
            ..without_roles(&device.user_id, device.generation, now, expires_at)
        };
        let text = self.sign(TokenKind::Device, claims, "")?;
        Ok(DeviceToken::new(text, expires_at))
    }

    /// Verifies a pending token and says for whom the password was accepted.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; an access token is refused as one of another kind.
    pub fn open_pending(&self, token: &[u8], now: UnixTime) -> Result<Pending, TokenError> {
        self.open(TokenKind::Pending, token, now, |claims| Pending::new(claims, now))
    }

    /// Verifies an enrolment token and says for whom the password was accepted.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; a token of another kind is refused.
    pub fn open_enrolment(&self, token: &[u8], now: UnixTime) -> Result<PendingEnrolment, TokenError> {
        self.open(TokenKind::Enrolment, token, now, PendingEnrolment::new)
    }

    /// Verifies a device token and says whose browser it was given to. Whether the account is still at its generation is for the
    /// caller to ask.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; a token of another kind is refused.
    pub fn open_device(&self, token: &[u8], now: UnixTime) -> Result<KnownDevice, TokenError> {
        self.open(TokenKind::Device, token, now, |claims| KnownDevice::new(claims, now))
    }

    fn open<T>(
        &self,
        kind: TokenKind,
        token: &[u8],
        now: UnixTime,
        read: impl FnOnce(&ClaimSet<'_>) -> T,
    ) -> Result<T, TokenError> {
        let names = (self.issuer.to_string(), self.audience.to_string());
        let mut rules = TokenRules::new(kind, self.keys.clone(), names.0, names.1, |_| 0);
        // Whoever signed it has said how long it lives; the cap is for tokens of other issuers.
        rules.max_lifetime = Duration::MAX;
        let mut buffer = ClaimsBuffer::new();
        let claims = rules.check(&self.keys.borrow(), token, now, &mut buffer.0)?.claims;
        Ok(read(&claims))
    }

    /// A verifier of this issuer's access tokens, which shares its keys.
    pub fn verifier<R: Role>(&self) -> Verifier<R> {
        let verifier = Verifier::new(self.keys.clone(), &*self.issuer, &*self.audience);
        if self.lifetime > crate::token::rules::LONGEST_LIFE { verifier.max_lifetime(self.lifetime) } else { verifier }
    }

    /// How long an access token lives.
    pub fn access_lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The keys, shared: replacing the ring there reaches this issuer.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The name that goes into `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name that goes into `aud`.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    fn sign<N: Iterator<Item = &'static str>>(
        &self,
        kind: TokenKind,
        claims: Outgoing<'_, N>,
        own: &str,
    ) -> Result<String, IssueError> {
        for text in [Some(claims.username), Some(claims.user_id), claims.session].into_iter().flatten() {
            if text.is_empty() || !text.bytes().all(is_plain) {
                return Err(IssueError::NotPlain);
            }
        }
        let ring = self.keys.borrow();
        let key = ring.active().ok_or(IssueError::NoActiveKey)?;
        let mut token = String::from(key.header(kind));
        let claims = claims.write(&self.opening, own);
        if !own.is_empty() && !self.is_readable(&claims) {
            return Err(IssueError::OwnClaimsUnreadable);
        }
        base64url::encode_append(claims.as_bytes(), &mut token);
        let signature = key.sign(SigningInput::Whole(token.as_bytes())).ok_or(IssueError::Signing)?;
        token.push('.');
        base64url::encode_append(&signature, &mut token);
        if token.len() > MAX_TOKEN_BYTES {
            return Err(IssueError::TooLong { length: token.len() });
        }
        Ok(token)
    }

    /// Whether a verifier of this issuer can read the claims set: own claims may be nested too
    /// deeply or have too many members.
    fn is_readable(&self, claims: &str) -> bool {
        let reader =
            ClaimReader { issuer: &self.issuer, audience: &self.audience, role_bit: |_| 0, integer_user_id: false };
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
    /// The library underneath could not sign.
    #[error("the signature could not be made")]
    Signing,
    /// The token would not fit into a cookie. Fewer roles, shorter names or fewer own claims make it smaller.
    #[error("the token would have {length} bytes and a cookie holds {}: put less into it", MAX_TOKEN_BYTES)]
    TooLong {
        /// Bytes.
        length: usize,
    },
    /// A user name, an identifier or a session that is empty or holds a control character: no verifier would take the token.
    #[error("the user name, the identifier or the session is empty or holds a control character")]
    NotPlain,
    /// The application's own claims are not an object, or cannot be written as JSON.
    #[error("an application's own claims must be a struct or a map with string keys")]
    OwnClaimsNotAnObject,
    /// The application's own claims use a name of ours.
    #[error("an application's own claims cannot be named {0}: choose another name")]
    ReservedClaim(&'static str),
    /// The application's own claims are nested too deeply (the whole set: 16 levels) or have too
    /// many members (256): every verifier would reject the token.
    #[error("an application's own claims are nested too deeply or have too many members: put less into them")]
    OwnClaimsUnreadable,
}

/// The members of an application's own `claims` in JSON, without the braces, ready to stand behind ours.
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

/// The claims of a token that grants nothing: the password alone, and no role.
fn without_roles(
    user_id: &str,
    generation: u32,
    now: UnixTime,
    expires_at: UnixTime,
) -> Outgoing<'_, std::iter::Empty<&'static str>> {
    Outgoing {
        username: user_id,
        user_id,
        roles: std::iter::empty(),
        issued_at: now,
        expires_at,
        authenticated_at: now,
        methods: Methods::PASSWORD,
        session: None,
        generation,
    }
}

/// RFC 9700 asks for short-lived access tokens; this is the upper end of what is usual.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Time to find the telephone and type a code.
const PENDING_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Time to install an authenticator.
const ENROLMENT_LIFETIME: Duration = Duration::from_secs(15 * 60);
