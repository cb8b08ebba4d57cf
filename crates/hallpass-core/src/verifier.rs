//! Verification: from the bytes in a cookie to an [`Identity`], or the reason why not.
//!
//! It asks no store, no clock and no network. [Header, key and signature](crate::token_opener) come first; what is signed is then
//! read [by a scanner](crate::claim_scanner) or [strictly](crate::claim_reader), and the claims must name this issuer and this
//! audience, be alive now, and not have been torn up. Every check that needs `now` takes it as a value.

use std::{
    any::{Any, TypeId},
    fmt,
    marker::PhantomData,
    time::Duration,
};

use serde::de::DeserializeOwned;

use crate::{
    Claims, ClaimsBuffer, Identity, KeyId, Keys, RevocationView, Role, TokenError, TokenErrorKind, UnixTime,
    identity::{Facts, Strings},
    token_kind::TokenKind,
    token_rules::TokenRules,
};

/// Checks tokens for one issuer and one audience.
///
/// ```
/// # use hallpass_core::{Issuer, KeyRing, Methods, Role, RoleSet, SignedIn, SignedInFacts, TokenErrorKind, UnixTime, Verifier};
/// # use std::time::Duration;
/// #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
/// enum SiteRole { Guest, Admin }
///
/// let now = UnixTime::from_secs(1_764_000_000);
/// let issuer = Issuer::new(KeyRing::generate_hs256([1; 32], now), "https://site.example", "site");
/// let verifier: Verifier<SiteRole> = issuer.verifier();
/// # let alice = SignedIn::insecure_vouch(SignedInFacts {
/// #     username: "alice".into(), user_id: "17".into(), roles: RoleSet::from([SiteRole::Admin]), generation: 0,
/// #     session: "s1".into(), authenticated_at: now, methods: Methods::PASSWORD,
/// # });
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
    own_claims: Option<OwnClaims>,
    roles: PhantomData<fn() -> R>,
}

/// Reads an application's own claims out of the whole set.
type OwnClaims = fn(&str) -> Option<Box<dyn Any + Send + Sync>>;

impl<R: Role> Verifier<R> {
    /// A verifier of the tokens that `issuer` signs for `audience` with these keys. Both are compared byte by byte.
    pub fn new(keys: impl Into<Keys>, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let rules = TokenRules::new(TokenKind::Access, keys.into(), issuer.into(), audience.into(), role_bit::<R>);
        Self { rules, own_claims: None, roles: PhantomData }
    }

    /// Also accepts tokens of this `typ`, spelled exactly so. Defaults to `hallpass+jwt` alone, because a token of another kind
    /// must be useless here (RFC 8725 section 3.11). `JWT` is what PyJWT and jsonwebtoken write where nothing else is said.
    pub fn accept_type(mut self, typ: &str) -> Self {
        self.rules.opener.accept_type(typ);
        self
    }

    /// Also accepts tokens without a `typ`, which anything the issuer ever signs may be. Defaults to refusing them, because nothing
    /// then tells an access token from an ID token.
    pub fn insecure_accept_untyped(mut self) -> Self {
        self.rules.opener.accept_untyped();
        self
    }

    /// Tries this key on tokens without a `kid`. Defaults to no key, because a token should say which key it means.
    pub fn key_without_kid(mut self, id: KeyId) -> Self {
        self.rules.opener.set_key_without_kid(id);
        self
    }

    /// Also accepts a `user_id` that is a non-negative integer. Defaults to strings alone, because hallpass writes strings; a
    /// Starlette site with the same scheme may write numbers.
    pub fn accept_integer_user_id(mut self) -> Self {
        self.rules.integer_user_id = true;
        self
    }

    /// How far this machine's clock may be behind or ahead of the issuer's. Defaults to zero, because one machine issues and
    /// verifies; for another issuer's tokens a minute is usual.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.leeway = leeway;
        self
    }

    /// The longest life, from `iat` to `exp`, that a token may have. Defaults to 24 hours, because a stolen token lives as long as
    /// it says, and the revocation view need not remember longer than the longest.
    pub fn max_lifetime(mut self, longest: Duration) -> Self {
        self.rules.max_lifetime = longest;
        self
    }

    /// Asks this view whether a token was torn up. Defaults to none, because a service that only verifies has no view; its tokens
    /// then live until they expire.
    pub fn revocation(mut self, view: RevocationView) -> Self {
        self.rules.revocation = Some(view);
        self
    }

    /// Also reads the application's own claims, an `X` out of the whole set, for
    /// [`Identity::claims`](crate::Identity::claims); a token that does not fit `X` is refused. `X` must not deny unknown fields.
    /// Defaults to none, because reading them costs a second pass.
    pub fn with_claims<X: DeserializeOwned + Send + Sync + 'static>(mut self) -> Self {
        self.own_claims = Some(|json| Some(Box::new(serde_json::from_str::<X>(json).ok()?)));
        self
    }

    /// The keys that it verifies with, shared: replacing the ring there reaches this verifier.
    pub fn keys(&self) -> &Keys {
        &self.rules.keys
    }

    /// Verifies a token and says who it speaks for. Allocates for the identity alone.
    ///
    /// # Errors
    /// The first check that failed, in the order of [`TokenErrorKind`].
    pub fn verify(&self, token: &[u8], now: UnixTime) -> Result<Identity<R>, TokenError> {
        let mut buffer = ClaimsBuffer::new();
        let claims = self.claims(token, now, &mut buffer)?;
        let own_claims = match self.own_claims {
            Some(read) => Some(read(claims.as_json()).ok_or(TokenErrorKind::Claims)?),
            None => None,
        };
        let set = &claims.set;
        Ok(Identity::new(Facts {
            strings: Strings::new(&set.username, &set.user_id, set.session.as_deref()),
            roles: set.roles,
            roles_of: TypeId::of::<R>(),
            generation: set.generation,
            methods: set.methods,
            expires_at: set.expires_at,
            issued_at: set.issued_at,
            authenticated_at: set.authenticated_at,
            own_claims,
        }))
    }

    /// Verifies a token and lends its claims from `buffer`. Allocates nothing for a token in the layout that hallpass writes.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn claims<'b>(
        &self,
        token: &[u8],
        now: UnixTime,
        buffer: &'b mut ClaimsBuffer,
    ) -> Result<Claims<'b, R>, TokenError> {
        let (set, json) = self.rules.check(token, now, &mut buffer.0)?;
        Ok(Claims::new(set, json))
    }
}

impl<R> Clone for Verifier<R> {
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone(), own_claims: self.own_claims, roles: PhantomData }
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
