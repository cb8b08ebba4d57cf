//! A site of three pages.

use axum::{Router, routing::get};
use hallpass::{Hallpass, Role, require_login, require_roles};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteRole {
    Guest,
    Admin,
}

pub(crate) fn pages(hallpass: &Hallpass<SiteRole>) -> Router {
    let page = || async { "a page" };
    Router::new()
        .route("/", get(page))
        .route("/profile", get(page).route_layer(require_login()))
        .route("/admin", get(page).route_layer(require_roles([SiteRole::Admin])))
        .merge(hallpass.routes())
        .layer(hallpass.layer())
}
