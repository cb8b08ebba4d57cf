//! Who is calling, once their token has been verified.
//!
//! [`Identity`] is what a handler gets; it exists only by verification. It is one shared allocation, the strings in it, so that handing
//! it through layers, extensions and extractors costs a reference count. It carries no token: what was never kept cannot leak into a
//! log.

use std::{
    any::{Any, TypeId},
    fmt,
    marker::PhantomData,
    sync::Arc,
};

use crate::{
    revocation::outcome::TokenFacts,
    time::unix_time::UnixTime,
    token::{
        claims::Times,
        methods::Methods,
        role::{Role, RoleSet},
    },
};

mod strings;

pub(crate) use strings::Strings;

/// A verified caller and the roles that the token grants.
///
/// `R` is the application's role enum. Two handles on one verification share their content.
pub struct Identity<R> {
    pub(crate) facts: Arc<Facts>,
    roles: PhantomData<fn() -> R>,
}

impl<R: Role> Identity<R> {
    pub(crate) fn new(facts: Facts) -> Self {
        Self::from_shared(Arc::new(facts))
    }

    pub(crate) fn shared_facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    pub(crate) fn from_shared(facts: Arc<Facts>) -> Self {
        debug_assert_eq!(facts.roles_of, TypeId::of::<R>(), "facts of another role enum");
        Self { facts, roles: PhantomData }
    }

    /// The name the user signed in with, as the account shows it (`sub`).
    pub fn username(&self) -> &str {
        self.facts.username()
    }

    /// The name to show. It is the [user name](Self::username).
    pub fn display_name(&self) -> &str {
        self.facts.username()
    }

    /// The account's identifier (`user_id`).
    pub fn user_id(&self) -> &str {
        self.facts.user_id()
    }

    /// The roles that the token grants, out of those that `R` knows; a name that `R` does not know grants nothing.
    pub fn roles(&self) -> RoleSet<R> {
        RoleSet::from_bits(self.facts.roles)
    }

    /// The token generation (`gen`); 0 where the token names none.
    pub fn generation(&self) -> u32 {
        self.facts.generation
    }

    /// The session that the token belongs to (`sid`).
    pub fn session(&self) -> Option<&str> {
        self.facts.session()
    }

    /// The moment from which the token is dead (`exp`).
    pub fn expires_at(&self) -> UnixTime {
        self.facts.times.expires_at
    }

    /// When the token was made (`iat`).
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.facts.times.issued_at
    }

    /// When the user last proved who they are (`auth_time`); a refreshed token keeps it.
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        self.facts.times.authenticated_at
    }

    /// How the user proved it (`amr`).
    pub fn methods(&self) -> Methods {
        self.facts.methods
    }

    /// The application's own claims, where the verifier was told to read an `X`
    /// ([`Verifier::with_claims`](crate::Verifier::with_claims)); `None` where it was not, or read another type.
    pub fn claims<X: 'static>(&self) -> Option<&X> {
        self.facts.own_claims.as_deref().and_then(|claims| (claims as &dyn Any).downcast_ref())
    }
}

impl<R> Clone for Identity<R> {
    fn clone(&self) -> Self {
        Self { facts: Arc::clone(&self.facts), roles: PhantomData }
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

/// What a verified token says, without the role enum's type.
pub(crate) struct Facts {
    pub(crate) strings: Strings,
    pub(crate) roles: u64,
    pub(crate) roles_of: TypeId,
    pub(crate) generation: u32,
    pub(crate) methods: Methods,
    pub(crate) times: Times,
    pub(crate) own_claims: Option<Box<dyn Any + Send + Sync>>,
}

impl Facts {
    pub(crate) fn username(&self) -> &str {
        self.strings.username()
    }

    pub(crate) fn user_id(&self) -> &str {
        self.strings.user_id()
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.strings.session()
    }

    /// What the revocation view wants to know.
    pub(crate) fn for_revocation(&self) -> TokenFacts<'_> {
        TokenFacts {
            user_id: self.user_id(),
            generation: self.generation,
            session: self.session(),
            expires_at: self.times.expires_at,
        }
    }

    /// The role set's bits, of the enum that [`roles_of`](Self::roles_of) names.
    pub(crate) fn role_bits(&self) -> u64 {
        self.roles
    }

    pub(crate) fn roles_of(&self) -> TypeId {
        self.roles_of
    }

    pub(crate) fn methods(&self) -> Methods {
        self.methods
    }

    pub(crate) fn authenticated_at(&self) -> Option<UnixTime> {
        self.times.authenticated_at
    }
}
