//! The claims of a token: one type from the reader to the handler.
//!
//! [`Claims`] borrows its strings from the payload while a token is verified. Afterwards, in the
//! [`Identity`](crate::Identity) of a request and in the cache, it owns them. `iss` and `aud` are
//! compared while reading and not stored.

use std::{
    any::{Any, TypeId},
    fmt,
    marker::PhantomData,
    sync::Arc,
};

use crate::{
    revocation::{list::RevocationList, outcome::TokenFacts},
    time::unix_time::UnixTime,
    token::{
        issued_token::Access,
        methods::Methods,
        role::{Role, RoleSet},
        text::Text,
    },
};

/// The claims of a token of kind `K`.
///
/// Claims are not a proof. [`Identity`](crate::Identity) is the proof of a verified access token,
/// and an access token is issued from a [`LoggedIn`](crate::LoggedIn).
pub struct Claims<'b, K = Access> {
    pub(crate) username: Text<'b>,
    pub(crate) user_id: Text<'b>,
    pub(crate) session: Option<Text<'b>>,
    /// Bits of the role set. Names that the role enum does not have are omitted.
    pub(crate) roles: u64,
    /// The role enum, or `()` if no role enum was set.
    pub(crate) roles_of: TypeId,
    pub(crate) generation: u32,
    pub(crate) epoch: u64,
    pub(crate) methods: Methods,
    pub(crate) times: Times,
    /// The site's own claims, of the type that the verifier reads.
    pub(crate) own: Option<OwnClaims>,
    /// The list that the verifier checks, for [`Identity::revoked`](crate::Identity::revoked). It
    /// is here and not in the identity, because an identity is cloned several times per request,
    /// and all requests would write to the reference count of the one list.
    pub(crate) revocations: Option<RevocationList>,
    pub(crate) kind: PhantomData<fn() -> K>,
}

/// A site's own claims, as a value of the site's type.
pub(crate) type OwnClaims = Arc<dyn Any + Send + Sync>;

impl<'b, K> Claims<'b, K> {
    /// Creates the claims of a login by password at `now`: without roles and session, and with the
    /// account's identifier as the user name.
    pub fn new(user_id: &'b str, generation: u32, now: UnixTime) -> Self {
        Self {
            username: user_id.into(),
            user_id: user_id.into(),
            session: None,
            roles: 0,
            roles_of: TypeId::of::<()>(),
            generation,
            epoch: 0,
            methods: Methods::PASSWORD,
            times: Times {
                expires_at: now,
                issued_at: Some(now),
                not_before: None,
                authenticated_at: Some(now),
            },
            own: None,
            revocations: None,
            kind: PhantomData,
        }
    }

    /// Sets the user name (`sub`).
    #[must_use]
    pub fn with_username(self, username: &'b str) -> Self {
        Self { username: username.into(), ..self }
    }

    /// Sets the session (`sid`), or the random name of the enrolment.
    #[must_use]
    pub fn with_session(self, session: impl Into<Option<&'b str>>) -> Self {
        Self { session: session.into().map(Into::into), ..self }
    }

    /// Sets the site's epoch at the time of issue (`ep`). Defaults to 0.
    #[must_use]
    pub fn with_epoch(self, epoch: u64) -> Self {
        Self { epoch, ..self }
    }

    /// Sets the methods of the login (`amr`).
    #[must_use]
    pub fn with_methods(self, methods: Methods) -> Self {
        Self { methods, ..self }
    }

    /// Sets the time of the login (`auth_time`).
    #[must_use]
    pub fn with_authenticated_at(mut self, at: UnixTime) -> Self {
        self.times.authenticated_at = Some(at);
        self
    }

    /// Returns the same claims with owned strings.
    pub fn into_owned(self) -> Claims<'static, K> {
        self.convert(Text::into_owned)
    }

    /// Sets the kind, which the token's `typ` names.
    pub(crate) fn of_kind<L>(self) -> Claims<'b, L> {
        self.convert(|text| text)
    }

    fn convert<'c, L>(self, text: impl Fn(Text<'b>) -> Text<'c>) -> Claims<'c, L> {
        Claims {
            username: text(self.username),
            user_id: text(self.user_id),
            session: self.session.map(text),
            roles: self.roles,
            roles_of: self.roles_of,
            generation: self.generation,
            epoch: self.epoch,
            methods: self.methods,
            times: self.times,
            own: self.own,
            revocations: self.revocations,
            kind: PhantomData,
        }
    }

    /// Returns the user name (`sub`).
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the account's identifier (`user_id`).
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Returns the roles of the token that `R` has. The set is empty if the claims were read for
    /// another role enum.
    pub fn roles<R: Role>(&self) -> RoleSet<R> {
        RoleSet::from_bits(if self.roles_of == TypeId::of::<R>() { self.roles } else { 0 })
    }

    /// Returns the token generation (`gen`), or 0 if the token has none.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Returns the site's epoch at the time of issue (`ep`), or 0 if the token has none.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the session of the token (`sid`), or the random name of the enrolment.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Returns the time from which the token is expired (`exp`).
    pub fn expires_at(&self) -> UnixTime {
        self.times.expires_at
    }

    /// Returns the time at which the token was issued (`iat`).
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.times.issued_at
    }

    /// Returns the time of the user's last login (`auth_time`). A refreshed token keeps it.
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        self.times.authenticated_at
    }

    /// Returns the methods of the login (`amr`).
    pub fn methods(&self) -> Methods {
        self.methods
    }

    /// Returns the site's own claims if the verifier reads an `X`
    /// ([`Verifier::with_claims`](crate::Verifier::with_claims)). Returns `None` if the verifier
    /// reads no own claims or another type.
    pub fn claims<X: 'static>(&self) -> Option<&X> {
        self.own.as_deref().and_then(|own| (own as &dyn Any).downcast_ref())
    }

    /// Returns the claims that the revocation list checks.
    pub(crate) fn for_revocation(&self) -> TokenFacts<'_> {
        TokenFacts {
            user_id: self.user_id(),
            generation: self.generation,
            epoch: self.epoch,
            session: self.session(),
            expires_at: self.times.expires_at,
        }
    }
}

// Implemented by hand, because the derived implementation would require `K: Clone`.
impl<K> Clone for Claims<'_, K> {
    fn clone(&self) -> Self {
        Self {
            username: self.username.clone(),
            user_id: self.user_id.clone(),
            session: self.session.clone(),
            own: self.own.clone(),
            revocations: self.revocations.clone(),
            ..*self
        }
    }
}

impl<K> fmt::Debug for Claims<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("username", &self.username())
            .field("user_id", &self.user_id())
            .field("generation", &self.generation)
            .field("epoch", &self.epoch)
            .field("session", &self.session())
            .field("expires_at", &self.times.expires_at)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}

/// The times of a token (RFC 7519 sections 4.1.4 to 4.1.6, OpenID Connect Core section 2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Times {
    pub(crate) expires_at: UnixTime,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) authenticated_at: Option<UnixTime>,
}

/// Returns the bit of the role with this name, or 0 if the application's enum has no such role.
pub(crate) type RoleBit = fn(&str) -> u64;

/// The latest time that a claim may have, in Unix seconds: the end of the year 9999. A later time
/// can overflow in the date library of the application.
pub(crate) const LATEST: u64 = 253_402_300_799;

/// Returns whether a user name, an identifier or a session may have this byte. A control character
/// could get into logs and headers.
pub(crate) const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f
}
