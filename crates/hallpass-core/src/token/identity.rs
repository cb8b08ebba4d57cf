//! The verified caller.

use std::{any::TypeId, fmt, marker::PhantomData, ops::Deref, sync::Arc};

use crate::token::{
    claims::Claims,
    role::{Role, RoleSet},
    until_revoked::UntilRevoked,
};

/// A verified caller and the roles of the token.
///
/// It dereferences to the token's [`Claims`], and `R` is the role enum of the application. Only
/// verification creates it. The claims are one shared allocation, so a clone only increments a
/// reference count. It does not contain the token, so the token cannot get into a log.
pub struct Identity<R> {
    claims: Arc<Claims<'static>>,
    roles: PhantomData<fn() -> R>,
}

impl<R: Role> Identity<R> {
    pub(crate) fn new(claims: Arc<Claims<'static>>) -> Self {
        debug_assert_eq!(claims.roles_of, TypeId::of::<R>(), "claims of another role enum");
        Self { claims, roles: PhantomData }
    }

    pub(crate) fn into_claims(self) -> Arc<Claims<'static>> {
        self.claims
    }

    /// Returns the roles of the token that `R` has. A name that `R` does not have gives no role.
    pub fn roles(&self) -> RoleSet<R> {
        RoleSet::from_bits(self.claims.roles)
    }

    /// Returns a future that completes when the token is no longer accepted, with the reason. A
    /// WebSocket or a stream of events must wait for it, because a request is checked only when it
    /// begins: without it, the stream continues after a logout or a disabled account.
    ///
    /// It completes when the session is ended, when the account is logged out or disabled, when its
    /// password, second factor or roles change, when all sessions of the site are ended, and at the
    /// expiry of the token. A browser then opens the stream again with its current token. On the
    /// node of the change it completes immediately, and on every other node when the revocation
    /// arrives there. If nothing maintains the [revocation list](crate::RevocationList::maintain)
    /// of the verifier, it completes immediately with
    /// [`Unavailable`](crate::TokenErrorKind::Unavailable).
    ///
    /// The future may be dropped at any time, and leaves nothing in the list.
    ///
    /// ```
    /// # use hallpass_core::{Claims, Issuer, KeyRing, LoggedIn, RevocationList, Role, RoleSet, TokenErrorKind, UnixTime};
    /// # use std::{pin::pin, task::{Context, Poll, Waker}};
    /// # #[derive(Role)]
    /// # enum SiteRole { Guest }
    /// # let now = UnixTime::from_secs(1_764_000_000);
    /// # let issuer = Issuer::new(KeyRing::generate_hs256([1; 32], now), "https://site.example", "site");
    /// # let alice = LoggedIn::<SiteRole>::insecure_new(Claims::new("17", 0, now).with_username("alice"), RoleSet::EMPTY);
    /// # let token = issuer.issue(&alice, now)?;
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// let revocations = RevocationList::new();
    /// let verifier = issuer.verifier::<SiteRole>().revocation(revocations.clone());
    /// let identity = verifier.verify(token.as_str().as_bytes(), now)?;
    /// let maintenance = revocations.maintain(); // in a site, the background task has it
    ///
    /// let mut revoked = pin!(identity.revoked());
    /// assert_eq!(revoked.as_mut().poll(&mut cx), Poll::Pending);
    /// revocations.revoke_below("17", 1, token.expires_at());
    /// assert_eq!(revoked.as_mut().poll(&mut cx), Poll::Ready(TokenErrorKind::Revoked));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revoked(&self) -> UntilRevoked {
        UntilRevoked::new(Arc::clone(&self.claims))
    }
}

impl<R> Deref for Identity<R> {
    type Target = Claims<'static>;

    fn deref(&self) -> &Claims<'static> {
        &self.claims
    }
}

impl<R> Clone for Identity<R> {
    fn clone(&self) -> Self {
        Self { claims: Arc::clone(&self.claims), roles: PhantomData }
    }
}

impl<R: Role> fmt::Debug for Identity<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("username", &self.username())
            .field("user_id", &self.user_id())
            .field("roles", &self.roles())
            .field("generation", &self.generation())
            .field("session", &self.session())
            .field("expires_at", &self.expires_at())
            .field("methods", &self.methods())
            .finish_non_exhaustive()
    }
}
