//! The verified caller, under one name for every framework.

use std::{fmt, ops::Deref};

#[cfg(any(feature = "actix", feature = "axum"))]
use hallpass_core::Permission;
use hallpass_core::Role;

/// The verified caller. A value of this type is the proof that the request has a valid token.
///
/// It is an extractor of axum (feature `axum`) and of actix-web (feature `actix`), which rejects a
/// request without a valid token. `Option<Identity<R>>` rejects no request: it is `None` for a
/// missing token and for an invalid token. `Identity` derefs to [`hallpass_core::Identity`], whose
/// methods return the user name, the roles and the other claims.
///
/// A response that depends on the caller must not be cached: set `Cache-Control: no-store`, or put
/// `require_login` around the route, which sets that header.
pub struct Identity<R: Role>(hallpass_core::Identity<R>);

impl<R: Role> Identity<R> {
    /// Returns the caller as the type of the core crate.
    pub fn into_inner(self) -> hallpass_core::Identity<R> {
        self.0
    }
}

impl<R: Role> From<hallpass_core::Identity<R>> for Identity<R> {
    fn from(identity: hallpass_core::Identity<R>) -> Self {
        Self(identity)
    }
}

// Not derived, because a derived implementation would require `R: Clone` or `R: Debug`.
impl<R: Role> Clone for Identity<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Role> fmt::Debug for Identity<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<R: Role> Deref for Identity<R> {
    type Target = hallpass_core::Identity<R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A caller who has the permission `P`. The extractor rejects every other caller, so a value of
/// this type is the proof of the permission.
///
/// A function that must not run without the permission can take this value by reference.
/// `Option<Allowed<P>>` rejects no caller. Use it to show a link only to callers who may follow it.
///
/// ```
/// use hallpass::{Allowed, Permission, Requirement, Role};
///
/// #[derive(Role, PartialEq, Eq, PartialOrd, Ord)]
/// enum SiteRole {
///     Guest,
///     Moderator,
///     Admin,
/// }
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
/// # let _ = hide;
/// ```
#[cfg(any(feature = "actix", feature = "axum"))]
#[must_use]
pub struct Allowed<P: Permission> {
    identity: Identity<P::Role>,
}

#[cfg(any(feature = "actix", feature = "axum"))]
impl<P: Permission> Allowed<P> {
    /// Returns the caller, without the proof.
    pub fn into_identity(self) -> Identity<P::Role> {
        self.identity
    }
}

#[cfg(any(feature = "actix", feature = "axum"))]
impl<P: Permission> Deref for Allowed<P> {
    type Target = Identity<P::Role>;

    fn deref(&self) -> &Self::Target {
        &self.identity
    }
}

#[cfg(any(feature = "actix", feature = "axum"))]
impl<P: Permission> fmt::Debug for Allowed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Allowed").field(&self.identity).finish()
    }
}

#[cfg(feature = "axum")]
mod on_axum {
    use axum::{
        extract::{FromRequestParts, OptionalFromRequestParts},
        http::request::Parts,
    };
    use hallpass_axum::Rejected;
    use hallpass_core::{Permission, Role};

    use super::{Allowed, Identity};

    impl<P: Permission, S: Sync> FromRequestParts<S> for Allowed<P> {
        type Rejection = Rejected;

        async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejected> {
            let allowed = <hallpass_axum::Allowed<P> as FromRequestParts<S>>::from_request_parts(
                parts, state,
            )
            .await?;
            Ok(Self { identity: Identity(allowed.into_identity().into_inner()) })
        }
    }

    impl<P: Permission, S: Sync> OptionalFromRequestParts<S> for Allowed<P> {
        type Rejection = Rejected;

        async fn from_request_parts(
            parts: &mut Parts,
            state: &S,
        ) -> Result<Option<Self>, Rejected> {
            let allowed =
                <hallpass_axum::Allowed<P> as OptionalFromRequestParts<S>>::from_request_parts(
                    parts, state,
                )
                .await?;
            Ok(allowed
                .map(|allowed| Self { identity: Identity(allowed.into_identity().into_inner()) }))
        }
    }

    impl<R: Role, S: Sync> FromRequestParts<S> for Identity<R> {
        type Rejection = Rejected;

        async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejected> {
            let caller = <hallpass_axum::Identity<R> as FromRequestParts<S>>::from_request_parts(
                parts, state,
            )
            .await?;
            Ok(Self(caller.into_inner()))
        }
    }

    impl<R: Role, S: Sync> OptionalFromRequestParts<S> for Identity<R> {
        type Rejection = Rejected;

        async fn from_request_parts(
            parts: &mut Parts,
            state: &S,
        ) -> Result<Option<Self>, Rejected> {
            let caller =
                <hallpass_axum::Identity<R> as OptionalFromRequestParts<S>>::from_request_parts(
                    parts, state,
                )
                .await?;
            Ok(caller.map(|caller| Self(caller.into_inner())))
        }
    }
}

#[cfg(feature = "actix")]
mod on_actix {
    use std::future::{Ready, ready};

    use actix_web::{FromRequest, HttpRequest, dev::Payload};
    use hallpass_actix::Rejected;
    use hallpass_core::{Permission, Role};

    use super::{Allowed, Identity};

    impl<P: Permission> FromRequest for Allowed<P> {
        type Error = Rejected;
        type Future = Ready<Result<Self, Rejected>>;

        fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
            let allowed = hallpass_actix::Allowed::<P>::from_request(request, payload).into_inner();
            ready(
                allowed.map(|allowed| Self {
                    identity: Identity(allowed.into_identity().into_inner()),
                }),
            )
        }
    }

    impl<R: Role> FromRequest for Identity<R> {
        type Error = Rejected;
        type Future = Ready<Result<Self, Rejected>>;

        fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
            let caller = hallpass_actix::Identity::<R>::from_request(request, payload).into_inner();
            ready(caller.map(|caller| Self(caller.into_inner())))
        }
    }
}
