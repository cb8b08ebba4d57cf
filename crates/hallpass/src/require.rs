//! Guards of routes, for axum and actix-web.

use std::time::Duration;

use hallpass_core::{Requirement, Role, RoleSet};

/// Admits everyone. Marks a route as deliberately open, where
/// [every route must have a guard](crate::AuthLayer::deny_unguarded_routes).
pub fn public() -> RequireLayer {
    RequireLayer::new(Requirement::public())
}

/// Admits only callers who are logged in.
pub fn require_login() -> RequireLayer {
    RequireLayer::new(Requirement::login())
}

/// Admits only callers who have all of these roles.
pub fn require_roles<R: Role>(roles: impl Into<RoleSet<R>>) -> RequireLayer {
    RequireLayer::new(Requirement::all_of(roles))
}

/// Admits only callers who have at least one of these roles. An empty set admits no caller.
pub fn require_any_role<R: Role>(roles: impl Into<RoleSet<R>>) -> RequireLayer {
    RequireLayer::new(Requirement::any_of(roles))
}

/// Admits only callers who have this role or a higher one, in the order of the enum.
pub fn require_at_least<R: Role + Ord>(lowest: R) -> RequireLayer {
    RequireLayer::new(Requirement::at_least(lowest))
}

/// A guard around a route: `get(page).route_layer(require_login())` on axum,
/// `web::resource(path).wrap(require_login())` on actix-web.
///
/// It rejects a request before the handler runs. The [`AuthLayer`](crate::AuthLayer) around the
/// site renders the rejection. A response behind a guard is sent with `Cache-Control: no-store`
/// unless the handler sets that header.
///
/// With the feature `axum` it is a tower layer. With the feature `actix` it is middleware, and a
/// routing guard: `web::get().guard(require_roles([SiteRole::Admin]))` tries the next route for a
/// caller who does not meet the requirement.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct RequireLayer {
    requirement: Requirement,
}

impl RequireLayer {
    /// Makes a guard from a requirement.
    pub const fn new(requirement: Requirement) -> Self {
        Self { requirement }
    }

    /// Also requires that the login used a second factor.
    pub const fn and_second_factor(self) -> Self {
        Self::new(self.requirement.and_second_factor())
    }

    /// Also requires that the login was at most this long ago, in whole seconds.
    pub const fn and_recent(self, within: Duration) -> Self {
        Self::new(self.requirement.and_recent(within))
    }

    /// Returns the requirement.
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
