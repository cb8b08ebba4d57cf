//! What goes wrong in the blog's own handlers, and how it looks to whoever asked.
//!
//! A handler returns a [`Failure`], which says nothing of HTML or JSON; [`render`] goes around all routes and words it for the
//! caller, as the library's layer does with a denial.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use blog::{DraftErrors, Notice};
use serde_json::{Map, Value, json};

use crate::visit::Visit;

/// Why a request came to nothing.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    NotFound,
    MethodNotAllowed,
    TooLarge,
    MediaType,
    /// No form and no JSON, whatever it says it is.
    Malformed,
    /// A field has another type than text, or comes twice.
    Fields,
    /// One field is wrong, in words for a person.
    Field(&'static str, &'static str),
    /// A draft that cannot be published as it is.
    Draft(DraftErrors),
    /// The store did not answer.
    Unavailable,
}

impl Failure {
    /// The store's error goes to the log, not to the caller.
    pub(crate) fn store(error: impl std::error::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Unavailable
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Fields | Self::Field(..) | Self::Draft(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The last part of the problem's type, under the names that the library's sign-in routes use.
    fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::TooLarge => "body-too-large",
            Self::MediaType => "unsupported-media-type",
            Self::Malformed => "malformed-body",
            Self::Fields | Self::Field(..) | Self::Draft(_) => "invalid-field",
            Self::Unavailable => "unavailable",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Nothing is here",
            Self::MethodNotAllowed => "That is not how this page works",
            Self::TooLarge => "That is too long",
            Self::MediaType | Self::Malformed => "That is not a form",
            Self::Fields | Self::Field(..) | Self::Draft(_) => "Something is missing",
            Self::Unavailable => "The blog has to catch its breath",
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound => "No page has this address.".into(),
            Self::MethodNotAllowed => "The address exists, but not for this method.".into(),
            Self::TooLarge => "The request is larger than this page takes.".into(),
            Self::MediaType => "Send a form or a JSON object, and say which in Content-Type.".into(),
            Self::Malformed => "The body cannot be read.".into(),
            Self::Fields => "Each field is text, and given once.".into(),
            Self::Field(field, fault) => format!("{field}: {fault}").into(),
            Self::Draft(_) => "Nothing was published.".into(),
            Self::Unavailable => "The store does not answer just now. Try again in a moment.".into(),
        }
    }

    /// Fields and what is wrong with them (RFC 9457, section 3: an extension member).
    fn errors(&self) -> Map<String, Value> {
        let faults = match self {
            Self::Field(field, fault) => vec![(*field, Some(*fault))],
            Self::Draft(errors) => vec![("title", errors.title), ("body", errors.body)],
            _ => Vec::new(),
        };
        faults.into_iter().filter_map(|(field, fault)| Some((field.to_owned(), fault?.into()))).collect()
    }

    fn problem(&self) -> Value {
        let mut problem = json!({
            "type": format!("urn:hallpass:problem:{}", self.kind()),
            "title": self.title(),
            "status": self.status().as_u16(),
            "detail": self.detail(),
        });
        let errors = self.errors();
        if !errors.is_empty() {
            problem["errors"] = errors.into();
        }
        problem
    }

    fn notice(&self) -> Notice {
        match self {
            Self::NotFound => Notice::not_found(),
            _ => Notice::of_request(self.status().as_u16(), self.title(), self.detail()),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Words each [`Failure`] that the routes inside leave on their answers.
pub(crate) async fn render(visit: Visit, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(failure) = response.extensions().get::<Failure>().cloned() else {
        return response;
    };
    let worded = if visit.wants_json() { visit.problem(&failure.problem()) } else { visit.page(&failure.notice()) };
    // The head stays that of the refusal, `Allow` included.
    let (mut head, _) = response.into_parts();
    let (told, body) = worded.into_parts();
    head.headers.extend(told.headers);
    if head.status == StatusCode::SERVICE_UNAVAILABLE {
        head.headers.insert(RETRY_AFTER, RETRY_SECONDS.into());
    }
    Response::from_parts(head, body)
}

/// About as long as SQLite waits for another writer.
const RETRY_SECONDS: u16 = 5;
