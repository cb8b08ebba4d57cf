//! Extractors for a logged-in caller and for a caller with a permission.

use std::{
    fmt,
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use hallpass_core::{Permission, Rejection, RejectionKind, Requirement, Role, RoleSet};

use crate::authentication::{Rejected, admit};

/// A verified caller. A value of this type proves that the caller is logged in.
///
/// As an extractor it rejects a caller who is not logged in. `Option<Identity<R>>` is `None`
/// without a token and with an invalid token. The type wraps [`hallpass_core::Identity`] and derefs
/// to it, because actix-web's trait can be implemented only for a crate's own types.
///
/// actix-web turns every rejection into `None`, also that of a missing
/// [`AuthLayer`](crate::AuthLayer), which is logged as an error.
///
/// A response that depends on the caller must not be shared by a cache: set
/// `Cache-Control: no-store`, or wrap the resource in [`require_login`](crate::require_login),
/// which sets it.
pub struct Identity<R: Role>(hallpass_core::Identity<R>);

// Implemented by hand, because the derived implementations would require the same of `R`.
impl<R: Role> Clone for Identity<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Role> fmt::Debug for Identity<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.0).finish()
    }
}

impl<R: Role> Identity<R> {
    /// Returns core's identity, without actix-web.
    pub fn into_inner(self) -> hallpass_core::Identity<R> {
        self.0
    }

    pub(crate) fn admitted(
        requirement: &Requirement,
        request: &HttpRequest,
    ) -> Result<Self, Rejection> {
        let who = admit(requirement, request.extensions())?;
        // The requirement names no role, and the token was verified for another enum than `R`.
        who.identity().map(Self).ok_or(RejectionKind::Internal.into())
    }
}

impl<R: Role> Deref for Identity<R> {
    type Target = hallpass_core::Identity<R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R: Role> FromRequest for Identity<R> {
    type Error = Rejected;
    type Future = Ready<Result<Self, Rejected>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let anyone = Requirement::all_of(RoleSet::<R>::EMPTY);
        ready(Self::admitted(&anyone, request).map_err(Rejected::new))
    }
}

/// A caller with a permission. The extractor rejects any other caller, so a value of this type
/// proves the permission.
///
/// Functions that must not run without the permission can take it by reference.
#[must_use]
pub struct Allowed<P: Permission> {
    identity: Identity<P::Role>,
}

impl<P: Permission> Allowed<P> {
    /// Returns the caller, without the proof.
    pub fn into_identity(self) -> Identity<P::Role> {
        self.identity
    }
}

impl<P: Permission> Deref for Allowed<P> {
    type Target = Identity<P::Role>;

    fn deref(&self) -> &Self::Target {
        &self.identity
    }
}

impl<P: Permission> fmt::Debug for Allowed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Allowed").field(&self.identity).finish()
    }
}

impl<P: Permission> FromRequest for Allowed<P> {
    type Error = Rejected;
    type Future = Ready<Result<Self, Rejected>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let identity = Identity::admitted(&P::requirement(), request);
        ready(identity.map(|identity| Self { identity }).map_err(Rejected::new))
    }
}
