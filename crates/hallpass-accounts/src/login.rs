//! The flows: typed states from a password to a token, and the changes that a person makes to their
//! own account.
//!
//! ```text
//! attempt counted ─▶ PasswordAccepted ─▶ NextStep::Nothing ────────────────────▶ Authenticated ─▶ LoggedIn ─▶ access token
//!                                    ├─▶ NextStep::SecondFactor ─▶ MfaRequired ──────┤
//!                                    └─▶ NextStep::Enrolment ─▶ Enrolling ─────────┘
//! ```
//!
//! Each arrow consumes its state and there is no other way along, so a forgotten check does not
//! compile (`tests/compile/`, and the examples of [`PasswordAccepted`]). [`after_login`] alone
//! calls `LoggedIn::insecure_new`.
//!
//! **No oracle.** Each failing way through `log_in` takes one argon2 run and ends in the one error
//! [`Refused`](crate::AccountsErrorKind::Refused); what it was goes to the [events](crate::Event).

pub(crate) mod after_login;
pub(crate) mod authenticated;
mod flow;
pub(crate) mod mfa_required;
pub(crate) mod own_claims;
pub(crate) mod password_accepted;

use hallpass_core::{Access, Device, EnrolmentPending, MfaPending, Token};

use crate::session::refresh_token::RefreshToken;

/// How far a log-in got.
///
/// Exhaustive, because a caller must handle every step.
#[derive(Debug)]
#[must_use]
pub enum LoginStep {
    /// To the end.
    LoggedIn(OpenedSession),
    /// To the code: this token opens the code page and nothing else.
    MfaRequired(Token<MfaPending>),
    /// To the enrolment page: the account must set up a second factor first, and this token opens
    /// the page for that and nothing else.
    EnrolmentRequired(Token<EnrolmentPending>),
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

/// A session that has just been opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenedSession {
    /// The access token.
    pub access: Token<Access>,
    /// The refresh token, where the site renews sessions.
    pub refresh: Option<RefreshToken>,
    /// The token by which the browser is known again.
    pub device: Token<Device>,
    /// The account that logged in.
    pub user: AccountSummary,
}

/// The account that logged in, for a response to its owner.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AccountSummary {
    /// The account's id.
    pub id: String,
    /// The user name, as shown.
    pub username: String,
    /// The names of the roles that the token carries.
    pub roles: Vec<&'static str>,
}
