//! The signed-in caller as a handler's argument, and the one who holds a permission.

use std::{
    fmt,
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use hallpass_core::{Permission, Rejection, RejectionKind, Requirement, Role, RoleSet};

use crate::authentication::{Rejected, admit};

/// The verified caller, and the proof that there is one.
///
/// As an extractor it refuses who is not signed in; as `Option<Identity<R>>` it refuses nobody, and
/// no token and a bad one are both `None`. It is [`hallpass_core::Identity`], which it derefs to,
/// under a name of this crate, since actix-web's trait can only be implemented for one's own types.
///
/// actix-web makes `None` of every refusal, a missing [`AuthLayer`](crate::AuthLayer) included;
/// that one is logged as an error.
///
/// A handler that shows who asks sends an answer that no cache may share: set `Cache-Control:
/// no-store`, or wrap the resource in [`require_login`](crate::require_login), which does.
pub struct Identity<R: Role>(hallpass_core::Identity<R>);

// By hand, because the derived ones would require the same of `R`.
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
    /// The caller without actix-web.
    pub fn into_inner(self) -> hallpass_core::Identity<R> {
        self.0
    }

    pub(crate) fn admitted(
        requirement: &Requirement,
        request: &HttpRequest,
    ) -> Result<Self, Rejection> {
        let who = admit(requirement, request.extensions())?;
        // Admitted by a requirement that names no role, and verified for another enum than `R`:
        // `None`.
        who.identity().map(Self).ok_or(RejectionKind::Misconfigured.into())
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

/// A caller who may: the extractor refuses any other, so holding one is the proof.
///
/// Functions further in that must not run without the permission can ask for it by reference.
#[must_use]
pub struct Allowed<P: Permission> {
    identity: Identity<P::Role>,
}

impl<P: Permission> Allowed<P> {
    /// The caller, without the proof.
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
