//! Why an endpoint says no, and what that is on the wire.
//!
//! Every refusal has a status and a `kind`, the last part of the `type` of its problem (RFC 9457). They are stable: a client may
//! tell refusals apart by them, and by nothing else. Who may ask at all is a [`Rejection`], and core says how that looks.

use std::borrow::Cow;

use hallpass_accounts::{AccountsError, AccountsErrorKind};
use hallpass_core::{Rejection, RejectionKind};
use serde_json::{Value, json};

use crate::fields::{Fault, FieldError, FieldFault, Unreadable};

/// A refusal. Nothing was changed, and no cookie is set or removed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    Rejected(Rejection),
    /// A name, password or code; never which.
    Credentials,
    Field(FieldError),
    SecondFactorOn,
    SecondFactorOff,
    NotFound,
    /// With the methods that there are.
    MethodNotAllowed(&'static str),
    BodyTooLarge,
    Malformed,
    MediaType,
}

impl Refused {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Rejected(rejection) => rejection.status(),
            Self::Credentials => 401,
            Self::Field(FieldError { fault: FieldFault::NameTaken, .. }) => 409,
            Self::Field(_) => 422,
            Self::SecondFactorOn | Self::SecondFactorOff => 409,
            Self::NotFound => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::BodyTooLarge => 413,
            Self::Malformed => 400,
            Self::MediaType => 415,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.kind().as_str(),
            Self::Credentials => "invalid-credentials",
            Self::Field(FieldError { fault: FieldFault::NameTaken, .. }) => "name-taken",
            Self::Field(_) => "invalid-field",
            Self::SecondFactorOn => "second-factor-on",
            Self::SecondFactorOff => "second-factor-off",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed(_) => "method-not-allowed",
            Self::BodyTooLarge => "body-too-large",
            Self::Malformed => "malformed-body",
            Self::MediaType => "unsupported-media-type",
        }
    }

    /// One sentence. That of [`Refused::Credentials`] is the contract's, to the letter.
    pub(crate) fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::Rejected(rejection) => rejection.to_string().into(),
            Self::Credentials => "Invalid username, password or code".into(),
            Self::Field(error) => error.to_string().into(),
            Self::SecondFactorOn => "The second factor is on already.".into(),
            Self::SecondFactorOff => "The second factor is off.".into(),
            Self::NotFound => "There is nothing here.".into(),
            Self::MethodNotAllowed(allow) => format!("This path takes {allow}.").into(),
            Self::BodyTooLarge => "The body is larger than 8 KiB.".into(),
            Self::Malformed => "The body cannot be read.".into(),
            Self::MediaType => "Send application/x-www-form-urlencoded or application/json.".into(),
        }
    }

    /// The problem document. A field's problem names the field.
    pub(crate) fn problem(&self) -> Value {
        let mut problem = json!({
            "type": format!("urn:hallpass:problem:{}", self.kind()),
            "title": self.title(),
            "status": self.status(),
            "detail": self.detail(),
        });
        if let (Self::Field(error), Some(members)) = (self, problem.as_object_mut()) {
            members.insert("field".into(), error.field.into());
        }
        problem
    }

    /// The same for every problem of one type (RFC 9457 section 3.1.3).
    fn title(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "Refused",
            Self::Credentials => "Not recognised",
            Self::Field(FieldError { fault: FieldFault::NameTaken, .. }) => "Name taken",
            Self::Field(_) => "Invalid field",
            Self::SecondFactorOn => "Second factor on",
            Self::SecondFactorOff => "Second factor off",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed(_) => "Method not allowed",
            Self::BodyTooLarge => "Body too large",
            Self::Malformed => "Malformed body",
            Self::MediaType => "Unsupported media type",
        }
    }

    /// What a page says beside the field of this name.
    pub(crate) fn fault_of(&self, field: &str) -> Option<FieldFault> {
        match self {
            Self::Field(error) if error.field == field => Some(error.fault),
            _ => None,
        }
    }

    /// What a page says above the form, where the whole of it was refused.
    pub(crate) fn fault(&self, fault: Fault) -> Option<Fault> {
        matches!(self, Self::Credentials).then_some(fault)
    }

    /// Whether the form is shown again: where it can say what to mend.
    pub(crate) fn can_be_mended(&self) -> bool {
        matches!(self, Self::Credentials | Self::Field(_))
    }
}

impl Refused {
    /// What a flow's refusal is for a form whose new password stands in the field of this name.
    pub(crate) fn of_form(error: AccountsError, password: &'static str) -> Self {
        let field = |field, fault| Self::Field(FieldError { field, fault });
        match error.kind() {
            AccountsErrorKind::Refused => Self::Credentials,
            AccountsErrorKind::Username(error) => field("username", FieldFault::Username(error)),
            AccountsErrorKind::Password(error) => field(password, FieldFault::Password(error)),
            AccountsErrorKind::NameTaken => field("username", FieldFault::NameTaken),
            AccountsErrorKind::AlreadyOn => Self::SecondFactorOn,
            AccountsErrorKind::AlreadyOff => Self::SecondFactorOff,
            // Its route is not there either.
            AccountsErrorKind::NotFound | AccountsErrorKind::NotOffered => Self::NotFound,
            AccountsErrorKind::NotLoggedIn => RejectionKind::NotLoggedIn.into(),
            AccountsErrorKind::Revoked => RejectionKind::Revoked.into(),
            AccountsErrorKind::Limited { retry_after } => {
                Rejection::new(RejectionKind::Limited).with_retry_after(retry_after).into()
            }
            AccountsErrorKind::Unavailable { retry_after } | AccountsErrorKind::Busy { retry_after } => {
                Rejection::new(RejectionKind::Unavailable).with_retry_after(retry_after).into()
            }
            // The enum is open to further kinds; a kind without an arm here is a mistake of ours.
            _ => RejectionKind::Misconfigured.into(),
        }
    }
}

impl From<AccountsError> for Refused {
    fn from(error: AccountsError) -> Self {
        Self::of_form(error, "password")
    }
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<RejectionKind> for Refused {
    fn from(kind: RejectionKind) -> Self {
        Self::Rejected(Rejection::new(kind))
    }
}

impl From<FieldError> for Refused {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<Unreadable> for Refused {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::MediaType => Self::MediaType,
            Unreadable::Malformed => Self::Malformed,
        }
    }
}
