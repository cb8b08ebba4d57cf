//! Verification: from the bytes in a cookie to an [`Identity`], or the reason why not.
//!
//! It asks no store, no clock and no network. [Header, key and signature](crate::token::opener)
//! come first; what is signed is then read [by a scanner](crate::token::claim_scanner) or
//! [strictly](crate::token::claim_reader), and the claims must name this issuer and this
//! audience, be alive now, and not have been revoked. Every check that needs `now` takes it as a
//! value.

use std::{any::TypeId, fmt, marker::PhantomData, mem::MaybeUninit, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;

use crate::{
    keys::{handle::Keys, key_id::KeyId, signature::TokenType},
    revocation::list::RevocationList,
    time::unix_time::UnixTime,
    token::{
        cache::{TokenCache, USUAL_TOKENS},
        claims::{Claims, OwnClaims},
        error::{TokenError, TokenErrorKind},
        identity::Identity,
        opener::LONGEST_PAYLOAD,
        role::Role,
        rules::TokenRules,
    },
};

/// Checks tokens for one issuer and one audience.
///
/// ```
/// # use hallpass_core::{Claims, Issuer, KeyRing, Role, RoleSet, LoggedIn, TokenErrorKind, UnixTime, Verifier};
/// # use std::time::Duration;
/// #[derive(Role)]
/// enum SiteRole { Guest, Admin }
///
/// let now = UnixTime::from_secs(1_764_000_000);
/// let issuer = Issuer::new(KeyRing::generate_hs256([1; 32], now), "https://site.example", "site");
/// let verifier: Verifier<SiteRole> = issuer.verifier();
/// # let alice = LoggedIn::insecure_new(Claims::new("17", 0, now).with_username("alice"), RoleSet::from([SiteRole::Admin]));
/// let token = issuer.issue(&alice, now)?;
///
/// let identity = verifier.verify(token.as_str().as_bytes(), now)?;
/// assert_eq!((identity.username(), identity.roles().contains(SiteRole::Admin)), ("alice", true));
///
/// let late = verifier.verify(token.as_str().as_bytes(), token.expires_at());
/// assert_eq!(late.unwrap_err().kind(), TokenErrorKind::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Verifier<R> {
    rules: TokenRules,
    own_claims: Option<ReadOwnClaims>,
    cache: Option<Arc<TokenCache>>,
    roles: PhantomData<fn() -> R>,
}

/// Reads an application's own claims out of the whole set.
type ReadOwnClaims = fn(&str) -> Option<OwnClaims>;

impl<R: Role> Verifier<R> {
    /// A verifier of the tokens that `issuer` signs for `audience` with these keys. Both are
    /// compared byte by byte.
    pub fn new(
        keys: impl Into<Keys>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Self {
        let rules = TokenRules::new(
            TokenType::Access,
            keys.into(),
            issuer.into(),
            audience.into(),
            role_bit::<R>,
        );
        let cache = Some(Arc::new(TokenCache::new(USUAL_TOKENS, false)));
        Self { rules, own_claims: None, cache, roles: PhantomData }
    }

    /// Also accepts tokens of this `typ`, spelled exactly so. Defaults to `hallpass+jwt` alone,
    /// because a token of another kind must be useless here (RFC 8725 section 3.11). `JWT` is
    /// what PyJWT and jsonwebtoken write where nothing else is said.
    #[must_use]
    pub fn accept_type(self, typ: &str) -> Self {
        self.set(|rules| rules.opener.accept_type(typ))
    }

    /// Also accepts tokens without a `typ`, which anything the issuer ever signs may be. Defaults
    /// to refusing them, because nothing then tells an access token from an ID token.
    #[must_use]
    pub fn insecure_accept_untyped(self) -> Self {
        self.set(|rules| rules.opener.accept_untyped())
    }

    /// Tries this key on tokens without a `kid`. Defaults to no key, because a token should say
    /// which key it means.
    #[must_use]
    pub fn key_without_kid(self, id: KeyId) -> Self {
        self.set(|rules| rules.opener.set_key_without_kid(id))
    }

    /// Also accepts a `user_id` that is a non-negative integer. Defaults to strings alone, because
    /// hallpass writes strings; a Starlette site with the same scheme may write numbers.
    #[must_use]
    pub fn accept_integer_user_id(self) -> Self {
        self.set(|rules| rules.integer_user_id = true)
    }

    /// How far this machine's clock may be behind or ahead of the issuer's. Defaults to zero,
    /// because one machine issues and verifies; for another issuer's tokens a minute is usual.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        self.set(|rules| rules.leeway = leeway)
    }

    /// The longest life, from `iat` to `exp`, that a token may have. Defaults to 24 hours, because
    /// a stolen token lives as long as it says, and the revocation list need not remember
    /// longer than the longest.
    #[must_use]
    pub fn max_lifetime(self, longest: Duration) -> Self {
        self.set(|rules| rules.max_lifetime = longest)
    }

    /// Asks this list whether a token was revoked. Defaults to none, because a service that only
    /// verifies has no list; its tokens then live until they expire.
    #[must_use]
    pub fn revocation(self, revocations: RevocationList) -> Self {
        self.set(|rules| rules.revocation = Some(revocations))
    }

