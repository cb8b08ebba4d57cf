//! The error of all flows: a kind and a cause.
//!
//! The error is for programs. The text for a visitor comes from the [`Rejection`] that the error is
//! converted into.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use hallpass_core::{FieldFault, IssueError, Rejection, RejectionKind};

use crate::{
    account::username::UsernameError, password::policy::PasswordError,
    two_factor::encryption::EncryptionError,
};

/// The error of a login, or of a change to one's own account.
///
/// The cause (the error of the store, the hasher or the key) is in [`source`](Error::source). The
/// error does not contain which part of a login was wrong; the [events](crate::Event) do.
#[derive(Clone, Debug)]
pub struct AccountsError {
    kind: AccountsErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl AccountsError {
    pub(crate) const fn new(kind: AccountsErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn caused_by(
        kind: AccountsErrorKind,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self { kind, source: Some(Arc::new(source)) }
    }

    /// A store or randomness is not available, or the clock is wrong.
    pub(crate) fn unavailable(source: impl Error + Send + Sync + 'static) -> Self {
        Self::caused_by(
            AccountsErrorKind::Unavailable { retry_after: Duration::from_secs(1) },
            source,
        )
    }

    /// A fault that does not pass by itself: a lost encryption key, or a token that no verifier
    /// would accept.
    pub(crate) fn internal(source: impl Error + Send + Sync + 'static) -> Self {
        Self::caused_by(AccountsErrorKind::Internal, source)
    }

    /// Returns the kind, which decides the response.
    #[must_use]
    pub const fn kind(&self) -> AccountsErrorKind {
        self.kind
    }

    /// Returns the rejection for a visitor. `password` is the name of the form field that contains
    /// the new password.
    pub fn rejection(&self, password: &'static str) -> Rejection {
        let waiting = |kind, wait| Rejection::new(kind).with_retry_after(wait);
        match self.kind {
            AccountsErrorKind::Refused => RejectionKind::InvalidCredentials.into(),
            AccountsErrorKind::Username(error) => Rejection::of_field("username", error.into()),
            AccountsErrorKind::Password(error) => Rejection::of_field(password, error.into()),
            AccountsErrorKind::NameTaken => Rejection::of_field("username", FieldFault::NameTaken),
            AccountsErrorKind::AlreadyOn => RejectionKind::SecondFactorOn.into(),
            AccountsErrorKind::AlreadyOff => RejectionKind::SecondFactorOff.into(),
            AccountsErrorKind::ChallengeRequired => RejectionKind::ChallengeRequired.into(),
            AccountsErrorKind::LastOfRole => RejectionKind::LastOfRole.into(),
            AccountsErrorKind::AccountDisabled => RejectionKind::AccountDisabled.into(),
            AccountsErrorKind::LinkOver => RejectionKind::LinkOver.into(),
            // A route whose ability is turned off is treated as a route that does not exist.
            AccountsErrorKind::NotFound | AccountsErrorKind::NotOffered => {
                RejectionKind::NotFound.into()
            }
            AccountsErrorKind::NotLoggedIn => RejectionKind::NotLoggedIn.into(),
            AccountsErrorKind::Revoked => RejectionKind::Revoked.into(),
            AccountsErrorKind::NotRecent => RejectionKind::NotRecent.into(),
            AccountsErrorKind::CodeRequired => Rejection::of_field("code", FieldFault::Missing),
            AccountsErrorKind::Limited { retry_after } => {
                waiting(RejectionKind::Limited, retry_after)
            }
            AccountsErrorKind::Unavailable { retry_after }
            | AccountsErrorKind::Busy { retry_after } => {
                waiting(RejectionKind::Unavailable, retry_after)
            }
            AccountsErrorKind::Internal => RejectionKind::Internal.into(),
        }
    }
}

impl AccountsErrorKind {
    /// Returns whether the attempt was not evaluated, so that it must not be counted.
    pub(crate) const fn is_fault(self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Busy { .. } | Self::Internal)
    }
}

/// A wrong clock and a failed signature may pass. Every other reason lasts until the settings or
/// the account change.
impl From<IssueError> for AccountsError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::NotValidNow | IssueError::Signing => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

/// Missing randomness may pass. A lost key and an altered secret do not.
impl From<EncryptionError> for AccountsError {
    fn from(error: EncryptionError) -> Self {
        match error {
            EncryptionError::Random(_) => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl From<AccountsErrorKind> for AccountsError {
    fn from(kind: AccountsErrorKind) -> Self {
        Self::new(kind)
    }
}

/// Returns the rejection for a visitor. The form field of the new password is `password`.
impl From<AccountsError> for Rejection {
    fn from(error: AccountsError) -> Self {
        error.rejection("password")
    }
}

impl fmt::Display for AccountsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = |f: &mut fmt::Formatter<'_>, what: &str, wait: Duration| {
            write!(
                f,
                "{what}: try again in {} s",
                wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
            )
        };
        match self.kind {
            AccountsErrorKind::Refused => {
                f.write_str("the username, password or code is wrong, or the account is disabled: check the events")
            }
            AccountsErrorKind::Username(_) => f.write_str("the username is not valid: choose another one"),
            AccountsErrorKind::Password(_) => f.write_str("the new password is not accepted: choose another one"),
            AccountsErrorKind::NameTaken => f.write_str("another account has this username: choose another one"),
            AccountsErrorKind::AlreadyOn => f.write_str("a second factor is on already: turn it off first"),
            AccountsErrorKind::AlreadyOff => f.write_str("the second factor is off: turn it on first"),
            AccountsErrorKind::ChallengeRequired => {
                f.write_str("the challenge was not solved: send its response in the field `challenge`")
            }
            AccountsErrorKind::LastOfRole => f.write_str(
                "no other enabled account has a role that must be kept: give the role to another account first",
            ),
            AccountsErrorKind::AccountDisabled => f.write_str("the account is disabled: enable it first"),
            AccountsErrorKind::LinkOver => {
                f.write_str("the link was used, was replaced or has expired: create a new one")
            }
            AccountsErrorKind::NotFound => f.write_str("no account or session has this identifier: check it"),
            AccountsErrorKind::NotLoggedIn => {
                f.write_str("the refresh or enrolment token is not accepted: log in again")
            }
            AccountsErrorKind::Revoked => f.write_str("the session or account was revoked: log in again"),
            AccountsErrorKind::NotRecent => {
                f.write_str("the change needs a proof of the person: send the password, or confirm the session and send its refresh token")
            }
            AccountsErrorKind::CodeRequired => {
                f.write_str("the account has a second factor: send a code as well")
            }
            AccountsErrorKind::NotOffered => {
                f.write_str("the store does not offer this: give a store with the trait that it needs")
            }
            AccountsErrorKind::Limited { retry_after } => wait(f, "too many attempts", retry_after),
            AccountsErrorKind::Busy { retry_after } => wait(f, "no hashing capacity is left", retry_after),
            AccountsErrorKind::Unavailable { retry_after } => {
                wait(f, "a store, randomness or the clock is not usable", retry_after)
            }
            AccountsErrorKind::Internal => {
                f.write_str("a key, a setting or a stored secret is wrong, and trying again does not help: fix the cause")
            }
        }
    }
}

impl Error for AccountsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            AccountsErrorKind::Username(error) => Some(error),
            AccountsErrorKind::Password(error) => Some(error),
            _ => self.source.as_ref().map(|source| &**source as &(dyn Error + 'static)),
        }
    }
}

