//! Verification: from the bytes of a token to an [`Identity`], or the reason for a rejection.
//!
//! It uses no store, no clock and no network. [Header, key and signature](crate::token::opener) are
//! checked first. The signed payload is then read [by a scanner](crate::token::claim_scanner) or
//! [strictly](crate::token::claim_reader). The claims must name this issuer and this audience, must
//! be valid now, and must not be revoked. The caller passes the time as `now`.

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

/// The verifier of tokens of one issuer for one audience.
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

/// Reads an application's own claims from the whole claims set.
type ReadOwnClaims = fn(&str) -> Option<OwnClaims>;

impl<R: Role> Verifier<R> {
    /// Creates a verifier of the tokens that `issuer` signs for `audience` with these keys. Both
    /// names are compared byte by byte.
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

    /// Also accepts tokens of this `typ`, with exactly this spelling. By default only
    /// `hallpass+jwt` is accepted, because a token of another kind must not be accepted (RFC 8725
    /// section 3.11). PyJWT and jsonwebtoken write `JWT` by default.
    #[must_use]
    pub fn accept_type(self, typ: &str) -> Self {
        self.set(|rules| rules.opener.accept_type(typ))
    }

    /// Also accepts tokens without a `typ`. Defaults to off, because such a token may be another
    /// token of the issuer, for example an ID token.
    #[must_use]
    pub fn insecure_accept_untyped(self) -> Self {
        self.set(|rules| rules.opener.accept_untyped())
    }

    /// Sets the key that is tried for tokens without a `kid`. Defaults to no key: such tokens are
    /// rejected.
    #[must_use]
    pub fn key_without_kid(self, id: KeyId) -> Self {
        self.set(|rules| rules.opener.set_key_without_kid(id))
    }

    /// Also accepts a `user_id` that is a non-negative integer. By default only strings are
    /// accepted, which hallpass writes. A Starlette site with the same token format may write
    /// integers.
    #[must_use]
    pub fn accept_integer_user_id(self) -> Self {
        self.set(|rules| rules.integer_user_id = true)
    }

    /// Also accepts the access tokens of an OpenID provider or OAuth server that follows RFC 9068:
    /// their `typ` is `at+jwt`, and they have no `user_id`, so the identifier is taken from `sub`
    /// ([`user_id_from_sub`](Self::user_id_from_sub)). Defaults to off.
    ///
    /// `sub` is unique per issuer only. Store it together with the issuer, if the service also has
    /// accounts of another origin. For a token that a client received for itself (client
    /// credentials), it is the name of the client.
    ///
    /// ```
    /// # use hallpass_core::{KeyRing, Role, Verifier};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # let keys = KeyRing::default(); // hallpass_remote::RemoteJwks::keys
    /// let verifier =
    ///     Verifier::<SiteRole>::new(keys, "https://login.example", "https://orders.example")
    ///         .accept_rfc9068();
    /// # let _ = verifier;
    /// ```
    #[must_use]
    pub fn accept_rfc9068(self) -> Self {
        RFC_9068.into_iter().fold(self.user_id_from_sub(), Self::accept_type)
    }

    /// Takes the account's identifier from `sub` if a token has no `user_id`, for the tokens of
    /// another issuer. Defaults to off: a token without `user_id` is rejected.
    ///
    /// Many providers write `JWT` or no `typ` into access tokens and ID tokens alike. With this
    /// setting, a token with a claim of an ID token or a logout token (`nonce`, `at_hash`,
    /// `c_hash`, `s_hash`, `events`) is therefore rejected as a token of another kind. An ID token
    /// need not have any of them: use an audience that is not the name of a client
    /// ([`accept_rfc9068`](Self::accept_rfc9068) does not need that).
    #[must_use]
    pub fn user_id_from_sub(self) -> Self {
        self.set(|rules| rules.user_id_from_sub = true)
    }

    /// Sets the maximum lifetime of a token, from `iat` to `exp`. A token with a longer lifetime is
    /// rejected. Defaults to 24 hours. The lifetime limits how long a stolen token is accepted and
    /// how long the revocation list must keep an entry.
    #[must_use]
    pub fn max_lifetime(self, longest: Duration) -> Self {
        self.set(|rules| rules.max_lifetime = longest)
    }

