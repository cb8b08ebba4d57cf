//! The proof of a login, and the data from which each kind of token is issued.

use std::{any::TypeId, fmt, marker::PhantomData, ops::Deref};

use crate::token::{
    claims::Claims,
    issued_token::{Access, TokenKind, Unprivileged},
    role::{Role, RoleSet},
};

/// A completed login. Access tokens are issued only from it.
///
/// The login flow creates it in one place, after the password and, if it is required, the second
/// factor. It cannot be cloned, so one login gives one value.
#[must_use = "a login has no effect until a token is issued for it"]
pub struct LoggedIn<R> {
    claims: Claims<'static>,
    roles: PhantomData<fn() -> R>,
}

impl<R: Role> LoggedIn<R> {
    /// Declares without any check that this user logged in. Code that calls it can log in as any
    /// user. It is for the login flow after its checks, for tests, and for an operator's tool.
    pub fn insecure_new(claims: Claims<'_>, roles: impl Into<RoleSet<R>>) -> Self {
        let claims = Claims {
            roles: roles.into().bits(),
            roles_of: TypeId::of::<R>(),
            ..claims.into_owned()
        };
        Self { claims, roles: PhantomData }
    }

    /// Returns the account's roles.
    pub fn roles(&self) -> RoleSet<R> {
        RoleSet::from_bits(self.claims.roles)
    }
}

impl<R> Deref for LoggedIn<R> {
    type Target = Claims<'static>;

    fn deref(&self) -> &Claims<'static> {
        &self.claims
    }
}

impl<R: Role> fmt::Debug for LoggedIn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedIn")
            .field("username", &self.username())
            .field("user_id", &self.user_id())
            .field("roles", &self.roles())
            .finish_non_exhaustive()
    }
}

/// The data from which a token is issued: a [`LoggedIn`] for an access token, [`Claims`] for the
/// other kinds.
#[diagnostic::on_unimplemented(
    message = "no token can be issued from `{Self}`",
    label = "this type is neither a `LoggedIn` nor the `Claims` of an unprivileged kind",
    note = "an access token is issued from a `LoggedIn`, which the login flow returns: after the password, and after \
            the second factor where it is required"
)]
pub trait TokenSubject: sealed::Sealed {
    /// The kind of the token.
    type Kind: TokenKind;

    #[doc(hidden)]
    fn claims_to_sign(&self) -> &Claims<'_, Self::Kind>;

    #[doc(hidden)]
    fn role_names(&self) -> impl Iterator<Item = &'static str>;
}

mod sealed {
    pub trait Sealed {}
}

impl<R: Role> sealed::Sealed for LoggedIn<R> {}

impl<R: Role> TokenSubject for LoggedIn<R> {
    type Kind = Access;

    fn claims_to_sign(&self) -> &Claims<'_> {
        &self.claims
    }

    fn role_names(&self) -> impl Iterator<Item = &'static str> {
        self.roles().iter().map(|role| role.name())
    }
}

impl<K: Unprivileged> sealed::Sealed for Claims<'_, K> {}

impl<K: Unprivileged> TokenSubject for Claims<'_, K> {
    type Kind = K;

    fn claims_to_sign(&self) -> &Claims<'_, K> {
        self
    }

    fn role_names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }
}
