//! The page guarded by hallpass, with each possible place of its layer and guard.

use axum::{Router, handler::Handler, routing::get};
use hallpass_axum::Allowed;
use hallpass_benches::{AUDIENCE, ISSUER, SiteRole};
use hallpass_core::{Permission, Requirement, Verifier};
use hallpass_tower::{AuthLayer, AuthService, require_roles};
use tower::Layer;

use crate::token::{admin, hs256};

pub(crate) fn cookie() -> String {
    cookie_of(&admin(hs256()))
}

pub(crate) fn cookie_of(token: &str) -> String {
    format!("theme=dark; __Host-hallpass={token}")
}

pub(crate) fn verifier() -> Verifier<SiteRole> {
    Verifier::new(hs256(), ISSUER, AUDIENCE)
}

fn guarded() -> Router {
    Router::new()
        .route("/admin", get(|| async { "hello" }).route_layer(require_roles([SiteRole::Admin])))
}

/// Returns the site with the layer in the router, as in the README.
pub(crate) fn inside() -> Router {
    guarded().layer(AuthLayer::new(verifier()))
}

/// Returns the site with the layer around the router, where axum does not box it.
pub(crate) fn outside() -> AuthService<SiteRole, Router> {
    outside_of(verifier())
}

pub(crate) fn outside_of(verifier: Verifier<SiteRole>) -> AuthService<SiteRole, Router> {
    AuthLayer::new(verifier).layer(guarded())
}

/// Returns the site with the guard around the handler (axum's `Handler::layer`) instead of around
/// the route.
pub(crate) fn on_handler() -> AuthService<SiteRole, Router> {
    let page = async || "hello";
    AuthLayer::new(verifier())
        .layer(Router::new().route("/admin", get(page.layer(require_roles([SiteRole::Admin])))))
}

/// Returns the site with the guard as an argument of the handler.
pub(crate) fn extractor() -> AuthService<SiteRole, Router> {
    let page = async |admin: Allowed<Administer>| {
        drop(admin);
        "hello"
    };
    AuthLayer::new(verifier()).layer(Router::new().route("/admin", get(page)))
}

/// Returns the site with a verifier that also remembers tokens of HMAC keys, which is not the
/// default.
pub(crate) fn remembered() -> AuthService<SiteRole, Router> {
    outside_of(verifier().remember_all(8192))
}

struct Administer;

impl Permission for Administer {
    type Role = SiteRole;

    fn requirement() -> Requirement {
        Requirement::all_of([SiteRole::Admin])
    }
}
