//! A rejected request: the kind, and the details that a response needs.
//!
//! A client receives the kind, but not the exact fault of a token. An expired token, a revoked
//! token and a fault of the service have kinds of their own. Every other fault of a token is
//! [`RejectionKind::NotLoggedIn`], so that an attacker who forges tokens does not learn which check
//! failed first. [`RejectionResponse`](crate::RejectionResponse) renders a rejection for a caller.

use std::{borrow::Cow, error::Error, fmt, time::Duration};

use crate::{
    access::{origin_header::OriginHeader, rejection_kind::RejectionKind},
    token::error::TokenErrorKind,
};

/// A rejected request. Guards, layers, extractors and the login routes all return this type.
///
/// ```
/// use hallpass_core::{FieldFault, Rejection, RejectionKind, TokenErrorKind};
///
/// assert_eq!(Rejection::new(RejectionKind::NotLoggedIn).status(), 401);
/// assert_eq!(Rejection::new(RejectionKind::RoleMissing).status(), 403);
/// assert_eq!(Rejection::from(TokenErrorKind::Signature).kind(), RejectionKind::NotLoggedIn);
/// assert_eq!(
///     Rejection::of_field("username", FieldFault::Missing).detail(),
///     "The field `username` is missing."
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Rejection {
    kind: RejectionKind,
    context: Context,
}

/// The details of some kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Context {
    None,
    RetryAfter(Duration),
    Field(&'static str, FieldFault),
    Allow(&'static str),
    Origin(OriginHeader),
    /// The request has more than one token, usually two cookies of one name.
    Ambiguous,
}

impl Rejection {
    /// Creates a rejection of this kind, without further details.
    pub const fn new(kind: RejectionKind) -> Self {
        Self { kind, context: Context::None }
    }

    /// Creates a rejection of one field of a form: [`RejectionKind::NameTaken`] or
    /// [`RejectionKind::InvalidField`].
    pub const fn of_field(field: &'static str, fault: FieldFault) -> Self {
        let kind = match fault {
            FieldFault::NameTaken => RejectionKind::NameTaken,
            _ => RejectionKind::InvalidField,
        };
        Self { kind, context: Context::Field(field, fault) }
    }

    /// Creates a rejection of the method. `allow` is the value of the `Allow` header: `GET, POST`.
    pub const fn method_not_allowed(allow: &'static str) -> Self {
        Self { kind: RejectionKind::MethodNotAllowed, context: Context::Allow(allow) }
    }

    /// Creates a rejection of an unsafe request from another site
    /// ([`RejectionKind::CrossOrigin`]), with the header that disagreed.
    pub const fn of_origin(header: OriginHeader) -> Self {
        Self { kind: RejectionKind::CrossOrigin, context: Context::Origin(header) }
    }

    /// Sets the time to wait before the next attempt. The `Retry-After` header contains it in whole
    /// seconds, rounded up.
    pub const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.context = Context::RetryAfter(wait);
        self
    }

    /// Returns the kind.
    #[must_use]
    pub const fn kind(self) -> RejectionKind {
        self.kind
    }

    /// Returns the HTTP status of the kind.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.kind.status()
    }

    /// Returns a sentence for a person, in English.
    #[must_use]
    pub fn detail(self) -> Cow<'static, str> {
        match self.context {
            Context::Field(field, fault) => fault.detail(field),
            Context::Allow(allow) => format!("This path accepts {allow}.").into(),
            Context::Origin(header) => format!("{} {}", self.kind.detail(), header.hint()).into(),
            Context::Ambiguous => AMBIGUOUS.into(),
            Context::None | Context::RetryAfter(_) => self.kind.detail().into(),
        }
    }

    /// Returns the time to wait before the next attempt, or `None` if none is set.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        match self.context {
            Context::RetryAfter(wait) => Some(wait),
            _ => None,
        }
    }

    /// Returns the name of the field that is not valid, and its fault. `None` for a rejection that
    /// names no field.
    #[must_use]
    pub const fn field(self) -> Option<(&'static str, FieldFault)> {
        match self.context {
            Context::Field(field, fault) => Some((field, fault)),
            _ => None,
        }
    }

    /// Returns the header by which the [origin check](crate::OriginCheck) rejected the request, or
    /// `None` for a rejection of another kind.
    #[must_use]
    pub const fn origin_header(self) -> Option<OriginHeader> {
        match self.context {
            Context::Origin(header) => Some(header),
            _ => None,
        }
    }

    /// Returns the value of the `Allow` header, or `None` for a rejection of another kind.
    #[must_use]
    pub const fn allow(self) -> Option<&'static str> {
        match self.context {
            Context::Allow(allow) => Some(allow),
            _ => None,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request rejected: {}", self.kind)
    }
}

impl Error for Rejection {}

impl From<RejectionKind> for Rejection {
    fn from(kind: RejectionKind) -> Self {
        Self::new(kind)
    }
}

