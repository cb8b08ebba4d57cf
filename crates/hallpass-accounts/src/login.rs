//! The flows: typed states from a password to a token, and the changes that a person makes to their own account.
//!
//! ```text
//! attempt counted ─▶ PasswordAccepted ─▶ NextStep::Nothing ────────────────────▶ Authenticated ─▶ LoggedIn ─▶ access token
//!                                    ├─▶ NextStep::SecondFactor ─▶ MfaRequired ──────┤
//!                                    └─▶ NextStep::Enrolment ─▶ Enrolling ─────────┘
//! ```
//!
//! Each arrow consumes its state and there is no other way along, so a forgotten check does not compile
//! (`tests/compile/`, and the examples of [`PasswordAccepted`]). [`after_login`] alone calls `LoggedIn::insecure_new`.
//!
//! **No oracle.** Each failing way through `log_in` takes one argon2 run and ends in the one error
//! [`Refused`](crate::AccountsErrorKind::Refused); what it was goes to the [events](crate::Event).

pub(crate) mod after_login;
pub(crate) mod authenticated;
pub(crate) mod mfa_required;
pub(crate) mod opened;
pub(crate) mod own_claims;
pub(crate) mod password_accepted;

use hallpass_core::{EnrolmentToken, PendingToken, Role};

use crate::{
    accounts::Accounts,
    error::AccountsError,
    login::{opened::OpenedSession, password_accepted::NextStep},
    visitor::Visitor,
};

/// How far a log-in got.
///
/// Exhaustive, because a caller must handle every step.
#[derive(Debug)]
#[must_use]
pub enum LoginStep {
    /// To the end.
    LoggedIn(OpenedSession),
    /// To the code: this token opens the code page and nothing else.
    MfaRequired(PendingToken),
    /// To the enrolment page: the account must set up a second factor first, and this token opens the page for that and nothing
    /// else.
    EnrolmentRequired(EnrolmentToken),
}

impl LoginStep {
    /// The session, where the log-in went to its end.
    #[must_use]
    pub fn opened(self) -> Option<OpenedSession> {
        match self {
            Self::LoggedIn(opened) => Some(opened),
            Self::MfaRequired(_) | Self::EnrolmentRequired(_) => None,
        }
    }
}

impl<R: Role> Accounts<R> {
    /// Logs in with a user name, a password and, where the person has it at hand, the code.
    ///
    /// A code that is not due is not looked at.
    ///
    /// # Errors
    /// As [`accept_password`](Self::accept_password); a wrong code is refused exactly like a wrong password.
    pub async fn log_in(
        &self,
        username: &str,
        password: &str,
        code: Option<&str>,
        visitor: &Visitor<'_>,
    ) -> Result<LoginStep, AccountsError> {
        let accepted = self.accept_password(username, password, visitor).await?;
        let authenticated = match (accepted.next().await, code) {
            (NextStep::Nothing(authenticated), _) => authenticated,
            (NextStep::SecondFactor(due), Some(code)) => due.accept_code(code).await?,
            (NextStep::SecondFactor(due), None) => return due.wait().await.map(LoginStep::MfaRequired),
            (NextStep::Enrolment(due), _) => return due.wait().await.map(LoginStep::EnrolmentRequired),
        };
        self.opened(authenticated, visitor).await.map(LoginStep::LoggedIn)
    }

    /// Completes a log-in that waits for its code.
    ///
    /// # Errors
    /// As [`resume`](Self::resume) and [`accept_code`](crate::MfaRequired::accept_code).
    pub async fn log_in_with_code(
        &self,
        pending: &[u8],
        code: &str,
        visitor: &Visitor<'_>,
    ) -> Result<OpenedSession, AccountsError> {
        let due = self.resume(pending, visitor).await?;
        self.opened(due.accept_code(code).await?, visitor).await
    }
}
