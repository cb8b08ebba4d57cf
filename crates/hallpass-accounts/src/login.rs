//! The flows: typed states from a password to a token, and the changes that a person makes to their own account.
//!
//! ```text
//! attempt counted ─▶ PasswordAccepted ─▶ Due::Nothing ────────────────────▶ Proven ─▶ SignedIn ─▶ access token
//!                                    ├─▶ Due::SecondFactor ─▶ FactorDue ──────┤
//!                                    └─▶ Due::Enrolment ─▶ Enrolling ─────────┘
//! ```
//!
//! Each arrow consumes its state and there is no other way along, so a forgotten check does not compile
//! (`tests/compile/`, and the examples of [`PasswordAccepted`]). [`vouch`] alone calls `SignedIn::insecure_vouch`.
//!
//! **No oracle.** Each failing way through `log_in` takes one argon2 run and ends in the one error
//! [`Refused`](crate::SignInErrorKind::Refused); what it was goes to the [events](crate::Event).

pub(crate) mod factor_due;
pub(crate) mod opened;
pub(crate) mod own_claims;
pub(crate) mod password_accepted;
pub(crate) mod proven;
pub(crate) mod vouch;

use hallpass_core::{EnrolmentToken, PendingToken, Role};

use crate::{
    login::{opened::Opened, password_accepted::Due},
    sign_in::SignIn,
    sign_in_error::SignInError,
    visitor::Visitor,
};

/// How far a log-in got.
#[derive(Debug)]
#[must_use]
pub enum LoginStep {
    /// To the end.
    SignedIn(Opened),
    /// To the code: this token opens the code page and nothing else.
    FactorDue(PendingToken),
    /// To the enrolment page: the account must set up a second factor first, and this token opens the page for that and nothing
    /// else.
    EnrolmentDue(EnrolmentToken),
}

impl LoginStep {
    /// The session, where the log-in went to its end.
    #[must_use]
    pub fn opened(self) -> Option<Opened> {
        match self {
            Self::SignedIn(opened) => Some(opened),
            Self::FactorDue(_) | Self::EnrolmentDue(_) => None,
        }
    }
}

impl<R: Role> SignIn<R> {
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
    ) -> Result<LoginStep, SignInError> {
        let accepted = self.accept_password(username, password, visitor).await?;
        let proven = match (accepted.next().await, code) {
            (Due::Nothing(proven), _) => proven,
            (Due::SecondFactor(due), Some(code)) => due.accept_code(code).await?,
            (Due::SecondFactor(due), None) => return due.wait().await.map(LoginStep::FactorDue),
            (Due::Enrolment(due), _) => return due.wait().await.map(LoginStep::EnrolmentDue),
        };
        self.opened(proven, visitor).await.map(LoginStep::SignedIn)
    }

    /// Completes a log-in that waits for its code.
    ///
    /// # Errors
    /// As [`resume`](Self::resume) and [`accept_code`](crate::FactorDue::accept_code).
    pub async fn log_in_with_code(
        &self,
        pending: &[u8],
        code: &str,
        visitor: &Visitor<'_>,
    ) -> Result<Opened, SignInError> {
        let due = self.resume(pending, visitor).await?;
        self.opened(due.accept_code(code).await?, visitor).await
    }
}
