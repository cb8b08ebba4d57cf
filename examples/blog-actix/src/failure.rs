//! What goes wrong in the blog's own handlers, as a page.

use std::fmt;

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
};
use blog::Notice;

use crate::visit::Visit;

/// Why a request came to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    NotFound,
    /// No form, or one without the fields.
    Malformed,
    /// No role has this name.
    UnknownRole,
    /// The store did not answer.
    Unavailable,
}

impl Failure {
    /// The store's error goes to the log, not to the caller.
    pub(crate) fn store(error: impl std::error::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Unavailable
    }

    fn notice(self) -> Notice {
        let of_request =
            |heading, detail: &'static str| Notice::of_request(self.status_code().as_u16(), heading, detail.into());
        match self {
            Self::NotFound => Notice::not_found(),
            Self::Malformed => of_request("That is not a form", "The body cannot be read."),
            Self::UnknownRole => of_request("Something is missing", "Choose one of guest, moderator and admin."),
            Self::Unavailable => of_request("The blog has to catch its breath", "Try again in a moment."),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::UnknownRole => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Without a body: [`render`] words it, since an error does not know who asked.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Words each [`Failure`] that a route inside answers with, for whoever asked.
pub(crate) async fn render<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let Some(failure) = response.response().error().and_then(Error::as_error::<Failure>).copied() else {
        return Ok(response.map_into_left_body());
    };
    let page = Visit::of(response.request()).page_with(failure.status_code(), &failure.notice());
    Ok(response.into_response(page.map_into_right_body()))
}
