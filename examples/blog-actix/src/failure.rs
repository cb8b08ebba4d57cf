//! Failures of the blog's own handlers, and their rendering as HTML or JSON.

use std::fmt;

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::Next,
};
use blog::Failure;

use crate::visit::Visit;

/// The reason why a request failed. A type of this crate, because a crate may implement
/// actix-web's traits only for its own types.
#[derive(Clone, Debug)]
pub(crate) struct Failed(Failure);

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl ResponseError for Failed {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns a response without a body. [`render`] adds the body, because an error has no access
    /// to the request.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Renders each [`Failed`] that a route returns, in the format that the client prefers.
pub(crate) async fn render<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let Some(Failed(failure)) = response.response().error().and_then(Error::as_error).cloned()
    else {
        return Ok(response.map_into_left_body());
    };
    let visit = Visit::of(response.request());
    let mut rendered = visit.failure(&failure);
    if let Some(methods) = response.headers().get(ALLOW) {
        rendered.headers_mut().insert(ALLOW, methods.clone());
    }
    if let Some(seconds) = failure.retry_after() {
        rendered.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    let challenge = failure.challenge(visit.prefix.as_str());
    if let Some(challenge) = challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
        rendered.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    Ok(response.into_response(rendered.map_into_right_body()))
}
