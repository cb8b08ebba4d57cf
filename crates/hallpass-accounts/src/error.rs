//! Why a flow ended without what was asked for: one opaque error for all flows.

use std::{error::Error, fmt, time::Duration};

use crate::{account::username::UsernameError, password::policy::PasswordError};

/// Why a sign-in, or a change to one's own account, was refused.
///
/// Opaque: what exactly was wrong goes to the [events](crate::Event), never to the person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountsError {
    kind: AccountsErrorKind,
}

impl AccountsError {
    pub(crate) const fn new(kind: AccountsErrorKind) -> Self {
        Self { kind }
    }

    /// Returns the kind, which decides the answer.
    #[must_use]
    pub const fn kind(&self) -> AccountsErrorKind {
        self.kind
    }
}

impl From<AccountsErrorKind> for AccountsError {
    fn from(kind: AccountsErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for AccountsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            AccountsErrorKind::Refused => f.write_str("Invalid username, password or code"),
            AccountsErrorKind::Username(error) => error.fmt(f),
            AccountsErrorKind::Password(error) => error.fmt(f),
            AccountsErrorKind::NameTaken => f.write_str("This user name is taken."),
            AccountsErrorKind::AlreadyOn => f.write_str("The second factor is on."),
            AccountsErrorKind::AlreadyOff => f.write_str("The second factor is off."),
            AccountsErrorKind::NotFound => f.write_str("There is no such account or session."),
            AccountsErrorKind::NotLoggedIn => f.write_str("Sign in first."),
            AccountsErrorKind::Revoked => f.write_str("This session has ended. Log in again."),
            AccountsErrorKind::NotOffered => f.write_str("This site does not offer that."),
            AccountsErrorKind::Limited { .. } => f.write_str("Too many attempts."),
            AccountsErrorKind::Busy { .. } | AccountsErrorKind::Unavailable { .. } => {
                f.write_str("The service is busy; try again.")
            }
        }
    }
}

impl Error for AccountsError {}

/// The kinds of [`AccountsError`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AccountsErrorKind {
    /// Name, password or code are wrong, or the account is disabled: one kind for all, so that nothing can be told apart.
    Refused,
    /// The text cannot be a user name.
    Username(UsernameError),
    /// The text may not become a password.
    Password(PasswordError),
    /// Another account has the name.
    NameTaken,
    /// A second factor is live already, or the account changed meanwhile.
    AlreadyOn,
    /// No second factor is live.
    AlreadyOff,
    /// No such account, or no such session of this account.
    NotFound,
    /// A refresh token or an enrolment that is not accepted (any more).
    NotLoggedIn,
    /// The access token is revoked, or was while the change was on its way: the account is gone, disabled or at another
    /// generation, or the session has ended. Nothing was changed.
    Revoked,
    /// The ability was not turned on in the builder.
    NotOffered,
    /// Too many attempts.
    Limited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// No hashing capacity left.
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The store or a key is not available.
    Unavailable {
        /// How long to wait.
        retry_after: Duration,
    },
}
