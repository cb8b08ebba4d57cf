//! The verified caller, under one name for every framework.

use std::{fmt, ops::Deref};

use hallpass_core::Role;

/// The verified caller, and the proof that there is one.
///
/// As an extractor of axum (feature `axum`) or actix-web (feature `actix`) it rejects a request without a valid token; as
/// `Option<Identity<R>>` it rejects none, and a missing token and an invalid one are both `None`. It derefs to
/// [`hallpass_core::Identity`], whose methods return name, roles and the rest.
///
/// It is one type whatever features are on. A response that depends on the caller must not be cached: set
/// `Cache-Control: no-store`, or put `require_login` around the route, which does.
pub struct Identity<R: Role>(hallpass_core::Identity<R>);

impl<R: Role> Identity<R> {
    /// Returns the caller as the core crate has it.
    pub fn into_inner(self) -> hallpass_core::Identity<R> {
        self.0
    }
}

impl<R: Role> From<hallpass_core::Identity<R>> for Identity<R> {
    fn from(identity: hallpass_core::Identity<R>) -> Self {
        Self(identity)
    }
}

// By hand, because the derived ones would require the same of `R`.
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

#[cfg(feature = "axum")]
mod on_axum {
    use axum::{
        extract::{FromRequestParts, OptionalFromRequestParts},
        http::request::Parts,
    };
    use hallpass_axum::Rejected;
    use hallpass_core::Role;

    use super::Identity;

    impl<R: Role, S: Sync> FromRequestParts<S> for Identity<R> {
        type Rejection = Rejected;

        async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejected> {
            let caller = <hallpass_axum::Identity<R> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
            Ok(Self(caller.into_inner()))
        }
    }

    impl<R: Role, S: Sync> OptionalFromRequestParts<S> for Identity<R> {
        type Rejection = Rejected;

        async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejected> {
            let caller =
                <hallpass_axum::Identity<R> as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
            Ok(caller.map(|caller| Self(caller.into_inner())))
        }
    }
}

#[cfg(feature = "actix")]
mod on_actix {
    use std::future::{Ready, ready};

    use actix_web::{FromRequest, HttpRequest, dev::Payload};
    use hallpass_actix::Rejected;
    use hallpass_core::Role;

    use super::Identity;

    impl<R: Role> FromRequest for Identity<R> {
        type Error = Rejected;
        type Future = Ready<Result<Self, Rejected>>;

        fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
            let caller = hallpass_actix::Identity::<R>::from_request(request, payload).into_inner();
            ready(caller.map(|caller| Self(caller.into_inner())))
        }
    }
}
