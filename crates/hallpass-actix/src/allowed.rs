//! A permission as a handler's argument.

use std::{
    fmt,
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use hallpass_core::Permission;

use crate::{Identity, refusal::Refused};

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
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let identity = Identity::admitted(&P::requirement(), request);
        ready(identity.map(|identity| Self { identity }).map_err(Refused::new))
    }
}
