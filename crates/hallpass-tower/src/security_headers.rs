//! The security headers for the site's own responses.
//!
//! The responses of the library have these headers already. This layer is for the site's own pages.
//! Put it around everything else. A header that a route has set is kept, so that a page with
//! another policy sets its own.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hallpass_core::SecurityHeaders;
use http::{HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Adds the [`SecurityHeaders`] that a response does not have.
///
/// ```
/// use hallpass_core::SecurityHeaders;
/// use hallpass_tower::SecurityHeadersLayer;
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let site = ServiceBuilder::new()
///     .layer(SecurityHeadersLayer::new(&SecurityHeaders::new()))
///     .service(service_fn(|_: Request<()>| async {
///         let page = Response::builder().header("referrer-policy", "no-referrer");
///         Ok::<_, std::convert::Infallible>(page.body(()).unwrap())
///     }));
/// let page = site.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(page.headers()["x-frame-options"], "DENY");
/// assert_eq!(page.headers()["referrer-policy"], "no-referrer", "the route's own value");
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SecurityHeadersLayer {
    headers: Arc<[(HeaderName, HeaderValue)]>,
}

impl SecurityHeadersLayer {
    /// Creates a layer with these headers.
    pub fn new(headers: &SecurityHeaders) -> Self {
        let typed = headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        });
        Self { headers: typed.collect() }
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeadersService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SecurityHeadersService { inner, headers: Arc::clone(&self.headers) }
    }
}

/// The service that [`SecurityHeadersLayer`] creates.
#[derive(Clone, Debug)]
pub struct SecurityHeadersService<S> {
    inner: S,
    headers: Arc<[(HeaderName, HeaderValue)]>,
}

impl<S, Q, B> Service<Request<Q>> for SecurityHeadersService<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = SecurityHeadersFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        SecurityHeadersFuture {
            inner: self.inner.call(request),
            headers: Arc::clone(&self.headers),
        }
    }
}

pin_project! {
    /// The response future of [`SecurityHeadersService`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct SecurityHeadersFuture<F> {
        #[pin]
        inner: F,
        headers: Arc<[(HeaderName, HeaderValue)]>,
    }
}

impl<F, B, E> Future for SecurityHeadersFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        for (name, value) in this.headers.iter() {
            let own = response.headers().get(name);
            if own.is_none_or(|own| SecurityHeaders::replace(name.as_str(), own.as_bytes())) {
                response.headers_mut().insert(name.clone(), value.clone());
            }
        }
        Poll::Ready(Ok(response))
    }
}
