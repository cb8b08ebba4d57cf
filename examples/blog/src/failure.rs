//! What goes wrong in the blog's own handlers, and how it looks to whoever asked.

use std::borrow::Cow;

use hallpass::AccountsErrorKind;
use serde_json::{Map, Value, json};

use crate::{DraftErrors, Notice};

/// Why a request came to nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing has this address.
    NotFound,
    /// The address exists, but not for this method.
    MethodNotAllowed,
    /// The body is larger than the page takes.
    TooLarge,
    /// Neither a form nor JSON.
    MediaType,
    /// No form and no JSON, whatever it says it is.
    Malformed,
    /// A field has another type than text, or comes twice.
    Fields,
    /// One field is wrong, in words for a person.
    Field(&'static str, &'static str),
    /// A draft that cannot be published as it is.
    Draft(DraftErrors),
    /// The session ended, or lost its role, while the request was on its way.
    Revoked,
    /// The store did not answer.
    Unavailable,
}

impl Failure {
    /// The store's error goes to the log, not to the caller.
    pub fn store(error: impl std::error::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Unavailable
    }

    /// What the library's command came to.
    #[must_use]
    pub fn command(error: &hallpass::AccountsError) -> Self {
        match error.kind() {
            AccountsErrorKind::Revoked => Self::Revoked,
            AccountsErrorKind::NotFound => Self::NotFound,
            // The library has logged its cause.
            _ => Self::Unavailable,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::Malformed => 400,
            Self::Fields | Self::Field(..) | Self::Draft(_) => 422,
            Self::Revoked => 401,
            Self::Unavailable => 503,
        }
    }

    /// Seconds for `Retry-After`, where trying again helps: about as long as SQLite waits for
    /// another writer.
    #[must_use]
    pub fn retry_after(&self) -> Option<u16> {
        matches!(self, Self::Unavailable).then_some(5)
    }

    /// The challenge of a 401 (RFC 9110 section 15.5.2), the same as the library's.
    #[must_use]
    pub fn challenge(&self) -> Option<&'static str> {
        matches!(self, Self::Revoked).then_some("Cookie form-action=\"/login\"")
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
            Self::Revoked => "revoked",
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
            Self::Revoked => "Your session has ended",
            Self::Unavailable => "The blog has to catch its breath",
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound => "No page has this address.".into(),
            Self::MethodNotAllowed => "The address exists, but not for this method.".into(),
            Self::TooLarge => "The request is larger than this page takes.".into(),
            Self::MediaType => {
                "Send a form or a JSON object, and say which in Content-Type.".into()
            }
            Self::Malformed => "The body cannot be read.".into(),
            Self::Fields => "Each field is text, and given once.".into(),
            Self::Field(field, fault) => format!("{field}: {fault}").into(),
            Self::Draft(_) => "Nothing was published.".into(),
            Self::Revoked => "Nothing was changed. Log in again.".into(),
            Self::Unavailable => {
                "The store does not answer just now. Try again in a moment.".into()
            }
        }
    }

    /// Fields and what is wrong with them (RFC 9457, section 3: an extension member).
    fn errors(&self) -> Map<String, Value> {
        let faults = match self {
            Self::Field(field, fault) => vec![(*field, Some(*fault))],
            Self::Draft(errors) => vec![("title", errors.title), ("body", errors.body)],
            _ => Vec::new(),
        };
        faults
            .into_iter()
            .filter_map(|(field, fault)| Some((field.to_owned(), fault?.into())))
            .collect()
    }

    /// Problem details (RFC 9457).
    #[must_use]
    pub fn problem(&self) -> Value {
        let mut problem = json!({
            "type": format!("urn:hallpass:problem:{}", self.kind()),
            "title": self.title(),
            "status": self.status(),
            "detail": self.detail(),
        });
        let errors = self.errors();
        if !errors.is_empty() {
            problem["errors"] = errors.into();
        }
        problem
    }

    /// The page.
    #[must_use]
    pub fn notice(&self) -> Notice {
        match self {
            Self::NotFound => Notice::not_found(),
            _ => Notice::of_request(self.status(), self.title(), self.detail()),
        }
    }
}
