//! The common structure of this crate's middleware: an [`Around`] checks a request before the inner
//! service is called, and may change the response.
//!
//! Nothing is boxed or awaited per request, except to renew a session.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{self, Context, Poll},
};

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse},
    http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE},
};
use hallpass_core::{RefreshedRequest, Refreshing, Rejection};
use pin_project_lite::pin_project;

use crate::authentication::Rejected;

/// Middleware around the inner service.
pub trait Around {
    /// Changes a request before all else. Defaults to no change.
    fn prepare(&self, _request: &mut ServiceRequest) {}

    /// Checks a request before the inner service is called. Returns a [`Refreshing`] if the session
    /// has to be renewed first. For a rejection the inner service is not called: `after` receives
    /// a response without a body, and [`AuthLayer`](crate::AuthLayer) renders the rejection.
    fn before(&self, request: &ServiceRequest) -> Result<Option<Refreshing>, Rejection>;

    /// Completes the response of the inner service. Defaults to no change.
    fn after<B>(&self, answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        answer.map_into_left_body()
    }
}

/// The service of one of this crate's middlewares. The middleware and the inner service are shared
/// with the requests that first renew a session.
pub struct AroundService<A, S>(Rc<(A, S)>);

impl<A, S> AroundService<A, S> {
    pub(crate) fn new(around: A, inner: S) -> Self {
        Self(Rc::new((around, inner)))
    }
}

impl<A, S, B> Service<ServiceRequest> for AroundService<A, S>
where
    A: Around,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = AroundFuture<A, S, S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.1.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let shared = Rc::clone(&self.0);
        let (around, inner) = &*self.0;
        around.prepare(&mut request);
        match around.before(&request) {
            Ok(None) => {
                AroundFuture::Asked { answer: inner.call(request), refreshed: None, shared }
            }
            Ok(Some(renewing)) => {
                AroundFuture::Waiting { renewing, request: Some(request), shared }
            }
            Err(rejection) => {
                let rejected = request.into_response(Rejected::new(rejection).error_response());
                let answer = around.after(rejected).map_into_boxed_body();
                AroundFuture::Rejected { answer: Some(answer) }
            }
        }
    }
}

pin_project! {
    /// The response future of one of this crate's middlewares.
    ///
    /// Exhaustive, because its variants are hidden.
    #[project = Stage]
    #[must_use = "futures do nothing unless they are polled"]
    pub enum AroundFuture<A, S, F> {
        #[doc(hidden)]
        Asked { #[pin] answer: F, refreshed: Option<Box<RefreshedRequest>>, shared: Rc<(A, S)> },
        #[doc(hidden)]
        Waiting { renewing: Refreshing, request: Option<ServiceRequest>, shared: Rc<(A, S)> },
        #[doc(hidden)]
        Rejected { answer: Option<ServiceResponse> },
    }
}

impl<A, S, B> Future for AroundFuture<A, S, S::Future>
where
    A: Around,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let asked = match self.as_mut().project() {
                Stage::Asked { answer, refreshed, shared } => {
                    let mut answer = task::ready!(answer.poll(cx))?;
                    refreshed
                        .take()
                        .inspect(|refreshed| set_cookies(refreshed, answer.headers_mut()));
                    return Poll::Ready(Ok(shared.0.after(answer)));
                }
                Stage::Waiting { renewing, request, shared } => {
                    let mut refreshed = task::ready!(renewing.as_mut().poll(cx));
                    // Runs once, because the stage is replaced below.
                    let Some(request) = request.take() else { return Poll::Pending };
                    refreshed.who.take().map(|who| request.extensions_mut().insert(who));
                    Self::Asked {
                        answer: shared.1.call(request),
                        refreshed: Some(Box::new(refreshed)),
                        shared: Rc::clone(shared),
                    }
                }
                // A future that is polled again after it was ready may stay pending
                // (`Future::poll`).
                Stage::Rejected { answer } => {
                    return answer.take().map_or(Poll::Pending, |answer| {
                        Poll::Ready(Ok(answer.map_into_right_body()))
                    });
                }
            };
            self.set(asked);
        }
    }
}

fn set_cookies(refreshed: &RefreshedRequest, headers: &mut HeaderMap) {
    let cookies = refreshed.cookies_beside(headers.get_all(SET_COOKIE).map(HeaderValue::as_bytes));
    // The cookies are printable ASCII: base64url, and names that were checked at set-up.
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        headers.append(SET_COOKIE, cookie);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Implements `Transform` for an [`Around`], so that it wraps a resource, a scope or an app.
macro_rules! transform {
    ($around:ty $(, $role:ident)?) => {
        impl<S, B $(, $role: ::hallpass_core::Role)?>
            ::actix_web::dev::Transform<S, ::actix_web::dev::ServiceRequest> for $around
        where
            S: ::actix_web::dev::Service<
                ::actix_web::dev::ServiceRequest,
                Response = ::actix_web::dev::ServiceResponse<B>,
                Error = ::actix_web::Error,
            >,
        {
            type Response = ::actix_web::dev::ServiceResponse<::actix_web::body::EitherBody<B>>;
            type Error = ::actix_web::Error;
            type Transform = $crate::around::AroundService<Self, S>;
            type InitError = ();
            type Future = ::std::future::Ready<Result<Self::Transform, ()>>;

            fn new_transform(&self, inner: S) -> Self::Future {
                ::std::future::ready(Ok($crate::around::AroundService::new(self.clone(), inner)))
            }
        }
    };
}

pub(crate) use transform;
