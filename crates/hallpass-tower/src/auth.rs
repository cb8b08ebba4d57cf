//! The outer layer: verifies each request's token, and renders the rejections that come back.

use std::{
    fmt, iter,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hallpass_core::{
    Clock, Meter, RefreshHook, Rejection, RejectionSettings, RequestAuthenticator, Role,
    SystemClock,
};
use http::{HeaderMap, HeaderName, Request, Response, Uri, header};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    refresh::{RefreshFuture, RefreshService},
    rejection::{DefaultPage, OnRejection, Rejected, RejectedRequest},
    require::Watched,
};

mod render;

pub use render::{FromText, TextBody};

/// Goes around a whole service and tells it who asks.
///
/// `P` is the site's own page for rejected requests, `T` the way its bodies are made from text.
pub struct AuthLayer<R, P = DefaultPage, T = FromText> {
    shared: Arc<Shared<R, P, T>>,
}

/// What every clone of the layer and every request in flight share.
struct Shared<R, P, T> {
    authenticator: RequestAuthenticator<R>,
    clock: Arc<dyn Clock>,
    settings: RejectionSettings,
    page: P,
    text_body: T,
    strict: bool,
    refresh: Option<Arc<dyn RefreshHook>>,
    meter: Meter,
}

// By hand, because the derived one would require `R: Clone`.
impl<R, P: Clone, T: Clone> Clone for Shared<R, P, T> {
    fn clone(&self) -> Self {
        Self {
            authenticator: self.authenticator.clone(),
            clock: Arc::clone(&self.clock),
            settings: self.settings.clone(),
            page: self.page.clone(),
            text_body: self.text_body.clone(),
            strict: self.strict,
            refresh: self.refresh.clone(),
            meter: self.meter.clone(),
        }
    }
}

impl<R: Role> AuthLayer<R> {
    /// Verifies with this verifier, or with a [`RequestAuthenticator`] where more is to be said
    /// than which tokens are right.
    pub fn new(authenticator: impl Into<RequestAuthenticator<R>>) -> Self {
        let authenticator = authenticator.into();
        let settings = RejectionSettings::default().for_authenticator(&authenticator);
        let clock = Arc::new(SystemClock);
        Self {
            shared: Arc::new(Shared {
                authenticator,
                clock,
                settings,
                page: DefaultPage,
                text_body: FromText,
                strict: false,
                refresh: None,
                meter: Meter::new(),
            }),
        }
    }
}

