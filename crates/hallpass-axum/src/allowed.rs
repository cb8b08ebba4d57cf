//! The extractor for a caller with a permission.

use std::{fmt, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use hallpass_core::{Permission, RejectionKind};
use http::request::Parts;

use crate::identity::{Identity, Rejected};

/// A caller with a permission. The extractor rejects any other caller, so a value of this type
/// proves the permission.
///
/// Functions that must not run without the permission can take it by reference.
/// `Option<Allowed<P>>` is `None` for any other caller, for example to show a link only to callers
/// who may follow it.
///
/// Both reject a request with a 500 response if there is no
/// [`AuthLayer`](hallpass_tower::AuthLayer), or if the token was verified for another role enum.
///
/// ```
/// use hallpass_axum::Allowed;
/// use hallpass_core::{Permission, Requirement, Role};
///
/// #[derive(Role, PartialEq, Eq, PartialOrd, Ord)]
/// enum SiteRole { Guest, Moderator, Admin }
///
/// struct HidePosts;
///
/// impl Permission for HidePosts {
///     type Role = SiteRole;
///
///     fn requirement() -> Requirement {
///         Requirement::at_least(SiteRole::Moderator)
///     }
/// }
///
/// async fn hide(moderator: Allowed<HidePosts>) -> String {
///     format!("hidden by {}", moderator.username())
/// }
/// # let _: axum::Router = axum::Router::new().route("/hide", axum::routing::post(hide));
/// ```
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

impl<P: Permission, S: Sync> FromRequestParts<S> for Allowed<P> {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejected> {
        let identity = Identity::admitted(&P::requirement(), parts, "Allowed")?;
        Ok(Self { identity })
    }
}

impl<P: Permission, S: Sync> OptionalFromRequestParts<S> for Allowed<P> {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejected> {
        match Identity::admitted(&P::requirement(), parts, "Option<Allowed>") {
            Ok(identity) => Ok(Some(Self { identity })),
            // As with `Option<Identity>`: `None` would hide an error in the service's set-up.
            Err(rejected) if rejected.rejection().kind() == RejectionKind::Internal => {
                Err(rejected)
            }
            Err(_) => Ok(None),
        }
    }
}