/// Expiry and revocation keep their own kinds, because a client can act on them. A fault of the
/// service keeps its kind too: the token is accepted again after the fault, and a new login would
/// not help. Every other fault of a token becomes [`RejectionKind::NotLoggedIn`].
impl From<TokenErrorKind> for Rejection {
    fn from(fault: TokenErrorKind) -> Self {
        let rejection = Self::new(match fault {
            TokenErrorKind::Expired => RejectionKind::Expired,
            TokenErrorKind::Revoked => RejectionKind::Revoked,
            TokenErrorKind::Stale => RejectionKind::Stale,
            TokenErrorKind::Unavailable => RejectionKind::Unavailable,
            TokenErrorKind::Internal => RejectionKind::Internal,
            _ => RejectionKind::NotLoggedIn,
        });
        match fault {
            TokenErrorKind::Unavailable => rejection.with_retry_after(Duration::from_secs(1)),
            // It does not help a forger, who has sent both tokens.
            TokenErrorKind::Ambiguous => Self { context: Context::Ambiguous, ..rejection },
            _ => rejection,
        }
    }
}

const AMBIGUOUS: &str = "The request has more than one token, so none of them is accepted. Log in again. \
     If that does not help, delete the cookies of this site.";

/// The reason why one field of a form was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldFault {
    /// The field is absent, or it is empty and requires a value.
    Missing,
    /// The field is not text: a JSON number, for example, or bytes that are not UTF-8.
    NotText,
    /// The field occurs more than once.
    Repeated,
    /// The user name is empty or too long.
    UsernameLength,
    /// The user name has a character that is not allowed.
    UsernameCharacter,
    /// The user name has a character that is not displayed.
    UsernameInvisible,
    /// The user name has more than two combining marks in a row.
    UsernameMarks,
    /// The user name is reserved for the site.
    UsernameReserved,
    /// The e-mail address is not valid.
    UsernameEmail,
    /// The user name is an e-mail address, which the site does not use as a user name.
    UsernameNotEmail,
    /// The user name is not an e-mail address, which the site requires.
    UsernameIsEmail,
    /// Another account has the name.
    NameTaken,
    /// The password is too short or too long.
    PasswordLength {
        /// The minimum length, in characters.
        min: u16,
    },
    /// The password is in the list of common passwords, which an attacker tries first.
    PasswordCommon,
}

impl FieldFault {
    fn detail(self, field: &'static str) -> Cow<'static, str> {
        match self {
            Self::Missing => format!("The field `{field}` is missing.").into(),
            Self::NotText => format!("The field `{field}` must be text.").into(),
            Self::Repeated => format!("The field `{field}` occurs more than once.").into(),
            Self::UsernameLength => "A user name has 1 to 64 characters.".into(),
            Self::UsernameCharacter => {
                "A user name starts with a letter or a digit and has only letters, digits, '.', '_' and '-'.".into()
            }
            Self::UsernameInvisible => {
                "The user name contains an invisible character. Delete it, or type the name again.".into()
            }
            Self::UsernameMarks => {
                "A user name has at most two marks on one letter. Remove some of them.".into()
            }
            Self::UsernameReserved => {
                "This user name is reserved for the site. Choose another one.".into()
            }
            Self::UsernameEmail => {
                "This is not a valid e-mail address. Write one address, such as a@site.example.".into()
            }
            Self::UsernameNotEmail => {
                "Enter your user name. This site does not use e-mail addresses as user names.".into()
            }
            Self::UsernameIsEmail => {
                "Enter your e-mail address. This site uses e-mail addresses as user names.".into()
            }
            Self::NameTaken => RejectionKind::NameTaken.detail().into(),
            Self::PasswordLength { min } => {
                format!("A password must have {min} to 1024 characters.").into()
            }
            Self::PasswordCommon => {
                "This password is too easy to guess. Use several unrelated words.".into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejection_kind_hides_the_fault_of_a_token() {
        for fault in [
            TokenErrorKind::Ambiguous,
            TokenErrorKind::TooLong,
            TokenErrorKind::Malformed,
            TokenErrorKind::Type,
            TokenErrorKind::Algorithm,
            TokenErrorKind::UnknownKey,
            TokenErrorKind::Signature,
            TokenErrorKind::Claims,
            TokenErrorKind::Issuer,
            TokenErrorKind::Audience,
            TokenErrorKind::NotYetValid,
            TokenErrorKind::LifetimeTooLong,
        ] {
            assert_eq!(Rejection::from(fault).kind(), RejectionKind::NotLoggedIn, "{fault}");
        }
        assert_eq!(Rejection::from(TokenErrorKind::Expired).kind(), RejectionKind::Expired);
        assert_eq!(Rejection::from(TokenErrorKind::Revoked).kind(), RejectionKind::Revoked);
        let fault = Rejection::from(TokenErrorKind::Unavailable);
        assert_eq!((fault.status(), fault.retry_after()), (503, Some(Duration::from_secs(1))));
        let fault = Rejection::from(TokenErrorKind::Internal);
        assert_eq!((fault.status(), fault.retry_after()), (500, None));
    }
}
