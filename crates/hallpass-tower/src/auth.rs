//! The outer layer: checks each request's origin (CSRF), verifies its token, and renders the
//! rejections that come back.

use std::{
    fmt, iter,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hallpass_core::{
    Authentication, Clock, Meter, OriginCheck, PathPrefix, RefreshHook, Rejection, RejectionReport,
    RejectionReports, RejectionSettings, ReportHook, ReportedKind, RequestAuthenticator, Role,
    SystemClock, UnixTime,
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    origin::origin_facts,
    refresh::{RefreshFuture, RefreshService},
    rejection::{DefaultPage, OnRejection, Rejected, RejectedRequest},
    require::Watched,
};

mod render;

pub use render::{FromText, TextBody};

/// A layer around a whole service that verifies the token of each request and renders rejections.
///
/// Before everything else, it rejects unsafe requests and WebSocket handshakes that another site
/// made the browser send (CSRF). [`OriginCheck`] documents the rules.
///
/// `P` is the site's own page for rejected requests. `T` makes response bodies from text.
pub struct AuthLayer<R, P = DefaultPage, T = FromText> {
    shared: Arc<Shared<R, P, T>>,
}

/// The state that all clones of the layer and all requests in flight share.
struct Shared<R, P, T> {
    authenticator: RequestAuthenticator<R>,
    origin_check: Option<OriginCheck>,
    clock: Arc<dyn Clock>,
    settings: RejectionSettings,
    page: P,
    text_body: T,
    strict: bool,
    refresh: Option<Arc<dyn RefreshHook>>,
    meter: Meter,
    reports: RejectionReports,
    report_hook: Arc<dyn ReportHook>,
    peer: fn(&Extensions) -> Option<IpAddr>,
}

// Implemented by hand, because the derived implementation would require `R: Clone`.
impl<R, P: Clone, T: Clone> Clone for Shared<R, P, T> {
    fn clone(&self) -> Self {
        Self {
            authenticator: self.authenticator.clone(),
            origin_check: self.origin_check.clone(),
            clock: Arc::clone(&self.clock),
            settings: self.settings.clone(),
            page: self.page.clone(),
            text_body: self.text_body.clone(),
            strict: self.strict,
            refresh: self.refresh.clone(),
            meter: self.meter.clone(),
            reports: self.reports.clone(),
            report_hook: Arc::clone(&self.report_hook),
            peer: self.peer,
        }
    }
}

impl<R: Role> AuthLayer<R> {
    /// Creates a layer that verifies tokens with a verifier, or with a [`RequestAuthenticator`] for
    /// other settings, such as the name of the cookie.
    pub fn new(authenticator: impl Into<RequestAuthenticator<R>>) -> Self {
        let authenticator = authenticator.into();
        let settings = RejectionSettings::default().for_authenticator(&authenticator);
        let clock = Arc::new(SystemClock);
        Self {
            shared: Arc::new(Shared {
                authenticator,
                origin_check: Some(OriginCheck::new()),
                clock,
                settings,
                page: DefaultPage,
                text_body: FromText,
                strict: false,
                refresh: None,
                meter: Meter::new(),
                reports: RejectionReports::new(),
                report_hook: Arc::new(LogReports),
                peer: |_| None,
            }),
        }
    }
}

impl<R: Role, P: Clone, T: Clone> AuthLayer<R, P, T> {
    /// Sets the clock. Defaults to the system clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.with(|shared| Shared { clock: Arc::new(clock), ..shared })
    }

    /// Sets the origin check (CSRF), with the trusted origins of the site. Defaults to a check
    /// without exceptions. With the login routes, pass the `origin_check` of their settings.
    ///
    /// ```
    /// # use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
    /// # use hallpass_tower::AuthLayer;
    /// # use http::{Request, Response};
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # #[derive(Role)]
    /// # enum SiteRole { Guest }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
    /// # let verifier = Verifier::<SiteRole>::new(keys, "https://site.example", "site");
    /// # let handler = service_fn(|_: Request<()>| async { Ok::<_, std::convert::Infallible>(Response::new(String::new())) });
    /// use hallpass_core::OriginCheck;
    ///
    /// let check = OriginCheck::new().trust("https://shop.example").unwrap();
    /// let site = AuthLayer::new(verifier).origin_check(check).layer(handler);
    /// let form = |origin| Request::post("/posts").header("origin", origin).body(()).unwrap();
    /// assert_eq!(site.clone().oneshot(form("https://shop.example")).await.unwrap().status(), 200);
    /// assert_eq!(site.oneshot(form("https://evil.example")).await.unwrap().status(), 403);
    /// # }
    /// ```
    #[must_use]
    pub fn origin_check(self, check: OriginCheck) -> Self {
        self.with(|shared| Shared { origin_check: Some(check), ..shared })
    }

    /// Removes the origin check: another site can then send forms with the visitor's cookie (CSRF).
    /// It is for a service that accepts no cookie, such as an API for bearer tokens only. The login
    /// routes keep their check.
    #[must_use]
    pub fn insecure_without_csrf_check(self) -> Self {
        self.with(|shared| Shared { origin_check: None, ..shared })
    }

    /// Sets the paths that rejections redirect and link to. Defaults to the paths of the login
    /// routes.
    #[must_use]
    pub fn rejection_settings(self, settings: RejectionSettings) -> Self {
        self.with(|shared| Shared { settings, ..shared })
    }

    /// Sets the site's own page for rejected requests. `None` renders the default response.
    ///
    /// The closure is called only if the caller accepts a page. A client that prefers JSON, uses
    /// gRPC or requests an upgrade receives a response in its own format. A page with a success
    /// status is sent with the status of the rejection. Defaults to a plain page.
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

    /// Sets the site's own page as a type that implements [`OnRejection`].
    /// [`on_rejection`](Self::on_rejection) takes a closure.
    #[must_use]
    pub fn rejection_page<Q>(self, page: Q) -> AuthLayer<R, Q, T> {
        self.with(
            |Shared {
                 authenticator,
                 origin_check,
                 clock,
                 settings,
                 text_body,
                 strict,
                 refresh,
                 meter,
                 reports,
                 report_hook,
                 peer,
                 ..
             }| Shared {
                authenticator,
                origin_check,
                clock,
                settings,
                page,
                text_body,
                strict,
                refresh,
                meter,
                reports,
                report_hook,
                peer,
            },
        )
    }

    /// Sets the closure that makes a response body from text, as in
    /// `.body_with(tonic::body::Body::new)`. Defaults to the body's `From<String>`.
    #[must_use]
    pub fn body_with<B, U>(self, text_body: U) -> AuthLayer<R, P, U>
    where
        U: Fn(String) -> B,
    {
        self.text_body(text_body)
    }

    /// Sets the type that makes response bodies from text. It implements [`TextBody`].
    /// [`body_with`](Self::body_with) takes a closure.
    #[must_use]
    pub fn text_body<U>(self, text_body: U) -> AuthLayer<R, P, U> {
        self.with(
            |Shared {
                 authenticator,
                 origin_check,
                 clock,
                 settings,
                 page,
                 strict,
                 refresh,
                 meter,
                 reports,
                 report_hook,
                 peer,
                 ..
             }| Shared {
                authenticator,
                origin_check,
                clock,
                settings,
                page,
                text_body,
                strict,
                refresh,
                meter,
                reports,
                report_hook,
                peer,
            },
        )
    }

    /// Renews the session of a request whose access token has expired or is stale, and sets the new
    /// cookies on the response. Off by default, because this layer has no store. hallpass-axum's
    /// `Rotation` is such a hook.
    #[must_use]
    pub fn refresh(self, refresh: impl RefreshHook) -> Self {
        self.with(|shared| Shared { refresh: Some(Arc::new(refresh)), ..shared })
    }

    /// Sets the receiver of the reports of forged tokens and of requests without a role. Defaults
    /// to a warning in the log. hallpass-accounts has a hook that makes events of them.
    ///
    /// Each kind is reported at most once per minute, with the number of requests.
    #[must_use]
    pub fn reports(self, hook: impl ReportHook) -> Self {
        self.with(|shared| Shared { report_hook: Arc::new(hook), ..shared })
    }

    /// Sets the function that returns the address of the connection from the extensions of a
    /// request, for the reports. Defaults to none. The framework inserts the address; on axum it is
    /// `ConnectInfo<SocketAddr>`.
    #[must_use]
    pub fn peer_of(self, peer: fn(&Extensions) -> Option<IpAddr>) -> Self {
        self.with(|shared| Shared { peer, ..shared })
    }

    /// Rejects requests to routes that no guard of this crate protects, fallbacks included. A
    /// forgotten guard then results in a 500 response and a logged error instead of an unprotected
    /// route. Put [`public`](crate::public) around a route that is deliberately open.
    ///
    /// The service of such a route has run when the request is rejected, because a guard further
    /// inside could still have run. hallpass-axum's `GuardedRouter` accepts no route without a
    /// requirement. Off by default, because a site may have open routes outside of hallpass.
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

impl<R, P, T> AuthLayer<R, P, T> {
    /// Returns the path below which the site is reached, from the rejection settings.
    pub fn prefix(&self) -> &PathPrefix {
        self.shared.settings.prefix()
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

/// The service that [`AuthLayer`] creates.
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
        if let Some(rejection) = self.shared.cross_origin(&request) {
            request.extensions_mut().insert(Authentication::anonymous());
            let rejected = Rejected::new(rejection, RejectedRequest::of(&request));
            let stage = Stage::Rejected { rejected: Some(rejected) };
            return AuthFuture { stage, shared: Arc::clone(&self.shared) };
        }
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
            let kind = ReportedKind::Token(reason);
            self.shared.report(kind, now, &who, headers, request.extensions());
        }
        // Replaces any value from an outer service: inside this layer only its own result counts.
        request.extensions_mut().insert(who);
        // Copied here, because a nested router removes its prefix from the URI that guards receive,
        // and `next` must contain the whole path.
        let uri = request.uri().clone();
        let watched = self.shared.strict.then(|| Box::new(Watched::new(&mut request)));
        AuthFuture {
            stage: Stage::Asked { inner: self.inner.call(request), uri, watched },
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<R: Role, P, T> Shared<R, P, T> {
    /// Returns the rejection of a request from another site.
    fn cross_origin<Q>(&self, request: &Request<Q>) -> Option<Rejection> {
        let (check, headers) = (self.origin_check.as_ref()?, request.headers());
        let rejection = self
            .authenticator
            .check_origin(
                check,
                &origin_facts(request),
                headers.contains_key(header::COOKIE),
                values(headers, &header::AUTHORIZATION),
                &*self.clock,
            )
            .err()?;
        tracing::debug!(target: "hallpass", kind = rejection.kind().as_str(), "request rejected");
        Some(rejection)
    }
}

impl<R, P, T> Shared<R, P, T> {
    /// Counts a rejected request, and reports it if a report of its kind is due.
    fn report(
        &self,
        kind: ReportedKind,
        now: UnixTime,
        who: &Authentication,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) {
        let Some(count) = self.reports.due(kind, now) else { return };
        let lines = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        let report = RejectionReport::new(kind, count, who, (self.peer)(extensions), &lines);
        self.report_hook.report(&report);
    }
}

/// Logs each report as a warning.
struct LogReports;

impl ReportHook for LogReports {
    fn report(&self, report: &RejectionReport<'_>) {
        let RejectionReport { kind, count, account, peer, .. } = *report;
        let (kind, peer) = (kind.as_str(), peer.map(tracing::field::display));
        tracing::warn!(target: "hallpass", kind, count, account, peer, "requests rejected");
    }
}

/// Looks up the header when the first value is requested. An authenticator that accepts no bearer
/// token never requests one.
fn values<'h>(headers: &'h HeaderMap, name: &'h HeaderName) -> impl Iterator<Item = &'h [u8]> {
    iter::once(name).flat_map(|name| headers.get_all(name)).map(|value| value.as_bytes())
}

pin_project! {
    /// The response future of [`AuthService`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct AuthFuture<R, F, P = DefaultPage, T = FromText> {
        #[pin]
        stage: Stage<F>,
        shared: Arc<Shared<R, P, T>>,
    }
}

pin_project! {
    #[project = Staged]
    enum Stage<F> {
        Asked { #[pin] inner: F, uri: Uri, watched: Option<Box<Watched>> },
        Rejected { rejected: Option<Rejected> },
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
        let (inner, uri, watched) = match this.stage.project() {
            Staged::Asked { inner, uri, watched } => (inner, uri, watched),
            // A future that is polled again after it was ready may stay pending (`Future::poll`).
            Staged::Rejected { rejected } => {
                return rejected.take().map_or(Poll::Pending, |rejected| {
                    let empty = Response::new(this.shared.text_body.body(String::new()));
                    Poll::Ready(Ok(this.shared.render(rejected, empty)))
                });
            }
        };
        let mut response = ready!(inner.poll(cx))?;
        if let Some(mut rejected) = response.extensions_mut().remove::<Rejected>() {
            rejected.request.uri = std::mem::take(uri);
            return Poll::Ready(Ok(this.shared.render(rejected, response)));
        }
        if let Some(rejected) = watched.take().and_then(|watched| watched.rejected()) {
            // Nothing of the route's response is sent, and none of its headers.
            response.headers_mut().clear();
            return Poll::Ready(Ok(this.shared.render(rejected, response)));
        }
        Poll::Ready(Ok(response))
    }
}
