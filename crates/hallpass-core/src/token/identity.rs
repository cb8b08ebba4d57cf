//! The verified caller.

use std::{any::TypeId, fmt, marker::PhantomData, ops::Deref, sync::Arc};

use crate::token::{
    claims::Claims,
    role::{Role, RoleSet},
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
