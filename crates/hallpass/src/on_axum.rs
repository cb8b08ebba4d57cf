//! The layers, guards and login routes on axum and tower.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
    task::{Context, Poll},
};

use axum::{
    Router, ServiceExt,
    extract::{ConnectInfo, Request, connect_info::IntoMakeServiceWithConnectInfo},
    http,
    routing::IntoMakeService,
    serve::{IncomingStream, Listener},
};
use hallpass_core::{Rejection, Role};
use hallpass_tower::{
    AuthService, OriginService, RequireService, SecurityHeadersService, TextBody,
};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    hallpass::Hallpass,
    layer::{
        AuthLayer, DefaultPage, FromText, OriginLayer, RejectedRequest, RejectionPage,
        SecurityHeadersLayer, TowerPage,
    },
    require::RequireLayer,
    site::LoginRoutes,
};

impl<R: Role> Hallpass<R> {
    /// Puts [`layer`](Self::layer) around a router:
    /// `hallpass::axum::serve(listener, hallpass.protect(app))`.
    ///
    /// `Router::layer` allocates one boxed service per route. `protect` wraps the whole router
    /// once, including its fallback. The routes answer with and without the path prefix of the
    /// site, as with [`mount`](Self::mount).
    ///
    /// ```
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use hallpass::require_roles;
    /// use tower::ServiceExt;
    ///
    /// let app = Router::new()
    ///     .route("/admin", get(|| async { "the office" }).route_layer(require_roles([SiteRole::Admin])))
    ///     .merge(hallpass.routes());
    /// let site = hallpass.protect(app);
    /// for (path, status) in [("/admin", 303), ("/login", 200)] {
    ///     let response = site.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    ///     assert_eq!(response.status(), status, "{path}");
    /// }
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn protect(&self, router: Router) -> Protected<Router, R> {
        self.layer().protect(router)
    }

    /// Returns a router whose routes answer with and without the path prefix of the site, for a
    /// router that already has the [`layer`](Self::layer). The router may also have been nested at
    /// the prefix. Returns the router itself if the site has no path prefix.
    ///
    /// ```
    /// # use hallpass::{Hallpass, Role};
    /// # use hallpass::store::SqlStore;
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = SqlStore::open("sqlite::memory:").await?;
    /// # let hallpass = Hallpass::<SiteRole>::builder(store).keys_in_memory().public_origin("https://site.example/app").start().await?;
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use tower::ServiceExt;
    ///
    /// let app = Router::new().route("/posts", get(|| async { "the posts" })).layer(hallpass.layer());
    /// let site = hallpass.mount(app);
    /// for path in ["/posts", "/app/posts"] {
    ///     let response = site.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    ///     assert_eq!(response.status(), 200, "{path}");
    /// }
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn mount(&self, router: Router) -> Router {
        hallpass_axum::mount(router, self.prefix())
    }
}

impl<R: Role, P, T> AuthLayer<R, P, T> {
    /// Puts the layer around the whole router, as [`Hallpass::protect`] does.
    pub fn protect(&self, router: Router) -> Protected<Router, R, P, T> {
        self.layer(hallpass_axum::mount(router, self.tower.prefix()))
    }
}

impl<R: Role, P, T: Clone> AuthLayer<R, P, T> {
    /// Sets the function that makes a response body from text:
    /// `.body_with(tonic::body::Body::new)`. Defaults to the `From<String>` of the body type. Set
    /// it for a body type without `From<String>`.
    pub fn body_with<B, U>(self, text_body: U) -> AuthLayer<R, P, U>
    where
        U: Fn(String) -> B,
    {
        AuthLayer {
            tower: self.tower.body_with(text_body),
            #[cfg(feature = "actix")]
            actix: self.actix,
            page: self.page,
        }
    }
}

impl<S, R: Role, P, T> Layer<S> for AuthLayer<R, P, T> {
    type Service = Protected<S, R, P, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Protected(self.tower.layer(inner))
    }
}

/// A service inside an [`AuthLayer`]. Pass it to [`serve`](hallpass_axum::serve), or call `oneshot` on it in a test.
#[must_use]
pub struct Protected<S, R, P = DefaultPage, T = FromText>(AuthService<R, S, TowerPage<P>, T>);

impl<S, R, P, T> Protected<S, R, P, T>
where
    Self: Service<Request>,
{
    /// Returns a make-service, for a server that requests one service per connection.
    pub fn into_make_service(self) -> IntoMakeService<Self> {
        ServiceExt::<Request>::into_make_service(self)
    }

    /// Does the same as [`into_make_service`](Self::into_make_service), and adds the client's
    /// socket address to each request. `C` is `std::net::SocketAddr` for TCP. Without this address,
    /// rate limits apply per account only.
    pub fn into_make_service_with_connect_info<C>(self) -> IntoMakeServiceWithConnectInfo<Self, C> {
        ServiceExt::<Request>::into_make_service_with_connect_info(self)
    }
}

impl<S: Clone, R, P, T> Clone for Protected<S, R, P, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S, R, P, T, Q> Service<http::Request<Q>> for Protected<S, R, P, T>
where
    AuthService<R, S, TowerPage<P>, T>: Service<http::Request<Q>>,
{
    type Response = <AuthService<R, S, TowerPage<P>, T> as Service<http::Request<Q>>>::Response;
    type Error = <AuthService<R, S, TowerPage<P>, T> as Service<http::Request<Q>>>::Error;
    type Future = <AuthService<R, S, TowerPage<P>, T> as Service<http::Request<Q>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Q>) -> Self::Future {
        self.0.call(request)
    }
}

/// For `axum::serve`: each connection receives a clone.
impl<S: Clone, R, P, T, L: Listener> Service<IncomingStream<'_, L>> for Protected<S, R, P, T> {
    type Response = Self;
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: IncomingStream<'_, L>) -> Self::Future {
        ready(Ok(self.clone()))
    }
}

/// Returns the address of the connection, if the server inserts it.
pub(crate) fn peer(extensions: &http::Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

#[diagnostic::do_not_recommend]
impl<P: RejectionPage<http::Response<B>>, B> hallpass_tower::OnRejection<B> for TowerPage<P> {
    fn page(
        &self,
        rejection: Rejection,
        request: &hallpass_tower::RejectedRequest,
    ) -> Option<http::Response<B>> {
        let header = |name: &str| request.headers().get(name).map(http::HeaderValue::as_bytes);
        let request = RejectedRequest {
            method: request.method().as_str(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()),
            header: &header,
            authentication: request.authentication(),
            #[cfg(feature = "actix")]
            actix: None,
        };
        self.0.page(rejection, &request)
    }
}

// With this attribute the compile error names `TextBody` and the fix, not only `From<String>`.
#[diagnostic::do_not_recommend]
impl<B: From<String>> TextBody<B> for FromText {
    fn body(&self, text: String) -> B {
        B::from(text)
    }
}

impl<S> Layer<S> for OriginLayer {
    type Service = OriginService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.tower.layer(inner)
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeadersService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.tower().layer(inner)
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        hallpass_tower::RequireLayer::new(*self.requirement()).layer(inner)
    }
}

impl<R: Role, S> From<LoginRoutes<R>> for Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    fn from(routes: LoginRoutes<R>) -> Self {
        hallpass_axum::routes(&routes.0)
    }
}
