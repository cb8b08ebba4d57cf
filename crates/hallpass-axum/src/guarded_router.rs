//! Deny by default: a router that takes no route without what it asks.

use std::convert::Infallible;

use axum::{Router, handler::Handler, routing::MethodRouter};
use hallpass_core::{Requirement, RouteTable};
use hallpass_tower::RequireLayer;
use http::StatusCode;

/// A router whose routes state their requirement, and which writes them down.
///
/// Methods that a route does not take are behind its guard, too, and so is the fallback, which
/// answers 404 where none is stated.
/// [`AuthLayer::deny_unguarded_routes`](hallpass_tower::AuthLayer::deny_unguarded_routes) beside it
/// refuses what was registered past it.
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
/// route            signed out  guest  admin  asks
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
    /// A router without routes.
    pub fn new() -> Self {
        Self { router: Router::new(), table: RouteTable::new(), fallback: None }
    }

    /// A route at a path.
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

    /// The routes of another router under a prefix.
    #[must_use]
    pub fn nest(mut self, prefix: &str, inner: GuardedRouter<S>) -> Self {
        for (route, asks) in inner.table.rows() {
            self.table.state(format!("{prefix}{route}"), *asks);
        }
        self.router = self.router.nest(prefix, inner.router);
        self
    }

    /// The routes of another router.
    #[must_use]
    pub fn merge(mut self, other: GuardedRouter<S>) -> Self {
        for (route, asks) in other.table.rows() {
            self.table.state(route, *asks);
        }
        self.router = self.router.merge(other.router);
        self
    }

    /// Routes that state their requirement themselves, as the login routes do: under a name for the
    /// table, which takes `asks` on trust. `AuthLayer::deny_unguarded_routes` does not.
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

    /// What no route matches. Defaults to everyone and a bare 404, because that tells nobody
    /// anything.
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

    /// What the routes ask, as a table for a site's own snapshot test.
    pub fn table(&self) -> RouteTable {
        let mut table = self.table.clone();
        table.state("(anything else)", self.fallback.unwrap_or(Requirement::public()));
        table
    }

    /// The router, for layers and for `axum::serve`.
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