/// The kinds of [`AccountsError`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AccountsErrorKind {
    /// The name, password or code is wrong, the pending login is not valid, or the account is
    /// disabled or was changed concurrently. There is one kind for all, so that a client cannot
    /// distinguish the cases.
    Refused,
    /// The text is not a valid user name.
    Username(UsernameError),
    /// The text is not accepted as a new password.
    Password(PasswordError),
    /// Another account has the user name.
    NameTaken,
    /// A second factor is on already, possibly since a concurrent request.
    AlreadyOn,
    /// No second factor is on.
    AlreadyOff,
    /// The [challenge](crate::Challenge) was not solved. The attempt was not evaluated.
    ChallengeRequired,
    /// The account is the last enabled one with a role that must be kept
    /// ([`Settings::kept_roles`](crate::Settings::kept_roles)). Nothing was changed.
    LastOfRole,
    /// The account is disabled, so that the command would have no effect.
    AccountDisabled,
    /// The one-time link was used, was replaced by a newer link, has expired, or is not a link of
    /// this site; or the account has changed since it was created. Nothing was changed.
    LinkOver,
    /// The account does not exist, or the account has no such session.
    NotFound,
    /// The refresh token or enrolment token is not valid, or no longer valid.
    NotLoggedIn,
    /// The access token is revoked, or was revoked while the change was being processed: the
    /// account is deleted, disabled or at another generation, or the session has ended. Nothing was
    /// changed.
    Revoked,
    /// The request contains neither the password nor the refresh token of a session that was
    /// confirmed within the last ten minutes. Nothing was changed.
    NotRecent,
    /// The request contains the password and no code, and a second factor is on. Nothing was
    /// evaluated, and nothing counted.
    CodeRequired,
    /// The site has no store for this: the field of [`StoreSet`](crate::StoreSet) that the method
    /// needs is `None`.
    NotOffered,
    /// Too many attempts.
    Limited {
        /// The time to wait.
        retry_after: Duration,
    },
    /// No capacity for password hashing is left, within the bounds of
    /// [`PasswordHasherSettings`](crate::PasswordHasherSettings).
    Busy {
        /// The time to wait.
        retry_after: Duration,
    },
    /// A store or randomness is not available, or this node's clock was set back during the login,
    /// so that the node would reject the token.
    Unavailable {
        /// The time to wait.
        retry_after: Duration,
    },
    /// A fault that does not pass by itself: the key ring does not have the encryption key of a
    /// second factor, or the token is too long for a cookie. The log contains the cause and the
    /// fix.
    Internal,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::NoRandomness;

    #[test]
    fn error_and_cause_are_each_printed_once() {
        let error = AccountsError::unavailable(std::io::Error::other("the disk is full"));
        let cause = error.source().map(ToString::to_string);
        assert_eq!(cause.as_deref(), Some("the disk is full"));
        assert!(!error.to_string().contains("disk"), "{error}");
        let error =
            AccountsError::new(AccountsErrorKind::Password(PasswordError::Length { min: 10 }));
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("the password must have 10 to 1024 characters")
        );
    }

    #[test]
    fn a_fault_that_lasts_is_internal() {
        let response = |error: AccountsError| {
            assert!(error.kind().is_fault());
            (error.rejection("password").status(), error.rejection("password").retry_after())
        };
        let soon = Some(Duration::from_secs(1));
        for (error, expected) in [
            (IssueError::NotValidNow, (503, soon)),
            (IssueError::Signing, (503, soon)),
            (IssueError::NoActiveKey, (500, None)),
            (IssueError::TooLong { length: 5000 }, (500, None)),
            (IssueError::OwnClaimsUnreadable, (500, None)),
        ] {
            assert_eq!(response(error.into()), expected, "{error}");
        }
        for (error, expected) in [
            (EncryptionError::Random(NoRandomness), (503, soon)),
            (EncryptionError::NoKey, (500, None)),
            (EncryptionError::Malformed, (500, None)),
            (EncryptionError::Forged, (500, None)),
        ] {
            assert_eq!(response(error.clone().into()), expected, "{error}");
        }
    }

    #[test]
    fn password_rejection_names_the_form_field() {
        let error = AccountsError::new(AccountsErrorKind::Password(PasswordError::Common));
        assert_eq!(
            error.rejection("new_password").field(),
            Some(("new_password", FieldFault::PasswordCommon))
        );
    }
}
