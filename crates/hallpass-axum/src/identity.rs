//! The extractor for a logged-in caller, and the rejection of this crate's extractors.

use std::{fmt, ops::Deref};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use hallpass_core::{
    Authentication, Clock, Rejection, RejectionKind, Requirement, Role, RoleSet, SystemClock,
};
use hallpass_tower::RejectedRequest;
use http::request::Parts;

/// A verified caller. A value of this type proves that the caller is logged in.
///
/// As an extractor it rejects a caller who is not logged in. `Option<Identity<R>>` is `None`
/// without a token and with an invalid token. The type wraps [`hallpass_core::Identity`] and derefs
/// to it, because axum's traits can be implemented only for a crate's own types.
///
/// Both reject a request with a 500 response if there is no
/// [`AuthLayer`](hallpass_tower::AuthLayer), or if the token was verified for another role enum.
///
/// A response that depends on the caller must not be shared by a cache: set
/// `Cache-Control: no-store`, or put [`require_login`](hallpass_tower::require_login) around the
/// route, which sets it.
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
    /// Returns core's identity, without axum.
    pub fn into_inner(self) -> hallpass_core::Identity<R> {
        self.0
    }

    pub(crate) fn admitted(
        requirement: &Requirement,
        parts: &Parts,
        extractor: &'static str,
    ) -> Result<Self, Rejected> {
        let who = admit(requirement, parts, extractor)?;
        match who.identity() {
            Some(identity) => Ok(Self(identity)),
            // The requirement names no role, and the token was verified for another enum than `R`.
            None => Err(Rejected::of_guard(Rejection::new(RejectionKind::Internal), parts)),
        }
    }
}

impl<R: Role> Deref for Identity<R> {
    type Target = hallpass_core::Identity<R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The requirement that every caller of this role enum meets.
fn anyone<R: Role>() -> Requirement {
    Requirement::all_of(RoleSet::<R>::EMPTY)
}

impl<R: Role, S: Sync> FromRequestParts<S> for Identity<R> {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejected> {
        Self::admitted(&anyone::<R>(), parts, "Identity")
    }
}

impl<R: Role, S: Sync> OptionalFromRequestParts<S> for Identity<R> {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejected> {
        match Self::admitted(&anyone::<R>(), parts, "Option<Identity>") {
            Ok(identity) => Ok(Some(identity)),
            // A missing layer or another enum is an error in the service's set-up. `None` would
            // hide it.
            Err(rejected) if rejected.rejection().kind() == RejectionKind::Internal => {
                Err(rejected)
            }
            Err(_) => Ok(None),
        }
    }
}

/// The rejection of this crate's extractors.
///
/// As a response it has no body and carries the rejection. The
/// [`AuthLayer`](hallpass_tower::AuthLayer) renders it.
#[derive(Debug)]
#[must_use]
pub struct Rejected(hallpass_tower::Rejected);

impl Rejected {
    /// Creates the rejection of this request. A site's own extractor may return it (for its own
    /// limit, for a store that is down), so that the response looks like the others.
    pub fn new(rejection: Rejection, parts: &Parts) -> Self {
        Self(hallpass_tower::Rejected::new(rejection, RejectedRequest::of_parts(parts)))
    }

    /// Returns the reason.
    pub fn rejection(&self) -> Rejection {
        self.0.rejection()
    }

    fn of_guard(rejection: Rejection, parts: &Parts) -> Self {
        if rejection.kind() == RejectionKind::Internal {
            tracing::error!(target: "hallpass", "rejected, because the handler requires another role enum than the token was verified for");
        }
        Self::new(rejection, parts)
    }
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Returns the caller if the caller meets the requirement.
fn admit<'p>(
    requirement: &Requirement,
    parts: &'p Parts,
    extractor: &'static str,
) -> Result<&'p Authentication, Rejected> {
    let Some(who) = parts.extensions.get::<Authentication>() else {
        return Err(Rejected(hallpass_tower::Rejected::without_layer(
            extractor,
            RejectedRequest::of_parts(parts),
        )));
    };
    let now = who.moment().unwrap_or_else(|| SystemClock.now());
    match requirement.admit(who, now) {
        Ok(()) => Ok(who),
        Err(rejection) => Err(Rejected::of_guard(rejection, parts)),
    }
}