    /// Sets the revocation list that each token is checked against. Defaults to none: tokens are
    /// then accepted until they expire.
    #[must_use]
    pub fn revocation(self, revocations: RevocationList) -> Self {
        self.set(|rules| rules.revocation = Some(revocations))
    }

    /// Also deserializes the claims set into an `X`, the application's own claims, which
    /// [`Claims::claims`](crate::Claims::claims) returns. A token whose claims are not a valid `X`
    /// is rejected. `X` also receives the claims that hallpass writes, so it must not have
    /// `#[serde(deny_unknown_fields)]`. Defaults to off, because it parses the claims a second
    /// time.
    #[must_use]
    pub fn with_claims<X: DeserializeOwned + Send + Sync + 'static>(self) -> Self {
        let own_claims: ReadOwnClaims =
            |json| Some(Arc::new(serde_json::from_str::<X>(json).ok()?));
        Self { own_claims: Some(own_claims), ..self.set(|_| ()) }
    }

    /// Sets the size of the cache of verified tokens of asymmetric keys, in tokens; 0 turns the
    /// cache off. [`verify`](Self::verify) then checks the signature of a remembered token only
    /// once. Expiry, revocation and the acceptance of the key are still checked at every request. A
    /// remembered token takes about 700 bytes, and at most 9 KiB.
    ///
    /// Defaults to 8,192 tokens. To verify an Ed25519 or ECDSA signature costs about a hundred
    /// times as much as an HMAC, and most requests have the same token as an earlier request. If
    /// all keys are HMAC keys, no memory is allocated.
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

    /// Does the same as [`remember`](Self::remember), also for tokens of HMAC keys. Defaults to
    /// off. A lookup costs about a fifth of the HMAC of a token.
    #[must_use]
    pub fn remember_all(self, tokens: usize) -> Self {
        Self { cache: (tokens > 0).then(|| Arc::new(TokenCache::new(tokens, true))), ..self }
    }

    /// Removes the remembered tokens that have expired. Call it in a background task, about once
    /// per minute. Without a call, an expired token stays in memory until a new token replaces it
    /// or clears its slot.
    pub fn forget_expired(&self, now: UnixTime) {
        if let Some(cache) = &self.cache {
            cache.forget(now);
        }
    }

    /// Returns the number of remembered tokens, for a metric.
    pub fn remembered(&self) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.len())
    }

    /// Changes a rule and starts with an empty cache. Clones share a cache, and a verifier with
    /// other rules must not use the results of its origin.
    fn set(mut self, change: impl FnOnce(&mut TokenRules)) -> Self {
        change(&mut self.rules);
        self.cache = self.cache.map(|cache| Arc::new(cache.emptied()));
        self
    }

    /// Returns the shared keys. If their ring is replaced, this verifier uses the new ring.
    pub fn keys(&self) -> &Keys {
        &self.rules.keys
    }

    /// Verifies a token and returns the caller's identity. It makes one allocation, for the
    /// identity, or none for a remembered token.
    ///
    /// The clock that `now` comes from may be up to [`MAX_CLOCK_SKEW`](crate::MAX_CLOCK_SKEW)
    /// behind the issuer's clock. A token is rejected from its `exp` on, without a tolerance.
    ///
    /// # Errors
    /// Returns the first check that failed, in the order of [`TokenErrorKind`].
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
        let claims = Arc::new(Claims {
            roles_of: TypeId::of::<R>(),
            own,
            revocations: self.rules.revocation.clone(),
            ..claims.into_owned()
        });
        if let Some(cache) = &self.cache {
            cache.insert(token, key, &claims, now);
        }
        Ok(Identity::new(claims))
    }

    /// Verifies a token and passes its claims, and the signed claims set in JSON, to `read`. It
    /// does not allocate for a token in the layout that hallpass writes.
    ///
    /// # Errors
    /// Returns the errors of [`verify`](Self::verify).
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

/// The types of RFC 9068 section 4.
const RFC_9068: [&str; 2] = ["at+jwt", "application/at+jwt"];

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
