//! Guards of routes, for axum and actix-web.

hallpass_core::guards! {
    /// A guard around a route: `get(page).route_layer(require_login())` on axum,
    /// `web::resource(path).wrap(require_login())` on actix-web.
    ///
    /// It rejects a request before the handler runs. The [`AuthLayer`](crate::AuthLayer) around the
    /// site renders the rejection. A response behind a guard is sent with `Cache-Control: no-store`
    /// unless the handler sets that header.
    ///
    /// With the feature `axum` it is a tower layer. With the feature `actix` it is middleware and a
    /// routing guard: `web::get().guard(require_roles([SiteRole::Admin]))` tries the next route
    /// for a caller who does not meet the requirement.
}
