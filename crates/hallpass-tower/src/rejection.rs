//! The rejection that a guard leaves on its response for the outer layer, and the site's own page
//! for rejections.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use hallpass_core::{Authentication, Rejection, RejectionKind};
use http::{
    Extensions, HeaderMap, Method, Response, StatusCode, Uri,
    header::{AUTHORIZATION, COOKIE},
    request,
};
use pin_project_lite::pin_project;

/// A rejected request and the reason. A guard inserts it into the extensions of its response, and
/// the [`AuthLayer`](crate::AuthLayer) renders it.
///
/// Guards of other crates create it in the same way.
#[derive(Clone, Debug)]
#[must_use]
pub struct Rejected {
    pub(crate) rejection: Rejection,
    // Boxed, to keep a `Result` with an empty `Ok` small.
    pub(crate) request: Box<RejectedRequest>,
}

impl Rejected {
    /// Creates the rejection of this request.
    pub fn new(rejection: Rejection, request: RejectedRequest) -> Self {
        Self { rejection, request: Box::new(request) }
    }

    /// Creates the rejection of a request that did not pass through an
    /// [`AuthLayer`](crate::AuthLayer), which is an error in the service's set-up. Logs an error
    /// with the name of the guard.
    pub fn without_layer(guard: &'static str, request: RejectedRequest) -> Self {
        tracing::error!(
            target: "hallpass",
            guard,
            "rejected, because nothing verified the token: put the AuthLayer (`hallpass.layer()`) around the routes, outside this guard"
        );
        Self::new(Rejection::new(RejectionKind::Internal), request)
    }

    /// Returns the reason.
    pub fn rejection(&self) -> Rejection {
        self.rejection
    }

    /// Returns the response for the outer layer to render. It has the status and no body.
    pub fn into_response<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = status(self.rejection.status());
        response.extensions_mut().insert(self);
        response
    }
}

/// The method, URI, headers and caller of a rejected request.
#[derive(Clone)]
pub struct RejectedRequest {
    method: Method,
    pub(crate) uri: Uri,
    headers: HeaderMap,
    authentication: Authentication,
    extensions: Extensions,
}

impl RejectedRequest {
    /// Copies the method, URI, headers and caller of a request.
    pub fn of<B>(request: &http::Request<B>) -> Self {
        Self::of_head(request).with_extensions(request.extensions())
    }

    /// Copies the request without its other extensions, for requests that may be accepted.
    pub(crate) fn of_head<B>(request: &http::Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.headers(), request.extensions())
    }

    /// Copies the method, URI, headers and caller from a request's head.
    pub fn of_parts(parts: &request::Parts) -> Self {
        Self::new(&parts.method, &parts.uri, &parts.headers, &parts.extensions)
            .with_extensions(&parts.extensions)
    }

    fn with_extensions(self, extensions: &Extensions) -> Self {
        Self { extensions: extensions.clone(), ..self }
    }

    fn new(method: &Method, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Self {
        let mut headers = headers.clone();
        // These headers contain the token, and a site's page may log the request.
        for (name, value) in &mut headers {
            value.set_sensitive(value.is_sensitive() || name == COOKIE || name == AUTHORIZATION);
        }
        Self {
            method: method.clone(),
            uri: uri.clone(),
            headers,
            authentication: extensions.get().cloned().unwrap_or_else(Authentication::anonymous),
            extensions: Extensions::new(),
        }
    }

    /// Returns the request's method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the request's URI as the [`AuthLayer`](crate::AuthLayer) received it, before a
    /// router removed a prefix.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the request's headers. Those that contain tokens are marked as sensitive, so that
    /// `Debug` does not print them.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the extensions of the request, such as the address of the connection.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Returns the caller: anonymous, or logged in without meeting the requirement.
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }
}

/// Prints neither headers nor the query, because both may contain tokens.
impl fmt::Debug for RejectedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectedRequest")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}

/// Renders a site's own page for a rejected request.
///
/// It is called only if the caller accepts a page: never for JSON, gRPC or a WebSocket.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not render pages of `Response<{B}>` for rejected requests: it \
            does not implement `OnRejection`",
    label = "`OnRejection` is not implemented for this type",
    note = "the closure that `.on_rejection(…)` takes must return `Option<Response<{B}>>`, \
            with the body type of the service inside",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait OnRejection<B> {
    /// Returns the page, or `None` for the default response.
    fn page(&self, rejection: Rejection, request: &RejectedRequest) -> Option<Response<B>>;
}

/// The default page for every rejection.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultPage;

impl<B> OnRejection<B> for DefaultPage {
    fn page(&self, _: Rejection, _: &RejectedRequest) -> Option<Response<B>> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<B, F: Fn(Rejection, &RejectedRequest) -> Option<Response<B>>> OnRejection<B> for F {
    fn page(&self, rejection: Rejection, request: &RejectedRequest) -> Option<Response<B>> {
        self(rejection, request)
    }
}

pin_project! {
    /// The response future of the inner service, or the rejection.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct GuardFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = Projection]
    enum State<F, B> {
        Admitted { #[pin] inner: F },
        Rejected { response: Option<Response<B>> },
    }
}

impl<F, B> GuardFuture<F, B> {
    pub(crate) fn admitted(inner: F) -> Self {
        Self { state: State::Admitted { inner } }
    }

    pub(crate) fn rejected(rejected: Rejected) -> Self
    where
        B: Default,
    {
        Self { state: State::Rejected { response: Some(rejected.into_response()) } }
    }
}

impl<F, B, E> Future for GuardFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projection::Admitted { inner } => inner.poll(cx),
            // A future that is polled again after it was ready may stay pending (`Future::poll`).
            Projection::Rejected { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
        }
    }
}

/// Converts a status from core, which does not depend on `http`. Core uses only valid codes. With
/// any other code the request would stay rejected.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::FORBIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_token() {
        let request = http::Request::get("/reset?token=hush")
            .header("cookie", "__Host-hallpass=hush")
            .header("authorization", "Bearer hush")
            .header("accept", "text/html")
            .body(())
            .unwrap();
        let request = RejectedRequest::of(&request);
        let rejected = Rejected::new(Rejection::new(RejectionKind::NotLoggedIn), request.clone());
        for shown in [
            format!("{rejected:?}"),
            format!("{:?}", rejected.into_response::<String>()),
            format!("{:?}", request.headers()),
        ] {
            assert!(!shown.contains("hush"), "{shown}");
        }
        assert_eq!(request.headers()["cookie"], "__Host-hallpass=hush");
        assert!(format!("{:?}", request.headers()).contains("text/html"));
    }
}
