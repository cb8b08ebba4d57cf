//! Deny by default: a router that takes no route without what it asks.

use actix_web::{
    HttpResponse, Route,
    dev::HttpServiceFactory,
    web::{self, ServiceConfig},
};
use hallpass_core::{Requirement, RouteTable};

use crate::require::RequireLayer;

/// A router whose routes state their requirement, and which writes them down.
///
/// Methods that a route does not take are behind its guard, too, and so is the fallback, which
/// answers 404 where none is stated.
/// [`AuthLayer::deny_unguarded_routes`](crate::AuthLayer::deny_unguarded_routes) refuses what was
/// registered past it.
///
/// ```
/// use actix_web::{App, http::StatusCode, test, web};
/// use hallpass_actix::{AuthLayer, GuardedRouter, public, require_roles};
/// use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
///
/// #[derive(Role)]
/// enum SiteRole {
///     Guest,
///     Admin,
/// }
///
/// fn site() -> GuardedRouter {
///     GuardedRouter::new()
///         .route("/", public(), web::get().to(async || "the front page"))
///         .route(
///             "/admin",
///             require_roles([SiteRole::Admin]),
///             web::get().to(async || "the office"),
///         )
/// }
///
/// # #[actix_web::main]
/// # async fn main() {
/// assert_eq!(
///     site().table().render::<SiteRole>(),
///     "\
/// route            signed out  guest  admin  asks
/// /                yes         yes    yes    public
/// /admin           -           -      yes    all of admin
/// (anything else)  yes         yes    yes    public
/// "
/// );
///
/// # let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
/// # let verifier = Verifier::<SiteRole>::new(keys, "https://site.example", "site");
/// let app = App::new()
///     .configure(site().into_config())
///     .route("/forgotten", web::get().to(async || "the safe"))
///     .wrap(AuthLayer::new(verifier).deny_unguarded_routes());
/// let app = test::init_service(app).await;
/// for (path, status) in [("/", 200), ("/admin", 303), ("/nowhere", 404), ("/forgotten", 500)]
/// {
///     let response =
///         test::call_service(&app, test::TestRequest::with_uri(path).to_request()).await;
///     assert_eq!(response.status().as_u16(), status, "{path}");
/// }
/// # }
/// ```
#[derive(Default)]
#[must_use]
pub struct GuardedRouter {
    routes: Vec<Register>,
    table: RouteTable,
    fallback: Option<(Requirement, Route)>,
}

/// Registers one route.
type Register = Box<dyn FnOnce(&mut ServiceConfig)>;

impl GuardedRouter {
    /// A router without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// A route at a path.
    pub fn route(self, path: &str, asks: impl Into<Requirement>, route: Route) -> Self {
        let asks = asks.into();
        let resource = web::resource(path).wrap(RequireLayer::new(asks)).route(route);
        self.merge_routes(path, asks, resource)
    }

    /// The routes of another router under a prefix.
    pub fn nest(mut self, prefix: &str, inner: GuardedRouter) -> Self {
        for (route, asks) in inner.table.rows() {
            self.table.state(format!("{prefix}{route}"), *asks);
        }
        let scope = web::scope(prefix).configure(|config| inner.register(config));
        self.routes.push(Box::new(|config| _ = config.service(scope)));
        self
    }

    /// The routes of another router.
    pub fn merge(mut self, other: GuardedRouter) -> Self {
        for (route, asks) in other.table.rows() {
            self.table.state(route, *asks);
        }
        self.routes.extend(other.routes);
        self.fallback = self.fallback.or(other.fallback);
        self
    }

    /// Routes that state their requirement themselves, as the login routes do: under a name for the
    /// table, which takes `asks` on trust. `AuthLayer::deny_unguarded_routes` does not.
    pub fn merge_routes(
        mut self,
        name: &str,
        asks: impl Into<Requirement>,
        routes: impl HttpServiceFactory + 'static,
    ) -> Self {
        self.table.state(name, asks.into());
        self.routes.push(Box::new(|config| _ = config.service(routes)));
        self
    }

    /// What no route matches. Defaults to everyone and a bare 404, because that tells nobody
    /// anything.
    pub fn fallback(mut self, asks: impl Into<Requirement>, route: Route) -> Self {
        self.fallback = Some((asks.into(), route));
        self
    }

    /// What the routes ask, as a table for a site's own snapshot test.
    #[must_use]
    pub fn table(&self) -> RouteTable {
        let mut table = self.table.clone();
        let asks = self.fallback.as_ref().map_or(Requirement::public(), |(asks, _)| *asks);
        table.state("(anything else)", asks);
        table
    }

    /// The routes, for [`App::configure`](actix_web::App::configure).
    pub fn into_config(mut self) -> impl FnOnce(&mut ServiceConfig) {
        self.fallback
            .get_or_insert_with(|| (Requirement::public(), web::to(HttpResponse::NotFound)));
        |config| self.register(config)
    }

    fn register(self, config: &mut ServiceConfig) {
        for route in self.routes {
            route(config);
        }
        if let Some((asks, route)) = self.fallback {
            config.default_service(route.wrap(RequireLayer::new(asks)));
        }
    }
}
