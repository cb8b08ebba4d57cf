//! The outer middleware: checks each request's origin (CSRF), verifies its token, and renders
//! rejections.
//!
//! A guard inside leaves a rejection on its response. This middleware has the site's settings and
//! renders the rejection as a page, a redirect or a problem document. Headers that middleware in
//! between added to the response are kept.

use std::{iter, sync::Arc};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue},
};
use hallpass_core::{
    Authentication, Caller, Clock, Meter, OriginCheck, RefreshHook, Refreshing, Rejection,
    RejectionReport, RejectionReports, RejectionResponse, RejectionSettings, ReportHook,
    ReportedKind, RequestAuthenticator, Role, SecurityHeaders, SystemClock, UnixTime,
};

use crate::{
    around::{Around, transform},
    authentication::{Rejected, Statement, status, unstated},
    origin::origin_facts,
    prefix::respell,
};

/// Middleware around the app that verifies the token of each request and renders rejections.
/// [`App::wrap`](actix_web::App::wrap) it outermost.
///
/// Before everything else, it rejects unsafe requests and WebSocket handshakes that another site
/// made the browser send (CSRF). [`OriginCheck`] documents the rules.
///
/// It is `Send` and cheap to clone: create it once and clone it into each worker's app.
#[must_use]
pub struct AuthLayer<R: Role> {
    authenticator: Arc<RequestAuthenticator<R>>,
    origin_check: Option<Arc<OriginCheck>>,
    clock: Arc<dyn Clock>,
    rejection_settings: Arc<RejectionSettings>,
    on_rejection: Option<Arc<OnRejection>>,
    strict: bool,
    refresh: Option<Arc<dyn RefreshHook>>,
    meter: Meter,
    reports: RejectionReports,
    report_hook: Arc<dyn ReportHook>,
}

// Implemented by hand, because the derived implementation would require `R: Clone`.
impl<R: Role> Clone for AuthLayer<R> {
    fn clone(&self) -> Self {
        Self {
            authenticator: Arc::clone(&self.authenticator),
            origin_check: self.origin_check.clone(),
            clock: Arc::clone(&self.clock),
            rejection_settings: Arc::clone(&self.rejection_settings),
            on_rejection: self.on_rejection.clone(),
            strict: self.strict,
            refresh: self.refresh.clone(),
            meter: self.meter.clone(),
            reports: self.reports.clone(),
            report_hook: Arc::clone(&self.report_hook),
        }
    }
}

type OnRejection = dyn Fn(Rejection, &HttpRequest) -> Option<HttpResponse> + Send + Sync;

impl<R: Role> AuthLayer<R> {
    /// Creates middleware that verifies tokens with a verifier, or with a [`RequestAuthenticator`]
    /// for other settings, such as the name of the cookie.
    pub fn new(authenticator: impl Into<RequestAuthenticator<R>>) -> Self {
        let authenticator = authenticator.into();
        Self {
            rejection_settings: Arc::new(
                RejectionSettings::default().for_authenticator(&authenticator),
            ),
            authenticator: Arc::new(authenticator),
            origin_check: Some(Arc::new(OriginCheck::new())),
            clock: Arc::new(SystemClock),
            on_rejection: None,
            strict: false,
            refresh: None,
            meter: Meter::new(),
            reports: RejectionReports::new(),
            report_hook: Arc::new(LogReports),
        }
    }

    /// Sets the clock. Defaults to the system clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the origin check (CSRF), with the trusted origins of the site. Defaults to a check
    /// without exceptions. With the login routes, pass the `origin_check` of their settings.
    pub fn origin_check(mut self, check: OriginCheck) -> Self {
        self.origin_check = Some(Arc::new(check));
        self
    }

    /// Removes the origin check: another site can then send forms with the visitor's cookie (CSRF).
    /// It is for a service that accepts no cookie, such as an API for bearer tokens only. The login
    /// routes keep their check.
    pub fn insecure_without_csrf_check(mut self) -> Self {
        self.origin_check = None;
        self
    }

