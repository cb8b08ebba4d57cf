//! Deny by default: routes that cannot be registered without what they ask.

use actix_web::{
    App, Route,
    web::{self, ServiceConfig},
};
use hallpass_core::RouteTable;

use crate::require::Require;

/// Registers routes, each with its requirement, and writes them down.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use hallpass_actix::{GuardedRoutes, public, require_roles, route_table, guarded};
/// # use hallpass_core::Role;
/// # #[derive(Role)]
/// # enum SiteRole { Guest, Admin }
///
/// fn routes(site: &mut GuardedRoutes<'_>) {
///     site.route("/", public(), web::get().to(async || "the front page"));
///     site.route("/admin", require_roles([SiteRole::Admin]), web::to(async || "the office"));
///     site.default_service(public(), web::to(HttpResponse::NotFound));
/// }
///
/// let app = App::new().configure(guarded(routes)); // and `.wrap(auth)`
/// assert_eq!(route_table(routes).render::<SiteRole>(), "\
/// route            signed out  guest  admin  asks
/// /                yes         yes    yes    public
/// /admin           -           -      yes    all of admin
/// (anything else)  yes         yes    yes    public
/// ");
/// # drop(app);
/// ```
pub struct GuardedRoutes<'a> {
    config: &'a mut ServiceConfig,
    prefix: String,
    table: &'a mut RouteTable,
}

impl GuardedRoutes<'_> {
    /// A route at a path. Methods that the route does not take are refused and answered like those that it takes.
    pub fn route(&mut self, path: &str, asks: Require, route: Route) {
        self.note(path, &asks);
        self.config.service(web::resource(path).wrap(asks).route(route));
    }

    /// A scope whose routes state their own.
    pub fn scope(&mut self, path: &str, routes: impl FnOnce(&mut GuardedRoutes<'_>)) {
        let prefix = format!("{}{path}", self.prefix);
        let table = &mut *self.table;
        let inside = |config: &mut ServiceConfig| routes(&mut GuardedRoutes { config, prefix, table });
        self.config.service(web::scope(path).configure(inside));
    }

    /// Routes that state their requirement themselves, as the sign-in routes do: under a name for the table, which takes `asks` on
    /// trust. [`Auth::deny_unguarded_routes`](crate::Auth::deny_unguarded_routes) does not.
    pub fn configure(&mut self, name: &str, asks: &Require, routes: impl FnOnce(&mut ServiceConfig)) {
        self.note(name, asks);
        self.config.configure(routes);
    }

    /// What no route matches.
    pub fn default_service(&mut self, asks: Require, route: Route) {
        self.note("(anything else)", &asks);
        self.config.default_service(route.wrap(asks));
    }

    fn note(&mut self, name: &str, asks: &Require) {
        self.table.state(format!("{}{name}", self.prefix), *asks.requirement());
    }
}

/// Makes routes ready for [`App::configure`](actix_web::App::configure).
pub fn guarded(routes: impl FnOnce(&mut GuardedRoutes<'_>)) -> impl FnOnce(&mut ServiceConfig) {
    move |config| routes(&mut GuardedRoutes { config, prefix: String::new(), table: &mut RouteTable::default() })
}

/// What the routes ask, as a table for a site's own snapshot test.
pub fn route_table(routes: impl FnOnce(&mut GuardedRoutes<'_>)) -> RouteTable {
    let mut table = RouteTable::default();
    let write = |config: &mut _| routes(&mut GuardedRoutes { config, prefix: String::new(), table: &mut table });
    drop(App::new().configure(write));
    table
}
