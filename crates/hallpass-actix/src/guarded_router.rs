//! Deny by default: a router that accepts no route without a requirement.

use actix_web::{
    HttpResponse, Route,
    dev::HttpServiceFactory,
    web::{self, ServiceConfig},
};
use hallpass_core::{Requirement, RouteTable};

use crate::require::RequireLayer;

/// A router whose routes each state their requirement, and which lists them as a
/// [`table`](Self::table).
///
/// The guard of a route also guards the methods that the route does not handle. The fallback has a
/// guard, too. [`AuthLayer::deny_unguarded_routes`](crate::AuthLayer::deny_unguarded_routes)
/// rejects requests to routes that were registered elsewhere without a guard.
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
/// route            logged out  guest  admin  requires
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
    /// Creates a router without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route at a path.
    pub fn route(self, path: &str, asks: impl Into<Requirement>, route: Route) -> Self {
        let asks = asks.into();
        let resource = web::resource(path).wrap(RequireLayer::new(asks)).route(route);
        self.merge_routes(path, asks, resource)
    }

    /// Adds the routes of another router under a prefix.
    pub fn nest(mut self, prefix: &str, inner: GuardedRouter) -> Self {
        for (route, asks) in inner.table.rows() {
            self.table.state(format!("{prefix}{route}"), *asks);
        }
        let scope = web::scope(prefix).configure(|config| inner.register(config));
        self.routes.push(Box::new(|config| _ = config.service(scope)));
        self
    }

    /// Adds the routes of another router. Its fallback is used if this router has none.
    pub fn merge(mut self, other: GuardedRouter) -> Self {
        for (route, asks) in other.table.rows() {
            self.table.state(route, *asks);
        }
        self.routes.extend(other.routes);
        self.fallback = self.fallback.or(other.fallback);
        self
    }

    /// Adds routes that have their own guards, such as the login routes. The table lists them as
    /// `name` with the requirement `asks`, which is not checked. `AuthLayer::deny_unguarded_routes`
    /// checks that a guard ran.
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

    /// Sets the handler of requests that match no route. Defaults to a 404 without a body, for
    /// every caller.
    pub fn fallback(mut self, asks: impl Into<Requirement>, route: Route) -> Self {
        self.fallback = Some((asks.into(), route));
        self
    }

    /// Returns the requirements of all routes as a table, for a site's own snapshot test.
    #[must_use]
    pub fn table(&self) -> RouteTable {
        let mut table = self.table.clone();
        let asks = self.fallback.as_ref().map_or(Requirement::public(), |(asks, _)| *asks);
        table.state("(anything else)", asks);
        table
    }

    /// Returns the routes, for [`App::configure`](actix_web::App::configure).
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
