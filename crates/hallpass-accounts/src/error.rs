//! The error of all flows: a kind and a cause.
//!
//! The error is for programs. The text for a visitor comes from the [`Rejection`] that the error is
//! converted into.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use hallpass_core::{FieldFault, Rejection, RejectionKind};

use crate::{account::username::UsernameError, password::policy::PasswordError};

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

    /// A store, a key or randomness is not available.
    pub(crate) fn unavailable(source: impl Error + Send + Sync + 'static) -> Self {
        Self::caused_by(
            AccountsErrorKind::Unavailable { retry_after: Duration::from_secs(1) },
            source,
        )
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
            // A route whose ability is turned off is treated as a route that does not exist.
            AccountsErrorKind::NotFound | AccountsErrorKind::NotOffered => {
                RejectionKind::NotFound.into()
            }
            AccountsErrorKind::NotLoggedIn => RejectionKind::NotLoggedIn.into(),
            AccountsErrorKind::Revoked => RejectionKind::Revoked.into(),
            AccountsErrorKind::Limited { retry_after } => {
                waiting(RejectionKind::Limited, retry_after)
            }
            // It does not pass by itself, so it must not be answered with "try again in 1 second".
            AccountsErrorKind::SecretUnreadable => RejectionKind::Misconfigured.into(),
            AccountsErrorKind::Unavailable { retry_after }
            | AccountsErrorKind::Busy { retry_after } => {
                waiting(RejectionKind::Unavailable, retry_after)
            }
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
            AccountsErrorKind::NotFound => f.write_str("no account or session has this identifier: check it"),
            AccountsErrorKind::NotLoggedIn => {
                f.write_str("the refresh or enrolment token is not accepted: log in again")
            }
            AccountsErrorKind::Revoked => f.write_str("the session or account was revoked: log in again"),
            AccountsErrorKind::NotOffered => {
                f.write_str("the store does not offer this: give a store with the trait that it needs")
            }
            AccountsErrorKind::SecretUnreadable => {
                f.write_str("a stored secret cannot be encrypted or decrypted: restore its key in the key ring")
            }
            AccountsErrorKind::Limited { retry_after } => wait(f, "too many attempts", retry_after),
            AccountsErrorKind::Busy { retry_after } => wait(f, "no hashing capacity is left", retry_after),
            AccountsErrorKind::Unavailable { retry_after } => {
                wait(f, "a store, a key or randomness is not available", retry_after)
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
    /// The name, password or code is wrong, or the account is disabled. There is one kind for all,
    /// so that a client cannot distinguish the cases.
    Refused,
    /// The text is not a valid user name.
    Username(UsernameError),
    /// The text is not accepted as a new password.
    Password(PasswordError),
    /// Another account has the user name.
    NameTaken,
    /// A second factor is on already, or the account was changed concurrently.
    AlreadyOn,
    /// No second factor is on.
    AlreadyOff,
    /// The account does not exist, or the account has no such session.
    NotFound,
    /// The refresh token or enrolment token is not valid, or no longer valid.
    NotLoggedIn,
    /// The access token is revoked, or was revoked while the change was being processed: the
    /// account is deleted, disabled or at another generation, or the session has ended. Nothing was
    /// changed.
    Revoked,
    /// The ability is not turned on in the builder.
    NotOffered,
    /// The key ring does not have the encryption key, or the stored secret of the second factor was
    /// altered. It stays so until an operator restores the key or the secret.
    SecretUnreadable,
    /// Too many attempts.
    Limited {
        /// The time to wait.
        retry_after: Duration,
    },
    /// No hashing capacity is left.
    Busy {
        /// The time to wait.
        retry_after: Duration,
    },
    /// A store, a key or randomness is not available.
    Unavailable {
        /// The time to wait.
        retry_after: Duration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn password_rejection_names_the_form_field() {
        let error = AccountsError::new(AccountsErrorKind::Password(PasswordError::Common));
        assert_eq!(
            error.rejection("new_password").field(),
            Some(("new_password", FieldFault::PasswordCommon))
        );
    }
}