    /// Sets the paths that rejections redirect and link to. Defaults to the paths of the login
    /// routes.
    ///
    /// With a path prefix, the app's routes answer with and without the prefix: inside this
    /// middleware, the path of a request has the spelling that is a route. If neither spelling is a
    /// route, the path has no prefix.
    pub fn rejection_settings(mut self, settings: RejectionSettings) -> Self {
        self.rejection_settings = Arc::new(settings);
        self
    }

    /// Sets the site's own page for rejected requests. `None` renders the default response.
    ///
    /// The closure is called only if the caller accepts a page. A client that prefers JSON, uses
    /// gRPC or requests an upgrade receives a response in its own format. A page with a success
    /// status is sent with the status of the rejection. Defaults to a plain page.
    pub fn on_rejection(
        mut self,
        page: impl Fn(Rejection, &HttpRequest) -> Option<HttpResponse> + Send + Sync + 'static,
    ) -> Self {
        self.on_rejection = Some(Arc::new(page));
        self
    }

    /// Renews the session of a request whose access token has expired or is stale, and sets the new
    /// cookies on the response. Off by default, because this middleware has no store. `Rotation`,
    /// with the feature `routes`, is such a hook.
    pub fn refresh(mut self, refresh: impl RefreshHook) -> Self {
        self.refresh = Some(Arc::new(refresh));
        self
    }

    /// Sets the receiver of the reports of forged tokens and of requests without a role. Defaults
    /// to a warning in the log. hallpass-accounts has a hook that makes events of them.
    ///
    /// Each kind is reported at most once per minute, with the number of requests.
    pub fn reports(mut self, hook: impl ReportHook) -> Self {
        self.report_hook = Arc::new(hook);
        self
    }

