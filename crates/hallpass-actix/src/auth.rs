//! The outer middleware: finds out who asks, and says how a refusal looks.
//!
//! Guards inside refuse by leaving a denial on their response; this middleware, which knows the site's settings, turns it into
//! the page, the redirect or the problem document. What a response carried besides, set by middleware in between, stays on it.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::{
        StatusCode,
        header::{AUTHORIZATION, COOKIE, HeaderValue},
    },
};
use hallpass_core::{AnswerSettings, Clock, Denial, DenialKind, Gate, Meter, Role, SystemClock};
use pin_project_lite::pin_project;

use crate::{
    refusal::{caller, default_answer, own_page, take_refusal},
    renew::{Renew, RenewFuture, RenewService},
    statement::Statement,
};

/// The middleware around the app: [`App::wrap`](actix_web::App::wrap) it outermost.
///
/// It is cheap to clone, and `Send`: build it once, clone it into each worker's app.
#[derive(Clone)]
pub struct Auth<R: Role> {
    gate: Arc<Gate<R>>,
    clock: Arc<dyn Clock>,
    answers: Arc<AnswerSettings>,
    denied_page: Option<DeniedPage>,
    strict: bool,
    renew: Option<Arc<dyn Renew>>,
    meter: Meter,
}

type DeniedPage = Arc<dyn Fn(Denial, &HttpRequest) -> Option<HttpResponse> + Send + Sync>;

impl<R: Role> Auth<R> {
    /// Verifies with this verifier, or with a [`Gate`] where more is to be said than which tokens are right.
    pub fn new(gate: impl Into<Gate<R>>) -> Self {
        let gate = gate.into();
        let answers = AnswerSettings::default();
        let answers = if gate.accepts_bearer() { answers.bearer() } else { answers };
        Self {
            gate: Arc::new(gate),
            clock: Arc::new(SystemClock),
            answers: Arc::new(answers),
            denied_page: None,
            strict: false,
            renew: None,
            meter: Meter::new(),
        }
    }

    /// Says what time it is. Defaults to the system's clock, because tokens live by it.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Says where the site's pages are that refusals lead to. Defaults to the paths of the sign-in routes, because they serve them.
    #[must_use]
    pub fn answers(mut self, answers: AnswerSettings) -> Self {
        self.answers = Arc::new(answers);
        self
    }

    /// Shows the site's own page where a request is refused; `None` leaves it to the default answer.
    ///
    /// The page is asked for only where the caller takes one: a client that prefers JSON, speaks gRPC or wants to upgrade gets
    /// its own form of answer. A page with a status of success is sent with the refusal's: a refusal never looks like success.
    /// Defaults to a plain page, because a refusal without any page leaves a person without a way on.
    #[must_use]
    pub fn on_denied(
        mut self,
        page: impl Fn(Denial, &HttpRequest) -> Option<HttpResponse> + Send + Sync + 'static,
    ) -> Self {
        self.denied_page = Some(Arc::new(page));
        self
    }

    /// Renews the session of a request whose access token has run out, and sets the new cookies on the answer. Defaults to not,
    /// because this middleware knows no store: `Renewal`, with the feature `signin`, does.
    #[must_use]
    pub fn renew(mut self, renew: impl Renew) -> Self {
        self.renew = Some(Arc::new(renew));
        self
    }

    /// Refuses what a route answers that no guard of this crate stood before, the app's default service included: a forgotten guard
    /// is then a 500 and an error in the log instead of an open door. A route that is open on purpose says [`everyone`](crate::everyone).
    ///
    /// The handler of such a route has run by then, since a guard further in could still have spoken:
    /// [`stated`](crate::stated) does not let such a route be registered at all. Defaults to off, because a site that has its open
    /// routes outside of hallpass would stand still.
    #[must_use]
    pub fn every_route_states_its_requirement(mut self) -> Self {
        self.strict = true;
        self
    }

    fn authenticate(&self, request: &ServiceRequest) {
        let now = self.clock.now();
        let headers = request.headers();
        let who = self.gate.authenticate(
            headers.get_all(COOKIE).map(HeaderValue::as_bytes),
            headers.get_all(AUTHORIZATION).map(HeaderValue::as_bytes),
            now,
        );
        self.meter.verified(&who);
        if let Some(reason) = who.reason() {
            tracing::debug!(target: "hallpass", reason = reason.as_str(), "token refused");
        }
        // Replaces whatever an outer service may have left there: only this middleware's word counts inside of it.
        request.extensions_mut().insert(who.checked_at(now));
        if self.strict {
            request.extensions_mut().insert(Statement::default());
        }
    }

    fn answer<B>(&self, mut response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        if let Some(denial) = take_refusal(response.response_mut()) {
            let (request, guarded) = response.into_parts();
            return self.word(denial, request, guarded);
        }
        if self.strict && Statement::is_missing(response.request().extensions()) {
            // Nothing of what the route answered goes out, its headers included.
            let (request, _) = response.into_parts();
            tracing::error!(
                target: "hallpass",
                method = request.method().as_str(),
                route = request.match_pattern().as_deref().unwrap_or("none"),
                path = request.path(),
                "refused, because the route states no requirement: wrap it in a guard, or in everyone()"
            );
            let denial = Denial::new(DenialKind::Misconfigured);
            return self.word(denial, request, HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR));
        }
        response.map_into_left_body()
    }

    fn word<B, G>(
        &self,
        denial: Denial,
        request: HttpRequest,
        guarded: HttpResponse<G>,
    ) -> ServiceResponse<EitherBody<B>> {
        self.meter.denied(denial);
        let caller = caller(&request);
        let page = self.denied_page.as_ref().filter(|_| caller.takes_page());
        let answer = match page.and_then(|page| page(denial, &request)) {
            Some(page) => own_page(denial, guarded, page, &self.answers),
            None => default_answer(denial, &caller, guarded, &self.answers),
        };
        ServiceResponse::new(request, answer.map_into_right_body())
    }
}

impl<S, B, R> Transform<S, ServiceRequest> for Auth<R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    R: Role,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = AuthService<S, R>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let inner = RenewService::new(inner, self.renew.clone());
        ready(Ok(AuthService { inner, auth: Rc::new(self.clone()) }))
    }
}

/// An app that is told who asks.
pub struct AuthService<S, R: Role> {
    inner: RenewService<S>,
    auth: Rc<Auth<R>>,
}

impl<S, B, R> Service<ServiceRequest> for AuthService<S, R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    R: Role,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = AuthFuture<RenewFuture<S, S::Future>, R>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        self.auth.authenticate(&request);
        AuthFuture { inner: self.inner.call(request), auth: Rc::clone(&self.auth) }
    }
}

pin_project! {
    /// The answer of an app that is told who asks.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct AuthFuture<F, R: Role> {
        #[pin]
        inner: F,
        auth: Rc<Auth<R>>,
    }
}

impl<F, B, R> Future for AuthFuture<F, R>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    R: Role,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(this.auth.answer(response)))
    }
}
