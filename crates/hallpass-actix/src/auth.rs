//! The outer middleware: finds out who asks, and says how a refusal looks.
//!
//! Guards inside refuse by leaving a denial on their response; this middleware, which knows the site's settings, turns it into
//! the page, the redirect or the problem document. What a response carried besides, set by middleware in between, stays on it.

use std::{iter, sync::Arc};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue},
};
use hallpass_core::{
    Authentication, BODY_HEADERS, Caller, Clock, Meter, RefreshHook, Refreshing, Rejection, RejectionSettings,
    RequestAuthenticator, Role, SystemClock, answer, own_page,
};

use crate::{
    around::{Around, transform},
    authentication::{Refused, Statement, status, unstated},
    origin::origin_facts,
};

/// The middleware around the app: [`App::wrap`](actix_web::App::wrap) it outermost.
///
/// It is cheap to clone, and `Send`: build it once, clone it into each worker's app.
#[must_use]
pub struct AuthLayer<R: Role> {
    gate: Arc<RequestAuthenticator<R>>,
    clock: Arc<dyn Clock>,
    answers: Arc<RejectionSettings>,
    denied_page: Option<Arc<DeniedPage>>,
    strict: bool,
    refresh: Option<Arc<dyn RefreshHook>>,
    meter: Meter,
}

// By hand, because the derived one would require the same of `R`.
impl<R: Role> Clone for AuthLayer<R> {
    fn clone(&self) -> Self {
        Self {
            gate: Arc::clone(&self.gate),
            clock: Arc::clone(&self.clock),
            answers: Arc::clone(&self.answers),
            denied_page: self.denied_page.clone(),
            strict: self.strict,
            refresh: self.refresh.clone(),
            meter: self.meter.clone(),
        }
    }
}

type DeniedPage = dyn Fn(Rejection, &HttpRequest) -> Option<HttpResponse> + Send + Sync;

impl<R: Role> AuthLayer<R> {
    /// Verifies with this verifier, or with a [`RequestAuthenticator`] where more is to be said than which tokens are right.
    pub fn new(gate: impl Into<RequestAuthenticator<R>>) -> Self {
        let gate = gate.into();
        Self {
            answers: Arc::new(RejectionSettings::default().for_gate(&gate)),
            gate: Arc::new(gate),
            clock: Arc::new(SystemClock),
            denied_page: None,
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

    /// Says where the site's pages are that refusals lead to. Defaults to the paths of the sign-in routes, because they serve them.
    pub fn answers(mut self, answers: RejectionSettings) -> Self {
        self.answers = Arc::new(answers);
        self
    }

    /// Shows the site's own page where a request is refused; `None` leaves it to the default answer.
    ///
    /// The page is asked for only where the caller takes one: a client that prefers JSON, speaks gRPC or wants to upgrade gets
    /// its own form of answer. A page with a status of success is sent with the refusal's: a refusal never looks like success.
    /// Defaults to a plain page, because a refusal without any page leaves a person without a way on.
    pub fn on_rejection(
        mut self,
        page: impl Fn(Rejection, &HttpRequest) -> Option<HttpResponse> + Send + Sync + 'static,
    ) -> Self {
        self.denied_page = Some(Arc::new(page));
        self
    }

    /// Renews the session of a request whose access token has run out, and sets the new cookies on the answer. Defaults to not,
    /// because this middleware knows no store: `Rotation`, with the feature `routes`, does.
    pub fn refresh(mut self, refresh: impl RefreshHook) -> Self {
        self.refresh = Some(Arc::new(refresh));
        self
    }

    /// Refuses what a route answers that no guard of this crate stood before, the app's default service included: a forgotten guard
    /// is then a 500 and an error in the log instead of an open door. A route that is open on purpose says [`public`](crate::public).
    ///
    /// The handler of such a route has run by then, since a guard further in could still have spoken:
    /// a router that cannot be given a route without a requirement is
    /// [`GuardedRouter`](crate::GuardedRouter). Defaults to off, because a site that has its open
    /// routes outside of hallpass would stand still.
    pub fn deny_unguarded_routes(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Words a denial: the site's own page, where it has one for a caller that takes one, or core's answer. What middleware in between
    /// added to the guard's answer (a policy, a cookie) stays.
    fn word<B>(&self, rejection: Rejection, request: &HttpRequest, guarded: HttpResponse<B>) -> HttpResponse {
        self.meter.rejected(rejection);
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
        let caller = Caller::new(request.method().as_str(), target, header);
        let page = self.denied_page.as_ref().filter(|_| caller.takes_page()).and_then(|page| page(rejection, request));

        let mut response = guarded.drop_body();
        // For whoever logs or counts further out.
        response.extensions_mut().insert(rejection);
        let headers = response.headers_mut();
        BODY_HEADERS.iter().for_each(|name| drop(headers.remove(*name)));
        let said = match &page {
            None => answer(rejection, &caller, &self.answers),
            Some(page) => {
                page.headers().keys().for_each(|name| drop(headers.remove(name)));
                page.headers().iter().for_each(|(name, value)| headers.append(name.clone(), value.clone()));
                own_page(rejection, page.status().as_u16(), &self.answers, |name| headers.contains_key(name))
            }
        };
        for (name, value) in said.headers {
            // They are made of printable ASCII; one that were not is left out.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        *response.status_mut() = status(said.status);
        response.set_body(page.map_or_else(|| BoxBody::new(said.body), HttpResponse::into_body))
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
        // Looked up when the first is asked for: a gate that takes no bearer token never asks.
        let authorization = iter::once_with(|| headers.get_all(AUTHORIZATION)).flatten();
        let who = self.gate.authenticate(cookies, authorization.map(HeaderValue::as_bytes), now).checked_at(now);
        self.meter.verified(&who);
        if let Some(reason) = who.reason() {
            tracing::debug!(target: "hallpass", reason = reason.as_str(), "token refused");
        }
        let renewing = self.renewing(&who, request);
        // Replaces whatever an outer service may have left there: only this middleware's word counts inside of it.
        request.extensions_mut().insert(who);
        if self.strict {
            request.extensions_mut().insert(Statement::default());
        }
        Ok(renewing)
    }

    fn after<B>(&self, mut answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let refused = answer.response_mut().extensions_mut().remove().map(|refused: Refused| refused.rejection());
        let unstated = || self.strict.then(|| unstated(&mut answer)).flatten();
        let Some(rejection) = refused.or_else(unstated) else { return answer.map_into_left_body() };
        let (request, guarded) = answer.into_parts();
        let worded = self.word(rejection, &request, guarded);
        ServiceResponse::new(request, worded.map_into_right_body())
    }
}
