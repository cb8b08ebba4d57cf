//! The guards: a requirement around a scope or a resource, or as a routing guard.
//!
//! A guard needs no settings and no role enum beyond its own: it asks core about the caller that
//! [`AuthLayer`](crate::AuthLayer) found, and it leaves a rejection on a bare response for
//! `AuthLayer` to render. The handler is not called.
//!
//! What a guard lets through depends on who asked, so the answer must not be shared: unless the
//! handler says otherwise, it is sent with `Cache-Control: no-store`. Without it, a cache may keep
//! the answer to a request with a cookie and hand it to the next person (RFC 9111 section 3; only
//! `Authorization` forbids that by itself).

use std::time::Duration;

use actix_web::{
    HttpMessage,
    body::EitherBody,
    dev::{ServiceRequest, ServiceResponse},
    guard::{Guard, GuardContext},
    http::header::{CACHE_CONTROL, HeaderValue},
};
use hallpass_core::{Refreshing, Rejection, Requirement, Role, RoleSet};

use crate::{
    around::{Around, transform},
    authentication::{admit, state},
};

/// Lets everyone through, and says so: what a route that is open on purpose states where
/// [every route has to](crate::AuthLayer::deny_unguarded_routes).
pub fn public() -> RequireLayer {
    RequireLayer::new(Requirement::public())
}

/// Lets only callers through who are signed in.
pub fn require_login() -> RequireLayer {
    RequireLayer::new(Requirement::login())
}

/// Lets only callers through who have every one of these roles.
pub fn require_roles<R: Role>(roles: impl Into<RoleSet<R>>) -> RequireLayer {
    RequireLayer::new(Requirement::all_of(roles))
}

/// Lets only callers through who have one of these roles; no role lets no one through.
pub fn require_any_role<R: Role>(roles: impl Into<RoleSet<R>>) -> RequireLayer {
    RequireLayer::new(Requirement::any_of(roles))
}

/// Lets only callers through who have this role, or one that the enum orders above it.
pub fn require_at_least<R: Role + Ord>(lowest: R) -> RequireLayer {
    RequireLayer::new(Requirement::at_least(lowest))
}

/// A guard around a route: it [wraps](actix_web::Resource::wrap) a resource, a scope or an app.
///
/// It is a routing [`Guard`] as well: there a caller who does not meet it is no match, and the next
/// route is tried.
///
/// ```
/// use actix_web::web;
/// use hallpass_actix::require_roles;
/// # use hallpass_core::Role;
/// # #[derive(Role)]
/// # enum SiteRole { Guest, Admin }
///
/// let guarded = web::resource("/admin")
///     .wrap(require_roles([SiteRole::Admin]))
///     .to(|| async { "the office" });
/// let routed = web::resource("/")
///     .route(web::get().guard(require_roles([SiteRole::Admin])).to(|| async { "the office" }))
///     .route(web::get().to(|| async { "the front page" }));
/// # let _ = (guarded, routed);
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct RequireLayer {
    requirement: Requirement,
}

impl RequireLayer {
    /// A guard that asks for this.
    pub const fn new(requirement: Requirement) -> Self {
        Self { requirement }
    }

    /// Asks for a sign-in that used a second factor, too.
    pub const fn and_second_factor(self) -> Self {
        Self::new(self.requirement.and_second_factor())
    }

    /// Asks for a sign-in at most this long ago, too, to the second.
    pub const fn and_recent(self, within: Duration) -> Self {
        Self::new(self.requirement.and_recent(within))
    }

    /// What it asks.
    #[must_use]
    pub const fn requirement(&self) -> &Requirement {
        &self.requirement
    }
}

impl From<RequireLayer> for Requirement {
    fn from(layer: RequireLayer) -> Self {
        layer.requirement
    }
}

impl Guard for RequireLayer {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        // Only a match states anything: the next route has to speak for itself.
        let admitted = admit(&self.requirement, context.req_data());
        admitted.map(|_proof| state(context.req_data())).is_ok()
    }
}

transform!(RequireLayer);

impl Around for RequireLayer {
    fn before(&self, request: &ServiceRequest) -> Result<Option<Refreshing>, Rejection> {
        state(request.extensions());
        admit(&self.requirement, request.extensions()).map(|_who| None)
    }

    fn after<B>(&self, mut answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        if !self.requirement.is_open() && !answer.headers().contains_key(CACHE_CONTROL) {
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        answer.map_into_left_body()
    }
}