    /// Rejects requests to routes that no guard of this crate protects, the app's default service
    /// included. A forgotten guard then results in a 500 response and a logged error instead of an
    /// unprotected route. Put [`public`](crate::public) around a route that is deliberately open.
    ///
    /// The handler of such a route has run when the request is rejected, because a guard further
    /// inside could still have run. [`GuardedRouter`](crate::GuardedRouter) accepts no route
    /// without a requirement. Off by default, because a site may have open routes outside of
    /// hallpass.
    pub fn deny_unguarded_routes(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Renders a rejection: as the site's own page if it has one and the caller accepts a page,
    /// else as the default response. Headers that middleware in between added to the guard's
    /// response (a policy, a cookie) are kept.
    fn render<B>(
        &self,
        rejection: Rejection,
        request: &HttpRequest,
        guarded: HttpResponse<B>,
    ) -> HttpResponse {
        self.meter.rejected(rejection);
        let who = request.extensions().get().cloned().unwrap_or_else(Authentication::anonymous);
        let now = who.moment().unwrap_or_else(|| self.clock.now());
        self.report(ReportedKind::Request(rejection.kind()), now, &who, request);
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
        let caller = Caller::new(request.method().as_str(), target, header);
        let page = self
            .on_rejection
            .as_ref()
            .filter(|_| caller.takes_page())
            .and_then(|page| page(rejection, request));

        let mut response = guarded.drop_body();
        // For outer middleware that logs or counts.
        response.extensions_mut().insert(rejection);
        let headers = response.headers_mut();
        RejectionResponse::BODY_HEADERS.iter().for_each(|name| drop(headers.remove(*name)));
        let rendered = match &page {
            None => RejectionResponse::new(rejection, &caller, &self.rejection_settings),
            Some(page) => {
                page.headers().keys().for_each(|name| drop(headers.remove(name)));
                page.headers()
                    .iter()
                    .for_each(|(name, value)| headers.append(name.clone(), value.clone()));
                RejectionResponse::for_page(
                    rejection,
                    page.status().as_u16(),
                    &self.rejection_settings,
                    |name| headers.contains_key(name),
                )
            }
        };
        for (name, value) in rendered.headers {
            // Core's headers are printable ASCII. Any other header is left out.
            // A policy of middleware of the site in between is kept.
            let is_set = headers.contains_key(name) && SecurityHeaders::contain(name);
            if let Ok(value) = HeaderValue::try_from(value)
                && !is_set
            {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        *response.status_mut() = status(rendered.status);
        response.set_body(page.map_or_else(|| BoxBody::new(rendered.body), HttpResponse::into_body))
    }

    fn check_origin(&self, request: &ServiceRequest) -> Result<(), Rejection> {
        let Some(check) = &self.origin_check else { return Ok(()) };
        let headers = request.headers();
        let checked = self.authenticator.check_origin(
            check,
            &origin_facts(request),
            headers.contains_key(COOKIE),
            authorization(headers),
            &*self.clock,
        );
        checked.inspect_err(|rejection| {
            request.extensions_mut().insert(Authentication::anonymous());
            tracing::debug!(target: "hallpass", kind = rejection.kind().as_str(), "request rejected");
        })
    }

    /// Counts a rejected request, and reports it if a report of its kind is due.
    fn report(&self, kind: ReportedKind, now: UnixTime, who: &Authentication, of: &HttpRequest) {
        let Some(count) = self.reports.due(kind, now) else { return };
        let lines = |name| of.headers().get_all(name).map(HeaderValue::as_bytes).collect();
        let peer = of.peer_addr().map(|address| address.ip());
        self.report_hook.report(&RejectionReport::new(kind, count, who, peer, &lines));
    }

    fn renewing(&self, who: &Authentication, request: &ServiceRequest) -> Option<Refreshing> {
        let refresh = self.refresh.as_ref().filter(|_| who.username().is_none())?;
        let headers = request.headers();
        let mut cookies = headers.get_all(COOKIE).map(HeaderValue::as_bytes);
        refresh.due(who, &origin_facts(request), &mut cookies, headers.contains_key(AUTHORIZATION))
    }
}

/// Looks up the header when the first value is requested. An authenticator that accepts no bearer
/// token never requests one.
fn authorization(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    iter::once_with(|| headers.get_all(AUTHORIZATION)).flatten().map(HeaderValue::as_bytes)
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

transform!(AuthLayer<R>, R);

impl<R: Role> Around for AuthLayer<R> {
    fn prepare(&self, request: &mut ServiceRequest) {
        respell(request, self.rejection_settings.prefix());
    }

    fn before(&self, request: &ServiceRequest) -> Result<Option<Refreshing>, Rejection> {
        self.check_origin(request)?;
        let now = self.clock.now();
        let headers = request.headers();
        let cookies = headers.get_all(COOKIE).map(HeaderValue::as_bytes);
        let who =
            self.authenticator.authenticate(cookies, authorization(headers), now).checked_at(now);
        self.meter.verified(&who);
        if let Some(reason) = who.reason() {
            tracing::debug!(target: "hallpass", reason = reason.as_str(), "token rejected");
            self.report(ReportedKind::Token(reason), now, &who, request.request());
        }
        let renewing = self.renewing(&who, request);
        // Replaces any value from an outer service: inside this middleware only its own result
        // counts.
        request.extensions_mut().insert(who);
        if self.strict {
            request.extensions_mut().insert(Statement::default());
        }
        Ok(renewing)
    }

    fn after<B>(&self, mut answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let rejected = answer
            .response_mut()
            .extensions_mut()
            .remove()
            .map(|rejected: Rejected| rejected.rejection());
        let unstated = || self.strict.then(|| unstated(&mut answer)).flatten();
        let Some(rejection) = rejected.or_else(unstated) else {
            return answer.map_into_left_body();
        };
        let (request, guarded) = answer.into_parts();
        let rendered = self.render(rejection, &request, guarded);
        ServiceResponse::new(request, rendered.map_into_right_body())
    }
}