impl<R: Role, P: Clone, T: Clone> AuthLayer<R, P, T> {
    /// Says what time it is. Defaults to the system's clock, because tokens live by it.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.with(|shared| Shared { clock: Arc::new(clock), ..shared })
    }

    /// Sets the paths that a rejection leads to. Defaults to the paths of the login routes.
    #[must_use]
    pub fn rejection_settings(self, settings: RejectionSettings) -> Self {
        self.with(|shared| Shared { settings, ..shared })
    }

    /// Sets the site's own page for rejected requests; `None` renders the default response.
    ///
    /// The closure is called only where the caller takes a page. A client that prefers JSON, uses
    /// gRPC or asks for an upgrade gets a response of its own kind. A page with a status of success
    /// is sent with the status of the rejection. Defaults to a plain page.
    ///
    /// ```
    /// # use hallpass_core::{RejectionKind, KeyRing, Role, UnixTime, Verifier};
    /// # use hallpass_tower::{AuthLayer, require_login};
    /// # use http::{Request, Response};
    /// # use tower::{ServiceBuilder, ServiceExt, service_fn};
    /// # #[derive(Role)]
    /// # enum SiteRole { Guest }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
    /// # let verifier = Verifier::<SiteRole>::new(keys, "https://site.example", "site");
    /// # let handler = service_fn(|_: Request<()>| async { Ok::<_, std::convert::Infallible>(Response::new(String::new())) });
    /// let layer = AuthLayer::new(verifier).on_rejection(|rejection, request| match rejection.kind() {
    ///     RejectionKind::NotLoggedIn => Some(Response::new(format!("No pass for {}.", request.uri()))),
    ///     _ => None,
    /// });
    /// # let site = ServiceBuilder::new().layer(layer).layer(require_login()).service(handler);
    /// let page = site.clone().oneshot(Request::get("/desk").body(()).unwrap()).await.unwrap();
    /// assert_eq!((page.status().as_u16(), page.body().as_str()), (401, "No pass for /desk."));
    ///
    /// let json = Request::get("/desk").header("accept", "application/json").body(()).unwrap();
    /// assert!(site.oneshot(json).await.unwrap().body().starts_with('{'));
    /// # }
    /// ```
    #[must_use]
    pub fn on_rejection<B, Q>(self, page: Q) -> AuthLayer<R, Q, T>
    where
        Q: Fn(Rejection, &RejectedRequest) -> Option<Response<B>>,
    {
        self.rejection_page(page)
    }

    /// Renders rejections with a page that is a type of its own.
    /// [`on_rejection`](Self::on_rejection) takes a closure.
    #[must_use]
    pub fn rejection_page<Q>(self, page: Q) -> AuthLayer<R, Q, T> {
        self.with(
            |Shared {
                 authenticator, clock, settings, text_body, strict, refresh, meter, ..
             }| Shared {
                authenticator,
                clock,
                settings,
                page,
                text_body,
                strict,
                refresh,
                meter,
            },
        )
    }

    /// Says how a response body is made from text, as in `.body_with(tonic::body::Body::new)`.
    /// Defaults to the body's own `From<String>`, because most bodies have it.
    #[must_use]
    pub fn body_with<B, U>(self, text_body: U) -> AuthLayer<R, P, U>
    where
        U: Fn(String) -> B,
    {
        self.text_body(text_body)
    }

    /// Makes response bodies from text with a type of its own. [`body_with`](Self::body_with) takes
    /// a closure.
    #[must_use]
    pub fn text_body<U>(self, text_body: U) -> AuthLayer<R, P, U> {
        self.with(
            |Shared { authenticator, clock, settings, page, strict, refresh, meter, .. }| Shared {
                authenticator,
                clock,
                settings,
                page,
                text_body,
                strict,
                refresh,
                meter,
            },
        )
    }

    /// Renews the session of a request whose access token has run out, and sets the new cookies on
    /// the answer. Defaults to not, because this layer knows no store: hallpass-axum's
    /// `Rotation` does.
    #[must_use]
    pub fn refresh(self, refresh: impl RefreshHook) -> Self {
        self.with(|shared| Shared { refresh: Some(Arc::new(refresh)), ..shared })
    }

    /// Refuses what a route answers that no guard of this crate stood before, fallbacks included: a
    /// forgotten guard is then a 500 and an error in the log instead of an open door. A route
    /// that is open on purpose says [`public`](crate::public).
    ///
    /// The service behind such a route has run by then, since a guard further in could still have
    /// spoken; a router that cannot be given a route without a requirement is hallpass-axum's
    /// `GuardedRouter`. Defaults to off, because a site that has its open routes outside of
    /// hallpass would stand still.
    ///
    /// ```
    /// # use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
    /// # use hallpass_tower::{AuthLayer, public};
    /// # use http::{Request, Response};
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # #[derive(Role)]
    /// # enum SiteRole { Guest }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
    /// # let verifier = Verifier::<SiteRole>::new(keys, "https://site.example", "site");
    /// # let page = service_fn(|_: Request<()>| async { Ok::<_, std::convert::Infallible>(Response::new("a page".to_owned())) });
    /// let strict = AuthLayer::new(verifier).deny_unguarded_routes();
    /// let open = strict.layer(public().layer(page)).oneshot(Request::new(())).await.unwrap();
    /// assert_eq!((open.status().as_u16(), open.body().as_str()), (200, "a page"));
    ///
    /// let forgotten = strict.layer(page).oneshot(Request::new(())).await.unwrap();
    /// assert_eq!(forgotten.status(), 500);
    /// assert!(!forgotten.body().contains("a page"));
    /// # }
    /// ```
    #[must_use]
    pub fn deny_unguarded_routes(self) -> Self {
        self.with(|shared| Shared { strict: true, ..shared })
    }

    fn with<Q, U>(
        self,
        change: impl FnOnce(Shared<R, P, T>) -> Shared<R, Q, U>,
    ) -> AuthLayer<R, Q, U> {
        AuthLayer { shared: Arc::new(change(Arc::unwrap_or_clone(self.shared))) }
    }
}

