//! The outer middleware: finds out who asks, and renders the rejections.
//!
//! A guard inside leaves a rejection on its response. This middleware, which knows the site's
//! settings, renders it as the page, the redirect or the problem document. What a response carried
//! besides, set by middleware in between, stays on it.

use std::{iter, sync::Arc};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue},
};
use hallpass_core::{
    Authentication, Caller, Clock, Meter, RefreshHook, Refreshing, Rejection, RejectionResponse,
    RejectionSettings, RequestAuthenticator, Role, SystemClock,
};

use crate::{
    around::{Around, transform},
    authentication::{Rejected, Statement, status, unstated},
    origin::origin_facts,
};

/// The middleware around the app: [`App::wrap`](actix_web::App::wrap) it outermost.
///
/// It is cheap to clone, and `Send`: build it once, clone it into each worker's app.
#[must_use]
pub struct AuthLayer<R: Role> {
    authenticator: Arc<RequestAuthenticator<R>>,
    clock: Arc<dyn Clock>,
    rejection_settings: Arc<RejectionSettings>,
    on_rejection: Option<Arc<OnRejection>>,
    strict: bool,
    refresh: Option<Arc<dyn RefreshHook>>,
    meter: Meter,
}

// By hand, because the derived one would require the same of `R`.
impl<R: Role> Clone for AuthLayer<R> {
    fn clone(&self) -> Self {
        Self {
            authenticator: Arc::clone(&self.authenticator),
            clock: Arc::clone(&self.clock),
            rejection_settings: Arc::clone(&self.rejection_settings),
            on_rejection: self.on_rejection.clone(),
            strict: self.strict,
            refresh: self.refresh.clone(),
            meter: self.meter.clone(),
        }
    }
}

type OnRejection = dyn Fn(Rejection, &HttpRequest) -> Option<HttpResponse> + Send + Sync;

impl<R: Role> AuthLayer<R> {
    /// Verifies with this verifier, or with a [`RequestAuthenticator`] where more is to be said
    /// than which tokens are right.
    pub fn new(authenticator: impl Into<RequestAuthenticator<R>>) -> Self {
        let authenticator = authenticator.into();
        Self {
            rejection_settings: Arc::new(
                RejectionSettings::default().for_authenticator(&authenticator),
            ),
            authenticator: Arc::new(authenticator),
            clock: Arc::new(SystemClock),
            on_rejection: None,
            strict: false,
            refresh: None,
            meter: Meter::new(),
        }
    }

    /// Says what time it is. Defaults to the system's clock, because tokens live by it.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the paths that a rejection leads to. Defaults to the paths of the login routes.
    pub fn rejection_settings(mut self, settings: RejectionSettings) -> Self {
        self.rejection_settings = Arc::new(settings);
        self
    }

    /// Sets the site's own page for rejected requests; `None` renders the default response.
    ///
    /// The closure is called only where the caller takes a page. A client that prefers JSON, uses
    /// gRPC or asks for an upgrade gets a response of its own kind. A page with a status of success
    /// is sent with the status of the rejection. Defaults to a plain page.
    pub fn on_rejection(
        mut self,
        page: impl Fn(Rejection, &HttpRequest) -> Option<HttpResponse> + Send + Sync + 'static,
    ) -> Self {
        self.on_rejection = Some(Arc::new(page));
        self
    }

    /// Renews the session of a request whose access token has run out, and sets the new cookies on
    /// the answer. Defaults to not, because this middleware knows no store: `Rotation`, with
    /// the feature `routes`, does.
    pub fn refresh(mut self, refresh: impl RefreshHook) -> Self {
        self.refresh = Some(Arc::new(refresh));
        self
    }

    /// Refuses what a route answers that no guard of this crate stood before, the app's default
    /// service included: a forgotten guard is then a 500 and an error in the log instead of an
    /// open door. A route that is open on purpose says [`public`](crate::public).
    ///
    /// The handler of such a route has run by then, since a guard further in could still have
    /// spoken: a router that cannot be given a route without a requirement is
    /// [`GuardedRouter`](crate::GuardedRouter). Defaults to off, because a site that has its open
    /// routes outside of hallpass would stand still.
    pub fn deny_unguarded_routes(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Renders a rejection: the site's own page, where there is one for a caller that takes one, or
    /// the default response. Headers that middleware in between added to the guard's response
    /// (a policy, a cookie) stay.
    fn render<B>(
        &self,
        rejection: Rejection,
        request: &HttpRequest,
        guarded: HttpResponse<B>,
    ) -> HttpResponse {
        self.meter.rejected(rejection);
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
        let caller = Caller::new(request.method().as_str(), target, header);
        let page = self
            .on_rejection
            .as_ref()
            .filter(|_| caller.takes_page())
            .and_then(|page| page(rejection, request));

        let mut response = guarded.drop_body();
        // For middleware further out that logs or counts.
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
            // They are made of printable ASCII; one that were not is left out.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        *response.status_mut() = status(rendered.status);
        response.set_body(page.map_or_else(|| BoxBody::new(rendered.body), HttpResponse::into_body))
    }

    fn renewing(&self, who: &Authentication, request: &ServiceRequest) -> Option<Refreshing> {
        let refresh = self.refresh.as_ref().filter(|_| who.username().is_none())?;
        let headers = request.headers();
        let mut cookies = headers.get_all(COOKIE).map(HeaderValue::as_bytes);
        refresh.due(who, &origin_facts(request), &mut cookies, headers.contains_key(AUTHORIZATION))
    }
}

transform!(AuthLayer<R>, R);

impl<R: Role> Around for AuthLayer<R> {
    fn before(&self, request: &ServiceRequest) -> Result<Option<Refreshing>, Rejection> {
        let now = self.clock.now();
        let headers = request.headers();
        let cookies = headers.get_all(COOKIE).map(HeaderValue::as_bytes);
        // Looked up when the first is asked for: an authenticator that takes no bearer token never
        // asks.
        let authorization = iter::once_with(|| headers.get_all(AUTHORIZATION)).flatten();
        let who = self
            .authenticator
            .authenticate(cookies, authorization.map(HeaderValue::as_bytes), now)
            .checked_at(now);
        self.meter.verified(&who);
        if let Some(reason) = who.reason() {
            tracing::debug!(target: "hallpass", reason = reason.as_str(), "token rejected");
        }
        let renewing = self.renewing(&who, request);
        // Replaces whatever an outer service may have left there: only this middleware's word
        // counts inside of it.
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
