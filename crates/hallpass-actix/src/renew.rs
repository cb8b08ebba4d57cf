//! Renewal inside a request whose access token has run out.
//!
//! [`Auth`](crate::Auth) knows no store. It knows a moment: between finding out that nobody is signed in, and asking the app inside.
//! What is done with it is a [`Renew`]'s; `Renewal`, with the feature `signin`, is the one that renews sessions. A request that has
//! nothing to renew passes without a wait or an allocation.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpMessage,
    dev::{Service, ServiceRequest, ServiceResponse},
    http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE},
};
use hallpass_core::Authentication;
use pin_project_lite::pin_project;

/// Renews sessions for [`Auth::renew`](crate::Auth::renew).
pub trait Renew: Send + Sync + 'static {
    /// Begins a renewal, if this is a request to renew in. Asked where nobody is signed in.
    fn due(&self, who: &Authentication, request: &ServiceRequest) -> Option<Renewing>;

    /// Whether a `Set-Cookie` value sets or removes a cookie that a renewal sets. An answer that does has the last word: a log-out
    /// must not be undone by the renewal that went before it.
    fn speaks_of_session(&self, set_cookie: &[u8]) -> bool;
}

/// A renewal under way.
pub type Renewing = Pin<Box<dyn Future<Output = Renewed>>>;

/// What came of a renewal.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Who asks now; `None` leaves it as it was.
    pub who: Option<Authentication>,
    /// The `Set-Cookie` values for the answer.
    pub cookies: Vec<HeaderValue>,
}

/// The app inside, whose requests are renewed first where that is due.
pub(crate) struct RenewService<S> {
    inner: Rc<S>,
    renew: Option<Arc<dyn Renew>>,
}

impl<S> RenewService<S> {
    pub(crate) fn new(inner: S, renew: Option<Arc<dyn Renew>>) -> Self {
        Self { inner: Rc::new(inner), renew }
    }
}

impl<S, B> Service<ServiceRequest> for RenewService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = RenewFuture<S, S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let due = self.renew.as_ref().and_then(|renew| {
            let who = request.extensions().get().filter(|who: &&Authentication| who.username().is_none()).cloned()?;
            Some((Arc::clone(renew), renew.due(&who, &request)?))
        });
        let stage = match due {
            None => Stage::Asked { inner: self.inner.call(request), renewed: None },
            Some((renew, renewing)) => {
                Stage::Renewing { renewing, waiting: Some((renew, Rc::clone(&self.inner), request)) }
            }
        };
        RenewFuture { stage }
    }
}

pin_project! {
    /// The answer of an app whose requests are renewed first.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RenewFuture<S, F> {
        #[pin]
        stage: Stage<S, F>,
    }
}

pin_project! {
    #[project = Staged]
    enum Stage<S, F> {
        Renewing { renewing: Renewing, waiting: Option<(Arc<dyn Renew>, Rc<S>, ServiceRequest)> },
        Asked { #[pin] inner: F, renewed: Option<(Arc<dyn Renew>, Vec<HeaderValue>)> },
    }
}

impl<S, B> Future for RenewFuture<S, S::Future>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Output = Result<ServiceResponse<B>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let (inner, renewed) = match self.as_mut().project().stage.project() {
                Staged::Asked { inner, renewed } => {
                    let mut response = ready!(inner.poll(cx))?;
                    if let Some((renew, cookies)) = renewed.take() {
                        complete(&*renew, response.headers_mut(), cookies);
                    }
                    return Poll::Ready(Ok(response));
                }
                Staged::Renewing { renewing, waiting } => {
                    let Renewed { who, cookies } = ready!(renewing.as_mut().poll(cx));
                    // Taken once: what is put in this stage's place below does not come back here.
                    let Some((renew, service, request)) = waiting.take() else { return Poll::Pending };
                    if let Some(who) = who {
                        request.extensions_mut().insert(who);
                    }
                    (service.call(request), Some((renew, cookies)))
                }
            };
            self.as_mut().project().stage.set(Stage::Asked { inner, renewed });
        }
    }
}

fn complete(renew: &dyn Renew, headers: &mut HeaderMap, cookies: Vec<HeaderValue>) {
    if cookies.is_empty() || headers.get_all(SET_COOKIE).any(|set| renew.speaks_of_session(set.as_bytes())) {
        return;
    }
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    // A cache may keep a `Set-Cookie` and hand it to somebody else (RFC 9111 section 7.3).
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
