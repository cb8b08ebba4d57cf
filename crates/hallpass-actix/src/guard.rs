//! The middleware that a check makes: it lets a request through, or leaves the denial on a bare response for
//! [`Auth`](crate::Auth) to word. The handler is not called then.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error,
    body::{BoxBody, EitherBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::header::{CACHE_CONTROL, HeaderValue},
};
use hallpass_core::Denial;
use pin_project_lite::pin_project;

use crate::refusal::refuse;

/// What a guard asks of a request.
pub trait Check {
    /// Decides.
    fn check(&self, request: &ServiceRequest) -> Result<(), Denial>;

    /// Whether what it lets through depends on who asked, so that no cache may share the answer.
    fn asks_who(&self) -> bool;
}

/// A service behind a guard.
#[derive(Debug)]
pub struct GuardService<S, C> {
    pub(crate) inner: S,
    pub(crate) check: C,
}

impl<S, B, C> Service<ServiceRequest> for GuardService<S, C>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    C: Check,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = GuardFuture<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.check.check(&request) {
            Ok(()) => GuardFuture::Admitted { inner: self.inner.call(request), no_store: self.check.asks_who() },
            Err(denial) => GuardFuture::Refused { response: Some(request.into_response(refuse(denial))) },
        }
    }
}

/// Lets a [`Check`] be wrapped around a resource, a scope or an app.
macro_rules! transform {
    ($check:ty) => {
        impl<S, B> actix_web::dev::Transform<S, actix_web::dev::ServiceRequest> for $check
        where
            S: actix_web::dev::Service<
                    actix_web::dev::ServiceRequest,
                    Response = actix_web::dev::ServiceResponse<B>,
                    Error = actix_web::Error,
                >,
        {
            type Response = actix_web::dev::ServiceResponse<actix_web::body::EitherBody<B>>;
            type Error = actix_web::Error;
            type Transform = crate::guard::GuardService<S, Self>;
            type InitError = ();
            type Future = std::future::Ready<Result<Self::Transform, ()>>;

            fn new_transform(&self, inner: S) -> Self::Future {
                std::future::ready(Ok(crate::guard::GuardService { inner, check: self.clone() }))
            }
        }
    };
}
pub(crate) use transform;

pin_project! {
    /// The answer of a service behind a guard.
    #[project = GuardProjection]
    #[must_use = "futures do nothing unless they are polled"]
    pub enum GuardFuture<F> {
        #[doc(hidden)]
        Admitted { #[pin] inner: F, no_store: bool },
        #[doc(hidden)]
        Refused { response: Option<ServiceResponse<BoxBody>> },
    }
}

impl<F, B> Future for GuardFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            GuardProjection::Admitted { inner, no_store } => {
                let mut response = ready!(inner.poll(cx))?;
                if *no_store && !response.headers().contains_key(CACHE_CONTROL) {
                    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                }
                Poll::Ready(Ok(response.map_into_left_body()))
            }
            // A future that is polled after it was ready may never answer (`Future::poll`), and this one stays refused.
            GuardProjection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response.map_into_right_body())))
            }
        }
    }
}
