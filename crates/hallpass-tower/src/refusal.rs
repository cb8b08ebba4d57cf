//! What a guard leaves on its answer for the outer layer, and a site's own page for it.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use hallpass_core::{Authentication, Rejection, RejectionKind};
use http::{
    HeaderMap, Method, Response, StatusCode, Uri,
    header::{AUTHORIZATION, COOKIE},
    request,
};
use pin_project_lite::pin_project;

/// A refused request and why: the extension by which a guard hands its answer over to the [`AuthLayer`](crate::AuthLayer).
///
/// Guards of other frameworks make one the same way.
#[derive(Clone, Debug)]
#[must_use]
pub struct RejectionResponse {
    pub(crate) rejection: Rejection,
    // In a box, because it is handed up through results whose other side is nothing at all.
    pub(crate) request: Box<RejectedRequest>,
}

impl RejectionResponse {
    /// A refusal of this request.
    pub fn new(rejection: Rejection, request: RejectedRequest) -> Self {
        Self { rejection, request: Box::new(request) }
    }

    /// A refusal for want of the outer layer, which is the service's own fault. It is logged as an error under the name of the
    /// guard that missed it.
    pub fn without_layer(guard: &'static str, request: RejectedRequest) -> Self {
        tracing::error!(
            target: "hallpass",
            guard,
            "refused, because nobody verified the token: put the AuthLayer (`hallpass.layer()`) around the routes, outside this guard"
        );
        Self::new(Rejection::new(RejectionKind::Misconfigured), request)
    }

    /// Why it was refused.
    pub fn rejection(&self) -> Rejection {
        self.rejection
    }

    /// The answer as it is without an outer layer: the status, and no body.
    pub fn into_response<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = status(self.rejection.status());
        response.extensions_mut().insert(self);
        response
    }
}

/// The head of a refused request, and who sent it.
#[derive(Clone)]
pub struct RejectedRequest {
    method: Method,
    pub(crate) uri: Uri,
    headers: HeaderMap,
    authentication: Authentication,
}

impl RejectedRequest {
    /// Copies what an answer may depend on out of a request.
    pub fn of<B>(request: &http::Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.headers(), request.extensions())
    }

    /// Copies what an answer may depend on out of a request's head.
    pub fn of_parts(parts: &request::Parts) -> Self {
        Self::new(&parts.method, &parts.uri, &parts.headers, &parts.extensions)
    }

    fn new(method: &Method, uri: &Uri, headers: &HeaderMap, extensions: &http::Extensions) -> Self {
        let mut headers = headers.clone();
        // The token stands in one of them, and a site's page may well log what it was asked for.
        for (name, value) in &mut headers {
            value.set_sensitive(value.is_sensitive() || name == COOKIE || name == AUTHORIZATION);
        }
        Self {
            method: method.clone(),
            uri: uri.clone(),
            headers,
            authentication: extensions.get().cloned().unwrap_or_else(Authentication::anonymous),
        }
    }

    /// The request's method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The request's URI as it reached the [`AuthLayer`](crate::AuthLayer), before any router cut a prefix off it.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The request's headers. Those that hold tokens are marked as sensitive, so that `Debug` does not show them.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Who sent it: signed in without what the route asks for, or anonymous.
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }
}

/// Shows neither headers nor query: tokens travel in them.
impl fmt::Debug for RejectedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeniedRequest")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}

/// Makes the page for a refused request, or leaves it to the default.
///
/// It is asked only where the caller takes a page: never for JSON, gRPC or a WebSocket, whose clients could not read one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not render pages of `Response<{B}>` for rejected requests: it \
            does not implement `DeniedPage`",
    label = "`DeniedPage` is not implemented for this type",
    note = "the closure that `.on_rejection(…)` takes must return `Option<Response<{B}>>`, \
            with the body type of the service inside",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait DeniedPage<B> {
    /// The page; `None` for the default answer.
    fn page(&self, rejection: Rejection, request: &RejectedRequest) -> Option<Response<B>>;
}

/// No page of the site's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultPage;

impl<B> DeniedPage<B> for DefaultPage {
    fn page(&self, _: Rejection, _: &RejectedRequest) -> Option<Response<B>> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<B, F: Fn(Rejection, &RejectedRequest) -> Option<Response<B>>> DeniedPage<B> for F {
    fn page(&self, rejection: Rejection, request: &RejectedRequest) -> Option<Response<B>> {
        self(rejection, request)
    }
}

pin_project! {
    /// The answer of the service within, or the refusal in its place.
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
        Refused { response: Option<Response<B>> },
    }
}

impl<F, B> GuardFuture<F, B> {
    pub(crate) fn admitted(inner: F) -> Self {
        Self { state: State::Admitted { inner } }
    }

    pub(crate) fn refused(refusal: RejectionResponse) -> Self
    where
        B: Default,
    {
        Self { state: State::Refused { response: Some(refusal.into_response()) } }
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
            // Polled again after it was ready, a future may never answer (`Future::poll`); this one stays refused.
            Projection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
        }
    }
}

/// A status from core, which knows no `http` types. All that core gives are valid; were one not, the request stays refused.
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
        let refusal = RejectionResponse::new(Rejection::new(RejectionKind::NotLoggedIn), request.clone());
        for shown in [
            format!("{refusal:?}"),
            format!("{:?}", refusal.into_response::<String>()),
            format!("{:?}", request.headers()),
        ] {
            assert!(!shown.contains("hush"), "{shown}");
        }
        assert_eq!(request.headers()["cookie"], "__Host-hallpass=hush");
        assert!(format!("{:?}", request.headers()).contains("text/html"));
    }
}