    /// Also reads the application's own claims, an `X` out of the whole set, for
    /// [`Claims::claims`](crate::Claims::claims); a token that does not fit `X` is refused. `X`
    /// must not deny unknown fields. Defaults to none, because reading them costs a second
    /// pass.
    #[must_use]
    pub fn with_claims<X: DeserializeOwned + Send + Sync + 'static>(self) -> Self {
        let own_claims: ReadOwnClaims =
            |json| Some(Arc::new(serde_json::from_str::<X>(json).ok()?));
        Self { own_claims: Some(own_claims), ..self.set(|_| ()) }
    }

    /// Remembers up to `tokens` verified tokens of asymmetric keys, so that
    /// [`verify`](Self::verify) checks each signature once; expiry, revocation and the key's
    /// place in the ring are checked at every request all the same. 0 remembers none. A remembered
    /// token takes about 700 bytes, at most 9 KiB.
    ///
    /// Defaults to 8,192, because an Ed25519 or ECDSA signature costs a hundred times an HMAC, and
    /// the next request of a page brings the same one. Where all keys are HMAC's nothing is set
    /// aside.
    ///
    /// ```
    /// # use hallpass_core::{Algorithm, Claims, Issuer, KeyRing, Role, RoleSet, LoggedIn, TokenErrorKind, UnixTime};
    /// # #[derive(Role)]
    /// # enum SiteRole { Guest }
    /// # let now = UnixTime::from_secs(1_764_000_000);
    /// # let issuer = Issuer::new(KeyRing::generate(Algorithm::EdDsa, [1; 32], now)?, "https://site.example", "site");
    /// # let alice = LoggedIn::<SiteRole>::insecure_new(Claims::new("17", 0, now).with_username("alice"), RoleSet::EMPTY);
    /// # let token = issuer.issue(&alice, now)?;
    /// let verifier = issuer.verifier::<SiteRole>().remember(100_000);
    /// assert!(verifier.verify(token.as_str().as_bytes(), now).is_ok());
    /// assert_eq!(verifier.remembered(), 1);
    ///
    /// let late = verifier.verify(token.as_str().as_bytes(), token.expires_at());
    /// assert_eq!(late.unwrap_err().kind(), TokenErrorKind::Expired);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn remember(self, tokens: usize) -> Self {
        Self { cache: (tokens > 0).then(|| Arc::new(TokenCache::new(tokens, false))), ..self }
    }

    /// As [`remember`](Self::remember), and tokens of HMAC keys too. Defaults to no, because an
    /// HMAC of a token costs little more than to find it again.
    #[must_use]
    pub fn remember_all(self, tokens: usize) -> Self {
        Self { cache: (tokens > 0).then(|| Arc::new(TokenCache::new(tokens, true))), ..self }
    }

    /// Forgets the remembered tokens that have expired, which otherwise stay until newcomers take
    /// or sweep their places. For a task that runs once a minute or so.
    pub fn forget_expired(&self, now: UnixTime) {
        if let Some(cache) = &self.cache {
            cache.forget(now);
        }
    }

    /// How many tokens are remembered, for a metric.
    pub fn remembered(&self) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.len())
    }

    /// Clones share what they remember, so a verifier that judges otherwise than its origin must
    /// begin with nothing.
    fn set(mut self, change: impl FnOnce(&mut TokenRules)) -> Self {
        change(&mut self.rules);
        self.cache = self.cache.map(|cache| Arc::new(cache.emptied()));
        self
    }

    /// The keys that it verifies with, shared: replacing the ring there reaches this verifier.
    pub fn keys(&self) -> &Keys {
        &self.rules.keys
    }

    /// Verifies a token and says who it speaks for. Allocates for the identity alone, and nothing
    /// for a remembered token.
    ///
    /// # Errors
    /// The first check that failed, in the order of [`TokenErrorKind`].
    pub fn verify(&self, token: &[u8], now: UnixTime) -> Result<Identity<R>, TokenError> {
        let ring = self.rules.keys.borrow();
        if let Some(claims) = self.cache.as_ref().and_then(|cache| cache.find(token, &ring, now)) {
            self.rules.check_times(&claims.times, now)?;
            self.rules.check_revocation(|| claims.for_revocation(), now)?;
            return Ok(Identity::new(claims));
        }
        let mut buffer = [MaybeUninit::uninit(); LONGEST_PAYLOAD];
        let (claims, json, key) = self.rules.check(&ring, token, now, &mut buffer)?;
        let own = match self.own_claims {
            Some(read) => Some(read(json).ok_or(TokenErrorKind::Claims)?),
            None => None,
        };
        let claims = Arc::new(Claims { roles_of: TypeId::of::<R>(), own, ..claims.into_owned() });
        if let Some(cache) = &self.cache {
            cache.insert(token, key, &claims, now);
        }
        Ok(Identity::new(claims))
    }

    /// Verifies a token and passes its claims, and the whole claims set as it was signed, in JSON,
    /// to `read`. Allocates nothing for a token in the layout that hallpass writes.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn claims<T>(
        &self,
        token: &[u8],
        now: UnixTime,
        read: impl FnOnce(&Claims<'_>, &str) -> T,
    ) -> Result<T, TokenError> {
        let ring = self.rules.keys.borrow();
        let mut buffer = [MaybeUninit::uninit(); LONGEST_PAYLOAD];
        let (mut claims, json, _key) = self.rules.check(&ring, token, now, &mut buffer)?;
        claims.roles_of = TypeId::of::<R>();
        Ok(read(&claims, json))
    }
}

impl<R> Clone for Verifier<R> {
    fn clone(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            own_claims: self.own_claims,
            cache: self.cache.clone(),
            roles: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Verifier<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.rules.issuer)
            .field("audience", &self.rules.audience)
            .finish_non_exhaustive()
    }
}

fn role_bit<R: Role>(name: &str) -> u64 {
    R::from_name(name).map_or(0, |role| 1 << role.index())
}
