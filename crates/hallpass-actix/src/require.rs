//! The guards: a requirement around a scope or a resource, or as a routing guard.
//!
//! A guard needs no settings and no role enum beyond its own: it asks core about the caller that [`Auth`](crate::Auth) found,
//! and on a no it leaves the denial on a bare response for `Auth` to word. The handler is not called.
//!
//! What a guard lets through depends on who asked, so the answer must not be shared: unless the handler says otherwise, it is sent
//! with `Cache-Control: no-store`. Without it, a cache may keep the answer to a request with a cookie and hand it to the next
//! person (RFC 9111 section 3; only `Authorization` forbids that by itself).

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, EitherBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    guard::{Guard, GuardContext},
    http::header::{CACHE_CONTROL, HeaderValue},
};
use hallpass_core::{Requirement, Role, RoleSet};
use pin_project_lite::pin_project;

use crate::{authentication::admit, refusal::refuse};

/// Lets signed-in callers through.
#[must_use]
pub fn require_login() -> Require {
    Require::new(Requirement::login())
}

/// Lets callers through who have every one of these roles.
#[must_use]
pub fn require_roles<R: Role>(roles: impl Into<RoleSet<R>>) -> Require {
    Require::new(Requirement::all_of(roles))
}

/// Lets callers through who have one of these roles.
#[must_use]
pub fn require_any_role<R: Role>(roles: impl Into<RoleSet<R>>) -> Require {
    Require::new(Requirement::any_of(roles))
}

/// Lets callers through who have this role or one that the enum orders above it.
#[must_use]
pub fn require_at_least<R: Role + Ord>(lowest: R) -> Require {
    Require::new(Requirement::at_least(lowest))
}

/// A requirement, ready to [`wrap`](actix_web::Resource::wrap) a resource, a scope or an app.
///
/// It is a routing [`Guard`] as well: there a caller who does not meet it is no match, and the next route is tried.
///
/// ```
/// use actix_web::web;
/// use hallpass_actix::require_roles;
/// # use hallpass_core::Role;
/// # #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
/// # enum SiteRole { Guest, Admin }
///
/// let guarded = web::resource("/admin").wrap(require_roles([SiteRole::Admin])).to(|| async { "the office" });
/// let routed = web::resource("/")
///     .route(web::get().guard(require_roles([SiteRole::Admin])).to(|| async { "the office" }))
///     .route(web::get().to(|| async { "the front page" }));
/// # let _ = (guarded, routed);
/// ```
#[derive(Clone, Debug)]
pub struct Require {
    requirement: Requirement,
}

impl Require {
    /// Lets callers through who meet this requirement.
    #[must_use]
    pub fn new(requirement: Requirement) -> Self {
        Self { requirement }
    }

    /// Asks for a sign-in with a second factor, too.
    #[must_use]
    pub fn and_second_factor(self) -> Self {
        Self::new(self.requirement.and_second_factor())
    }

    /// Asks for a sign-in at most this long ago, too.
    #[must_use]
    pub fn and_recent(self, within: Duration) -> Self {
        Self::new(self.requirement.and_recent(within))
    }

    /// What is asked.
    #[must_use]
    pub fn requirement(&self) -> &Requirement {
        &self.requirement
    }
}

impl Guard for Require {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        admit(&self.requirement, context.req_data()).is_ok()
    }
}

impl<S, B> Transform<S, ServiceRequest> for Require
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = RequireService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(RequireService { inner, requirement: self.requirement }))
    }
}

/// A route behind a guard.
#[derive(Debug)]
pub struct RequireService<S> {
    inner: S,
    requirement: Requirement,
}

impl<S, B> Service<ServiceRequest> for RequireService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = RequireFuture<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let verdict = admit(&self.requirement, request.extensions());
        match verdict {
            Ok(_admitted) => RequireFuture::Admitted { inner: self.inner.call(request) },
            Err(denial) => RequireFuture::Refused { response: Some(request.into_response(refuse(denial))) },
        }
    }
}

pin_project! {
    /// The answer of a route behind a guard.
    #[must_use = "futures do nothing unless they are polled"]
    #[project = RequireProjection]
    pub enum RequireFuture<F> {
        #[doc(hidden)]
        Admitted { #[pin] inner: F },
        #[doc(hidden)]
        Refused { response: Option<ServiceResponse<BoxBody>> },
    }
}

impl<F, B> Future for RequireFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            RequireProjection::Admitted { inner } => {
                let mut response = ready!(inner.poll(cx))?;
                if !response.headers().contains_key(CACHE_CONTROL) {
                    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                }
                Poll::Ready(Ok(response.map_into_left_body()))
            }
            // A future that is polled after it was ready may never answer (`Future::poll`), and this one stays refused.
            RequireProjection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response.map_into_right_body())))
            }
        }
    }
}
