//! What goes wrong in the blog's own handlers, on its way out.

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

/// Why a request came to nothing, as actix-web's traits want it: of this crate.
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

    /// Without a body: [`render`] words it, since an error does not know who asked.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Words each [`Failed`] that a route inside answers with, for whoever asked.
pub(crate) async fn render<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let Some(Failed(failure)) = response.response().error().and_then(Error::as_error).cloned()
    else {
        return Ok(response.map_into_left_body());
    };
    let mut worded = Visit::of(response.request()).failure(&failure);
    if let Some(methods) = response.headers().get(ALLOW) {
        worded.headers_mut().insert(ALLOW, methods.clone());
    }
    if let Some(seconds) = failure.retry_after() {
        worded.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Some(challenge) = failure.challenge() {
        worded.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    Ok(response.into_response(worded.map_into_right_body()))
}
