//! The login flows: typed states from a password to a token.
//!
//! ```text
//! attempt counted ─▶ PasswordAccepted ─▶ NextStep::Nothing ────────────────────▶ Authenticated ─▶ LoggedIn ─▶ access token
//!                                    ├─▶ NextStep::SecondFactor ─▶ MfaRequired ──────┤
//!                                    └─▶ NextStep::Enrolment ─▶ Enrolling ─────────┘
//! ```
//!
//! Each transition consumes its state, and there are no other transitions, so a forgotten check
//! does not compile (`tests/compile/`, and the examples of [`PasswordAccepted`]). Only
//! [`after_login`] calls `LoggedIn::insecure_new`.
//!
//! **No oracle.** Each failing path through `log_in` takes one argon2 run and returns the same
//! error, [`Refused`](crate::AccountsErrorKind::Refused). The reason is only in the
//! [events](crate::Event).

mod admission;
pub(crate) mod after_login;
pub(crate) mod authenticated;
mod flow;
pub(crate) mod mfa_required;
pub(crate) mod own_claims;
pub(crate) mod password_accepted;

use hallpass_core::{Access, EnrolmentPending, LoggedIn, MfaPending, Role, Token};

use crate::{browser::BrowserCookie, session::refresh_token::RefreshToken};

/// The state in which a login ended.
///
/// Exhaustive, because a caller must handle every step.
#[derive(Debug)]
#[must_use]
pub enum LoginStep {
    /// The login is complete.
    LoggedIn(OpenedSession),
    /// A code is required. The token gives access to the code page only, for five minutes.
    MfaRequired(Token<MfaPending>),
    /// The account must set up a second factor first. The token gives access to the enrolment page
    /// only, for 15 minutes.
    EnrolmentRequired(Token<EnrolmentPending>),
}

impl LoginStep {
    /// Returns the session, if the login is complete.
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
    /// The refresh token, if the site refreshes sessions.
    pub refresh: Option<RefreshToken>,
    /// The new browser cookie, if the login draws one: the request had none, or the browser is
    /// trusted from now on. Otherwise the browser keeps its cookie.
    pub browser: Option<BrowserCookie>,
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

impl AccountSummary {
    pub(crate) fn of<R: Role>(who: &LoggedIn<R>) -> Self {
        Self {
            id: who.user_id().to_owned(),
            username: who.username().to_owned(),
            roles: who.roles().iter().map(|role| role.name()).collect(),
        }
    }
}
