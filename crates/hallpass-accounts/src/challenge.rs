//! A challenge before a password is hashed: a CAPTCHA or a proof of work, by a hook of the site.
//!
//! Limits stop a guesser on one account and on one address. A challenge makes each attempt of a
//! botnet with many addresses cost something. It is called after the attempt was counted, and
//! before the login waits for the hasher, so that neither the hook nor the hasher can be called
//! without limit. Before it, the store is read only for the row of a known browser.

use std::{error::Error, future::Future};

use hallpass_core::Role;

use crate::{
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    rate_limit::counted::Counted,
    visitor::Visitor,
};

/// Checks that a challenge was solved.
///
/// ```
/// use hallpass_accounts::{Challenge, ChallengeAttempt, ChallengeOutcome, ChallengedAction};
/// use std::convert::Infallible;
///
/// /// Asks for the sum on the registration page.
/// struct Sum;
///
/// impl Challenge for Sum {
///     type Error = Infallible;
///
///     async fn check(&self, attempt: &ChallengeAttempt<'_>) -> Result<ChallengeOutcome, Infallible> {
///         Ok(match (attempt.action, attempt.response) {
///             (ChallengedAction::Login, _) | (_, Some("7")) => ChallengeOutcome::Passed,
///             _ => ChallengeOutcome::Required,
///         })
///     }
///
///     fn widget(&self, action: ChallengedAction) -> Option<String> {
///         let sum = "<label>3 + 4 = <input name=\"challenge\" required></label>";
///         (action == ChallengedAction::Registration).then(|| sum.to_owned())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot check challenges: it does not implement `Challenge`",
    label = "`Challenge` is not implemented for this type",
    note = "write `impl Challenge for {Self}` with the method `check`",
    note = "guide: docs/guide/src/challenges.md"
)]
pub trait Challenge: Send + Sync + 'static {
    /// The error of the service that checks the response.
    type Error: Error + Send + Sync + 'static;

    /// Checks the response. The time limit is
    /// [`store_timeout`](crate::Settings::store_timeout).
    ///
    /// A response must be valid **once**, otherwise an attacker solves one challenge for all
    /// attempts. A CAPTCHA service and [`ConsumedStore`](crate::ConsumedStore) do this.
    ///
    /// # Errors
    /// The response could not be checked. [`ChallengeOutage`] decides then.
    fn check(
        &self,
        attempt: &ChallengeAttempt<'_>,
    ) -> impl Future<Output = Result<ChallengeOutcome, Self::Error>> + Send;

    /// Returns the HTML of the challenge, which the form of the action contains as it is: at least
    /// an input with the name `challenge`. Defaults to none: the site's own pages have it.
    ///
    /// The content security policy of the pages allows scripts of the site's own origin only.
    fn widget(&self, _action: ChallengedAction) -> Option<String> {
        None
    }
}

/// An attempt that may need a challenge.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ChallengeAttempt<'a> {
    /// The action.
    pub action: ChallengedAction,
    /// The form field `challenge`, or `None` if it was not sent.
    pub response: Option<&'a str>,
    /// The client.
    pub visitor: &'a Visitor<'a>,
}

/// An action that may need a challenge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ChallengedAction {
    /// A login with a password.
    Login,
    /// A registration.
    Registration,
}

impl ChallengedAction {
    /// Returns a stable name, for example for the action of a CAPTCHA service: `login` or
    /// `register`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Registration => "register",
        }
    }
}

/// Whether an attempt may continue.
///
/// Exhaustive, because an implementation returns it and there is no third result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum ChallengeOutcome {
    /// The challenge was solved, or this attempt needs none.
    Passed,
    /// A challenge must be solved: there is no response, or it is wrong. The client receives a 403
    /// with the form.
    Required,
}

/// What happens to an attempt whose challenge could not be checked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum ChallengeOutage {
    /// The attempt continues. The rate limits hold.
    #[default]
    Pass,
    /// The attempt is rejected with a 503.
    Refuse,
}

impl<R: Role> Accounts<R> {
    /// Checks the challenge of a counted attempt. An attempt that is rejected here was not
    /// evaluated, so it does not count on the account: otherwise anybody could lock the owner out
    /// without a challenge. It counts on the address or the known browser if it has a response,
    /// because the check of a response may cost a request to a service.
    pub(crate) async fn challenge(
        &self,
        action: ChallengedAction,
        visitor: &Visitor<'_>,
        counted: &Counted,
    ) -> Result<(), AccountsError> {
        let Some(challenge) = &self.settings().challenge else { return Ok(()) };
        let response = visitor.challenge;
        let attempt = ChallengeAttempt { action, response, visitor };
        let checked = self.stores().within_bound(challenge.check(&attempt)).await;
        #[cfg(feature = "metrics")]
        crate::event::metric::challenged(match &checked {
            Ok(ChallengeOutcome::Passed) => "passed",
            Ok(ChallengeOutcome::Required) => "required",
            Err(_) => "failed",
        });
        match checked {
            Ok(ChallengeOutcome::Passed) => Ok(()),
            Ok(ChallengeOutcome::Required) => {
                match response {
                    Some(_) => counted.keep_address(self.store_now()).await,
                    None => counted.give_back(self.store_now()).await,
                }
                Err(AccountsErrorKind::ChallengeRequired.into())
            }
            Err(fault) => {
                self.events().challenge_failed(&fault);
                match self.settings().challenge_outage {
                    ChallengeOutage::Pass => Ok(()),
                    ChallengeOutage::Refuse => {
                        counted.give_back(self.store_now()).await;
                        Err(AccountsError::unavailable(fault))
                    }
                }
            }
        }
    }

    /// Returns the HTML of the challenge of an action, for its form.
    #[must_use]
    pub fn challenge_widget(&self, action: ChallengedAction) -> Option<String> {
        self.settings().challenge.as_ref()?.widget(action)
    }
}
