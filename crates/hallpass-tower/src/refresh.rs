//! Renewal of a session inside the request whose access token has expired or is stale.
//!
//! A [`RefreshHook`] runs after authentication and before the inner service. hallpass-axum's
//! `Rotation` is the hook that renews sessions. A request without a session to renew is passed on
//! without a copy, a wait or an allocation.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hallpass_core::{Authentication, RefreshHook, RefreshedRequest, Refreshing};
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, SET_COOKIE},
};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::origin::origin_facts;

/// The inner service. A session is renewed before the call, if that is due.
#[derive(Clone)]
pub(crate) struct RefreshService<S> {
    pub(crate) inner: S,
    pub(crate) refresh: Option<Arc<dyn RefreshHook>>,
}

impl<S, Q, B> Service<Request<Q>> for RefreshService<S>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RefreshFuture<S, S::Future, Q>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let due = self.refresh.as_ref().and_then(|refresh| {
            let who = request
                .extensions()
                .get()
                .filter(|who: &&Authentication| who.username().is_none())?;
            let headers = request.headers();
            let mut cookies = headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes);
            refresh.due(
                who,
                &origin_facts(&request),
                &mut cookies,
                headers.contains_key(AUTHORIZATION),
            )
        });
        let stage = match due {
            None => Stage::Asked { inner: self.inner.call(request), refreshed: None },
            Some(renewing) => {
                // `poll_ready` was called on this instance, so this instance must be called.
                let spare = self.inner.clone();
                let service = mem::replace(&mut self.inner, spare);
                Stage::Refreshing { renewing, waiting: Some((service, request)) }
            }
        };
        RefreshFuture { stage }
    }
}

pin_project! {
    /// A response future that first renews the session, if that is due.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RefreshFuture<S, F, Q> {
        #[pin]
        stage: Stage<S, F, Q>,
    }
}

pin_project! {
    #[project = Staged]
    enum Stage<S, F, Q> {
        Refreshing { renewing: Refreshing, waiting: Option<(S, Request<Q>)> },
        Asked { #[pin] inner: F, refreshed: Option<RefreshedRequest> },
    }
}

impl<S, Q, B> Future for RefreshFuture<S, S::Future, Q>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let (inner, refreshed) = match self.as_mut().project().stage.project() {
                Staged::Asked { inner, refreshed } => {
                    let mut response = ready!(inner.poll(cx))?;
                    if let Some(refreshed) = refreshed {
                        complete(refreshed, response.headers_mut());
                    }
                    return Poll::Ready(Ok(response));
                }
                Staged::Refreshing { renewing, waiting } => {
                    let mut refreshed = ready!(renewing.as_mut().poll(cx));
                    // Runs once, because the stage is replaced below.
                    let Some((mut service, mut request)) = waiting.take() else {
                        return Poll::Pending;
                    };
                    if let Some(who) = refreshed.who.take() {
                        request.extensions_mut().insert(who);
                    }
                    (service.call(request), Some(refreshed))
                }
            };
            self.as_mut().project().stage.set(Stage::Asked { inner, refreshed });
        }
    }
}

fn complete(refreshed: &RefreshedRequest, headers: &mut HeaderMap) {
    let cookies = refreshed
        .cookies_beside(headers.get_all(SET_COOKIE).into_iter().map(HeaderValue::as_bytes));
    // The cookies are printable ASCII: base64url, and names that were checked at set-up.
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        headers.append(SET_COOKIE, cookie);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
