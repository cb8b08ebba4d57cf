//! The extractor for the fields of a form or of a JSON object.

use std::{future::Future, pin::Pin};

use actix_web::{
    Error, FromRequest, HttpRequest,
    dev::Payload,
    error::{JsonPayloadError, UrlencodedError},
    http::header::CONTENT_TYPE,
    rt::time::timeout,
    web::{Form, Json},
};
use blog::Failure;
use serde::de::DeserializeOwned;

use crate::failure::Failed;

/// The fields of `T`, read from a form or from JSON, according to `Content-Type`.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Fields<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
        if content_type.is_some_and(|value| value.starts_with(b"application/json")) {
            let read = Json::from_request(request, payload);
            Box::pin(in_time(async move { read.await.map(|Json(fields)| Self(fields)) }))
        } else {
            let read = Form::from_request(request, payload);
            Box::pin(in_time(async move { read.await.map(|Form(fields)| Self(fields)) }))
        }
    }
}

/// Limits the time until a body has arrived.
async fn in_time<T>(read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(Failure::BODY_TIMEOUT, read)
        .await
        .unwrap_or_else(|_| Err(Failed::from(Failure::Late).into()))
}

/// Returns the blog's failure for a form that cannot be read.
pub(crate) fn form_failure(error: UrlencodedError, _: &HttpRequest) -> Error {
    let failure = match error {
        UrlencodedError::Overflow { .. } => Failure::TooLarge,
        UrlencodedError::ContentType => Failure::MediaType,
        UrlencodedError::Parse(_) => Failure::Fields,
        _ => Failure::Malformed,
    };
    Failed::from(failure).into()
}

/// Returns the blog's failure for JSON that cannot be read.
pub(crate) fn json_failure(error: JsonPayloadError, _: &HttpRequest) -> Error {
    let failure = match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Failure::TooLarge
        }
        JsonPayloadError::ContentType => Failure::MediaType,
        JsonPayloadError::Deserialize(error) if error.is_data() => Failure::Fields,
        _ => Failure::Malformed,
    };
    Failed::from(failure).into()
}

/// Returns a 404 for a segment of the path or a query that cannot be read.
pub(crate) fn not_found<E>(_: E, _: &HttpRequest) -> Error {
    Failed::from(Failure::NotFound).into()
}
