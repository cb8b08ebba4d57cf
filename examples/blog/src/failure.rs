//! Failures of the blog's own handlers: status, problem details and page.

use std::borrow::Cow;
use std::time::Duration;

use hallpass::AccountsErrorKind;
use serde_json::{Map, Value, json};

use crate::{DraftErrors, Notice};

/// The reason why a request failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The address does not exist.
    NotFound,
    /// The address exists, but does not support the method.
    MethodNotAllowed,
    /// The request body is larger than the limit of the route.
    TooLarge,
    /// The content type is neither a form nor JSON.
    MediaType,
    /// The body is not valid for its content type.
    Malformed,
    /// A field is not text, or occurs twice.
    Fields,
    /// One field is invalid: the name of the field and a text for the person.
    Field(&'static str, &'static str),
    /// A field of a draft is invalid.
    Draft(DraftErrors),
    /// The session ended, or the account lost its role, while the request was processed.
    Revoked,
    /// The account is the last enabled administrator, and the change would take that away.
    LastAdmin,
    /// The body did not arrive in time.
    Late,
    /// The store failed.
    Unavailable,
}

impl Failure {
    /// Maximum time until the body of a request to the blog's own routes has arrived. hallpass's
    /// routes have a deadline of their own.
    pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

    /// Logs an error of the store and returns [`Unavailable`](Self::Unavailable). The client does
    /// not receive the error.
    pub fn store(error: impl std::error::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Unavailable
    }

    /// Returns the failure for an error of one of hallpass's commands.
    #[must_use]
    pub fn command(error: &hallpass::AccountsError) -> Self {
        match error.kind() {
            AccountsErrorKind::Revoked => Self::Revoked,
            AccountsErrorKind::NotFound => Self::NotFound,
            AccountsErrorKind::LastOfRole => Self::LastAdmin,
            // hallpass has logged the cause.
            _ => Self::Unavailable,
        }
    }

    /// Returns the HTTP status.
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
            Self::LastAdmin => 409,
            Self::Late => 408,
            Self::Unavailable => 503,
        }
    }

    /// Returns the seconds for `Retry-After` if a second attempt may succeed: about the time that
    /// SQLite waits for another writer.
    #[must_use]
    pub fn retry_after(&self) -> Option<u16> {
        matches!(self, Self::Unavailable).then_some(5)
    }

    /// Returns the challenge of a 401 (RFC 9110 section 15.5.2), the same as hallpass's.
    #[must_use]
    pub fn challenge(&self, prefix: &str) -> Option<String> {
        matches!(self, Self::Revoked).then(|| format!("Cookie form-action=\"{prefix}/login\""))
    }

    /// Returns the last part of the problem's type. The names are those of hallpass's routes.
    fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::TooLarge => "body-too-large",
            Self::MediaType => "unsupported-media-type",
            Self::Malformed => "malformed-body",
            Self::Fields | Self::Field(..) | Self::Draft(_) => "invalid-field",
            Self::Revoked => "revoked",
            Self::LastAdmin => "last-of-role",
            Self::Late => "timeout",
            Self::Unavailable => "unavailable",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Page not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::TooLarge => "The request is too large",
            Self::MediaType | Self::Malformed => "The request cannot be read",
            Self::Fields | Self::Field(..) | Self::Draft(_) => "A field is missing or invalid",
            Self::Revoked => "Your session has ended",
            Self::LastAdmin => "The last administrator stays",
            Self::Late => "The request took too long",
            Self::Unavailable => "The blog is temporarily unavailable",
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::NotFound => "No page has this address.".into(),
            Self::MethodNotAllowed => "This address does not support the method.".into(),
            Self::TooLarge => "The request is larger than this page accepts.".into(),
            Self::MediaType => {
                "Send a form or a JSON object with the matching Content-Type.".into()
            }
            Self::Malformed => "The body is not valid for its Content-Type.".into(),
            Self::Fields => "Each field must be text and occur once.".into(),
            Self::Field(field, fault) => format!("{field}: {fault}").into(),
            Self::Draft(_) => "Nothing was published.".into(),
            Self::Revoked => "Nothing was changed. Log in again.".into(),
            Self::LastAdmin => {
                "Nothing was changed. Make another account an administrator first.".into()
            }
            Self::Late => "The request did not arrive in time. Send it again.".into(),
            Self::Unavailable => {
                "The store is not available at the moment. Try again in a few seconds.".into()
            }
        }
    }

    /// Returns a text for each invalid field (RFC 9457, section 3: an extension member).
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

    /// Returns problem details (RFC 9457).
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

    /// Returns the error page.
    #[must_use]
    pub fn notice(&self) -> Notice {
        match self {
            Self::NotFound => Notice::not_found(),
            _ => Notice::of_request(self.status(), self.title(), self.detail()),
        }
    }
}
