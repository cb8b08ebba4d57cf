//! Renewal inside a request whose access token has run out.
//!
//! The layer knows no store. It knows a moment: between finding out that nobody is signed in, and asking the service inside. What is
//! done with it is a [`Renew`]'s; hallpass-axum's `Renewal` is the one that renews sessions. A request that has nothing to renew
//! passes without a copy, a wait or an allocation.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hallpass_core::Authentication;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri,
    header::{CACHE_CONTROL, SET_COOKIE},
};
use pin_project_lite::pin_project;
use tower_service::Service;

/// Renews sessions for [`AuthLayer::renew`](crate::AuthLayer::renew).
pub trait Renew: Send + Sync + 'static {
    /// Begins a renewal, if this is a request to renew in. Asked where nobody is signed in.
    fn due(&self, who: &Authentication, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Renewing>;

    /// Whether a `Set-Cookie` value sets or removes a cookie that a renewal sets. An answer that does has the last word: a log-out
    /// must not be undone by the renewal that went before it.
    fn speaks_of_session(&self, set_cookie: &[u8]) -> bool;
}

/// A renewal under way.
pub type Renewing = Pin<Box<dyn Future<Output = Renewed> + Send>>;

/// What came of a renewal.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Who asks now; `None` leaves it as it was.
    pub who: Option<Authentication>,
    /// The `Set-Cookie` values for the answer.
    pub cookies: Vec<HeaderValue>,
}

/// The service inside, whose requests are renewed first where that is due.
#[derive(Clone)]
pub(crate) struct RenewService<S> {
    pub(crate) inner: S,
    pub(crate) renew: Option<Arc<dyn Renew>>,
}

impl<S, Q, B> Service<Request<Q>> for RenewService<S>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RenewFuture<S, S::Future, Q>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let due = self.renew.as_ref().and_then(|renew| {
            let who = request.extensions().get().filter(|who: &&Authentication| who.username().is_none())?;
            let renewing = renew.due(who, request.method(), request.uri(), request.headers())?;
            Some((Arc::clone(renew), renewing))
        });
        let stage = match due {
            None => Stage::Asked { inner: self.inner.call(request), renewed: None },
            Some((renew, renewing)) => {
                // The one that was asked whether it is ready is the one to call.
                let spare = self.inner.clone();
                let service = mem::replace(&mut self.inner, spare);
                Stage::Renewing { renewing, waiting: Some((renew, service, request)) }
            }
        };
        RenewFuture { stage }
    }
}

pin_project! {
    /// The answer of a service whose requests are renewed first.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RenewFuture<S, F, Q> {
        #[pin]
        stage: Stage<S, F, Q>,
    }
}

pin_project! {
    #[project = Staged]
    enum Stage<S, F, Q> {
        Renewing { renewing: Renewing, waiting: Option<(Arc<dyn Renew>, S, Request<Q>)> },
        Asked { #[pin] inner: F, renewed: Option<(Arc<dyn Renew>, Vec<HeaderValue>)> },
    }
}

impl<S, Q, B> Future for RenewFuture<S, S::Future, Q>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Output = Result<S::Response, S::Error>;

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
                    let Some((renew, mut service, mut request)) = waiting.take() else { return Poll::Pending };
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
    let speaks = |set: &HeaderValue| renew.speaks_of_session(set.as_bytes());
    if cookies.is_empty() || headers.get_all(SET_COOKIE).into_iter().any(speaks) {
        return;
    }
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    // A cache may keep a `Set-Cookie` and hand it to somebody else (RFC 9111 section 7.3).
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
