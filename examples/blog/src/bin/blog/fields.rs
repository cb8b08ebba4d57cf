//! Extractors: the fields of a form or of a JSON object, and the variable segment of a path.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use blog::Failure;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::failure::Failed;

/// The fields of `T`, read from a form or from JSON, according to `Content-Type`.
pub(crate) struct Fields<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + 'static> FromRequest<S> for Fields<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
        let json = content_type.is_some_and(|value| value.starts_with(b"application/json"));
        let read = async {
            if json {
                Json::from_request(request, state)
                    .await
                    .map(|Json(fields)| fields)
                    .map_err(|rejection| rejection.status())
            } else {
                Form::from_request(request, state)
                    .await
                    .map(|Form(fields)| fields)
                    .map_err(|rejection| rejection.status())
            }
        };
        match timeout(Failure::BODY_TIMEOUT, read).await {
            Ok(Ok(fields)) => Ok(Self(fields)),
            Ok(Err(status)) => Err(Failed::from(failure(status)).into_response()),
            Err(_) => Err(Failed::from(Failure::Late).into_response()),
        }
    }
}

/// Returns the blog's failure for the status of one of axum's rejections.
fn failure(status: StatusCode) -> Failure {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Failure::MediaType,
        StatusCode::UNPROCESSABLE_ENTITY => Failure::Fields,
        _ => Failure::Malformed,
    }
}

/// The segment of the path that is in braces. A segment that is not valid UTF-8 is 404.
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failed> {
        let read = Path::from_request_parts(parts, state).await;
        read.map(|Path(text)| Self(text)).map_err(|_| Failure::NotFound.into())
    }
}
