//! The signed-in caller as a handler's argument, and the rejection of this crate's extractors.

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

/// The verified caller, and the proof that there is one.
///
/// As an extractor it refuses who is not signed in; as `Option<Identity<R>>` it refuses nobody, and
/// no token and a bad one are both `None`. It is [`hallpass_core::Identity`], which it derefs to,
/// under a name of this crate, since axum's traits can only be implemented for one's own types.
///
/// A handler that shows who asks sends an answer that no cache may share: set `Cache-Control:
/// no-store`, or put [`require_login`](hallpass_tower::require_login) around the route, which does.
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
    /// The caller without axum.
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
            // Admitted by a requirement that names no role, and verified for another enum than `R`.
            None => Err(Rejected::of_guard(Rejection::new(RejectionKind::Misconfigured), parts)),
        }
    }
}

impl<R: Role> Deref for Identity<R> {
    type Target = hallpass_core::Identity<R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A caller of this role enum, whatever their roles.
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
            // A missing layer or another enum is the service's fault, and would hide for ever
            // behind a `None`.
            Err(rejected) if rejected.rejection().kind() == RejectionKind::Misconfigured => {
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
    /// Rejects this request. A site's own extractor may use it (its own limit, a store that is
    /// down), so that the response looks like the others.
    pub fn new(rejection: Rejection, parts: &Parts) -> Self {
        Self(hallpass_tower::Rejected::new(rejection, RejectedRequest::of_parts(parts)))
    }

    /// Returns the reason.
    pub fn rejection(&self) -> Rejection {
        self.0.rejection()
    }

    fn of_guard(rejection: Rejection, parts: &Parts) -> Self {
        if rejection.kind() == RejectionKind::Misconfigured {
            tracing::error!(target: "hallpass", "rejected, because the handler asks for another role enum than the token was verified for");
        }
        Self::new(rejection, parts)
    }
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Who asks, if they meet the requirement.
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
