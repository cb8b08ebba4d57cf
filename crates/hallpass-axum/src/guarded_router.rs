//! Deny by default: a router that accepts no route without a requirement.

use std::convert::Infallible;

use axum::{Router, handler::Handler, routing::MethodRouter};
use hallpass_core::{Requirement, RouteTable};
use hallpass_tower::RequireLayer;
use http::StatusCode;

/// A router whose routes each state their requirement, and which lists them as a
/// [`table`](Self::table).
///
/// The guard of a route also guards the methods that the route does not handle. The fallback has a
/// guard, too.
/// [`AuthLayer::deny_unguarded_routes`](hallpass_tower::AuthLayer::deny_unguarded_routes) rejects
/// requests to routes that were registered elsewhere without a guard.
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use hallpass_axum::GuardedRouter;
/// use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
/// use hallpass_tower::{AuthLayer, public, require_roles};
/// use http::Request;
/// use tower::ServiceExt;
///
/// #[derive(Role)]
/// enum SiteRole {
///     Guest,
///     Admin,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let site = GuardedRouter::new()
///     .route("/", public(), get(|| async { "the front page" }))
///     .route("/admin", require_roles([SiteRole::Admin]), get(|| async { "the office" }));
/// assert_eq!(
///     site.table().render::<SiteRole>(),
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
/// let app: Router = site
///     .into_router()
///     .route("/forgotten", get(|| async { "the safe" }))
///     .layer(AuthLayer::new(verifier).deny_unguarded_routes());
/// for (path, status) in [("/", 200), ("/admin", 303), ("/nowhere", 404), ("/forgotten", 500)]
/// {
///     let request = Request::get(path).body(Body::empty()).unwrap();
///     assert_eq!(app.clone().oneshot(request).await.unwrap().status(), status, "{path}");
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GuardedRouter<S = ()> {
    router: Router<S>,
    table: RouteTable,
    fallback: Option<Requirement>,
}

impl<S> GuardedRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Creates a router without routes.
    pub fn new() -> Self {
        Self { router: Router::new(), table: RouteTable::new(), fallback: None }
    }

    /// Adds a route at a path.
    #[must_use]
    pub fn route(
        mut self,
        path: &str,
        asks: impl Into<Requirement>,
        methods: MethodRouter<S>,
    ) -> Self {
        let asks = asks.into();
        self.table.state(path, asks);
        self.router =
            self.router.route(path, methods.layer::<_, Infallible>(RequireLayer::new(asks)));
        self
    }

    /// Adds the routes of another router under a prefix.
    #[must_use]
    pub fn nest(mut self, prefix: &str, inner: GuardedRouter<S>) -> Self {
        for (route, asks) in inner.table.rows() {
            self.table.state(format!("{prefix}{route}"), *asks);
        }
        self.router = self.router.nest(prefix, inner.router);
        self
    }

    /// Adds the routes of another router.
    #[must_use]
    pub fn merge(mut self, other: GuardedRouter<S>) -> Self {
        for (route, asks) in other.table.rows() {
            self.table.state(route, *asks);
        }
        self.router = self.router.merge(other.router);
        self
    }

    /// Adds routes that have their own guards, such as the login routes. The table lists them as
    /// `name` with the requirement `asks`, which is not checked. `AuthLayer::deny_unguarded_routes`
    /// checks that a guard ran.
    #[must_use]
    pub fn merge_routes(
        mut self,
        name: &str,
        asks: impl Into<Requirement>,
        routes: impl Into<Router<S>>,
    ) -> Self {
        self.table.state(name, asks.into());
        self.router = self.router.merge(routes.into());
        self
    }

    /// Sets the handler of requests that match no route. Defaults to a 404 without a body, for
    /// every caller.
    #[must_use]
    pub fn fallback<H, A>(mut self, asks: impl Into<Requirement>, handler: H) -> Self
    where
        H: Handler<A, S>,
        A: 'static,
    {
        let asks = asks.into();
        self.router = self.router.fallback(handler.layer(RequireLayer::new(asks)));
        self.fallback = Some(asks);
        self
    }

    /// Returns the requirements of all routes as a table, for a site's own snapshot test.
    pub fn table(&self) -> RouteTable {
        let mut table = self.table.clone();
        table.state("(anything else)", self.fallback.unwrap_or(Requirement::public()));
        table
    }

    /// Returns the router, for layers and for `axum::serve`.
    pub fn into_router(self) -> Router<S> {
        if self.fallback.is_some() {
            return self.router;
        }
        self.fallback(Requirement::public(), || async { StatusCode::NOT_FOUND }).router
    }
}

impl<S> Default for GuardedRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}