impl<R, P, T> Clone for AuthLayer<R, P, T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<R, P, T> fmt::Debug for AuthLayer<R, P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { authenticator, settings, .. } = &*self.shared;
        f.debug_struct("AuthLayer")
            .field("authenticator", authenticator)
            .field("rejection_settings", settings)
            .finish_non_exhaustive()
    }
}

impl<R, P, T, S> Layer<S> for AuthLayer<R, P, T> {
    type Service = AuthService<R, S, P, T>;

    fn layer(&self, inner: S) -> Self::Service {
        let inner = RefreshService { inner, refresh: self.shared.refresh.clone() };
        AuthService { inner, shared: Arc::clone(&self.shared) }
    }
}

/// A service that is told who asks.
pub struct AuthService<R, S, P = DefaultPage, T = FromText> {
    inner: RefreshService<S>,
    shared: Arc<Shared<R, P, T>>,
}

impl<R, S: Clone, P, T> Clone for AuthService<R, S, P, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<R, S, P, T, Q, B> Service<Request<Q>> for AuthService<R, S, P, T>
where
    R: Role,
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    P: OnRejection<B>,
    T: TextBody<B>,
    B: Body,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AuthFuture<R, RefreshFuture<S, S::Future, Q>, P, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let now = self.shared.clock.now();
        let headers = request.headers();
        let who = self
            .shared
            .authenticator
            .authenticate(
                values(headers, &header::COOKIE),
                values(headers, &header::AUTHORIZATION),
                now,
            )
            .checked_at(now);
        self.shared.meter.verified(&who);
        if let Some(reason) = who.reason() {
            tracing::debug!(target: "hallpass", reason = reason.as_str(), "token rejected");
        }
        // Replaces whatever an outer service may have left there: only this layer's word counts
        // inside of it.
        request.extensions_mut().insert(who);
        // Kept from here, because a nested router hands its guards a URI without the prefix, and
        // `next` must lead back to this one.
        let uri = request.uri().clone();
        let watched = self.shared.strict.then(|| Box::new(Watched::new(&mut request)));
        AuthFuture {
            inner: self.inner.call(request),
            uri,
            watched,
            shared: Arc::clone(&self.shared),
        }
    }
}

/// Looked up when the first is asked for: an authenticator that takes no bearer token never asks
/// for one.
fn values<'h>(headers: &'h HeaderMap, name: &'h HeaderName) -> impl Iterator<Item = &'h [u8]> {
    iter::once(name).flat_map(|name| headers.get_all(name)).map(|value| value.as_bytes())
}

pin_project! {
    /// The answer of a service that is told who asks.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct AuthFuture<R, F, P = DefaultPage, T = FromText> {
        #[pin]
        inner: F,
        uri: Uri,
        watched: Option<Box<Watched>>,
        shared: Arc<Shared<R, P, T>>,
    }
}

impl<R, F, P, T, B, E> Future for AuthFuture<R, F, P, T>
where
    F: Future<Output = Result<Response<B>, E>>,
    P: OnRejection<B>,
    T: TextBody<B>,
    B: Body,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if let Some(mut rejected) = response.extensions_mut().remove::<Rejected>() {
            rejected.request.uri = std::mem::take(this.uri);
            return Poll::Ready(Ok(this.shared.render(rejected, response)));
        }
        if let Some(rejected) = this.watched.take().and_then(|watched| watched.rejected()) {
            // Nothing of what the route answered goes out, its headers included.
            response.headers_mut().clear();
            return Poll::Ready(Ok(this.shared.render(rejected, response)));
        }
        Poll::Ready(Ok(response))
    }
}
