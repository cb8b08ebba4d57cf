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
pub(crate) mod password_accepted;
pub(crate) mod proven;
pub(crate) mod vouch;

use hallpass_core::{AccessToken, DeviceToken, EnrolmentToken, Issuer, PendingToken, Role, SignedIn};

use crate::{
    login::{password_accepted::Due, proven::Proven},
    session::refresh_token::RefreshToken,
    sign_in::SignIn,
    sign_in_error::SignInError,
    store::UNAVAILABLE,
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

/// A session that has just been opened.
#[derive(Debug)]
pub struct Opened {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token, where the site renews sessions.
    pub refresh: Option<RefreshToken>,
    /// The token by which the browser is known again.
    pub device: DeviceToken,
    /// Who signed in.
    pub user: Member,
}

/// Who signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The account's id.
    pub id: String,
    /// The user name, as shown.
    pub username: String,
    /// The names of the roles that the token carries.
    pub roles: Vec<&'static str>,
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

    pub(crate) async fn opened(&self, proven: Proven<R>, visitor: &Visitor<'_>) -> Result<Opened, SignInError> {
        let device = self.device_token(proven.account(), proven.methods(), visitor)?;
        let (signed_in, refresh) = proven.open_renewable_session(visitor).await?;
        Ok(Opened {
            access: self.access_token(&signed_in)?,
            refresh,
            device,
            user: Member {
                id: signed_in.user_id().to_owned(),
                username: signed_in.username().to_owned(),
                roles: signed_in.roles().iter().map(Role::name).collect(),
            },
        })
    }

    pub(crate) fn access_token(&self, who: &SignedIn<R>) -> Result<AccessToken, SignInError> {
        self.sign(self.issuer(), who)
    }

    pub(crate) fn sign(&self, issuer: &Issuer, who: &SignedIn<R>) -> Result<AccessToken, SignInError> {
        issuer.issue(who, self.now()).map_err(|error| {
            tracing::error!(target: "hallpass", %error, "an access token could not be signed");
            UNAVAILABLE
        })
    }
}
