//! The first state: the password is right. The account determines whether a code is required.

use std::{fmt, time::Duration};

use hallpass_core::{Claims, Device, Methods, Role, UnixTime};

use crate::{
    account::Account,
    accounts::Accounts,
    login::{authenticated::Authenticated, mfa_required::MfaRequired},
    password::{Password, flow::upgraded},
    rate_limit::limits::Counted,
    two_factor::{Asked, TwoFactorPolicy, enrolment::EnrolmentRequired},
};

/// Proof that the password of an account was right, within the limits, and that the account is
/// enabled.
///
/// ```
/// use hallpass_core::{Role, LoggedIn};
/// use hallpass_accounts::{NextStep, Accounts, AccountsError, Visitor};
///
/// async fn accounts<R: Role>(site: &Accounts<R>, code: &str) -> Result<Option<LoggedIn<R>>, AccountsError> {
///     let visitor = Visitor::default();
///     let authenticated = match site.accept_password("alice", "a password", &visitor).await?.next().await {
///         NextStep::Nothing(authenticated) => authenticated,
///         NextStep::SecondFactor(due) => due.accept_code(code).await?,
///         NextStep::Enrolment(_) => return Ok(None), // the person is sent to the enrolment page
///     };
///     authenticated.open_session(&visitor).await.map(Some)
/// }
/// ```
///
/// Code that skips the second factor does not compile:
///
/// ```compile_fail,E0599
/// # use hallpass_core::{Role, LoggedIn};
/// # use hallpass_accounts::{NextStep, Accounts, AccountsError, Visitor};
/// async fn accounts<R: Role>(site: &Accounts<R>) -> Result<LoggedIn<R>, AccountsError> {
///     let visitor = Visitor::default();
///     let authenticated = match site.accept_password("alice", "a password", &visitor).await?.next().await {
///         NextStep::Nothing(authenticated) => authenticated,
///         NextStep::SecondFactor(due) => return due.open_session(&visitor).await,
///         NextStep::Enrolment(due) => return due.open_session(&visitor).await,
///     };
///     authenticated.open_session(&visitor).await
/// }
/// ```
#[must_use]
pub struct PasswordAccepted<R> {
    accounts: Accounts<R>,
    account: Account,
    counted: Counted,
    /// The password, if the stored hash is to be replaced by a stronger hash.
    upgrade: Option<Password>,
    /// The browser, if the account logged in with it before.
    device: Option<Claims<'static, Device>>,
}

/// The step that is required after the password.
///
/// Exhaustive, because a caller must handle every step.
#[must_use]
pub enum NextStep<R> {
    /// Nothing: the account has no second factor, or the site and the person trust this browser
    /// instead.
    Nothing(Authenticated<R>),
    /// A code of the second factor.
    SecondFactor(MfaRequired<R>),
    /// The enrolment of a second factor, because the account must have one.
    Enrolment(EnrolmentRequired<R>),
}

// Written by hand, because the derived implementation would require `R: Debug`.
impl<R> fmt::Debug for NextStep<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(authenticated) => f.debug_tuple("Nothing").field(authenticated).finish(),
            Self::SecondFactor(due) => f.debug_tuple("SecondFactor").field(due).finish(),
            Self::Enrolment(due) => f.debug_tuple("Enrolment").field(due).finish(),
        }
    }
}

impl<R: Role> PasswordAccepted<R> {
    pub(crate) fn new(
        accounts: Accounts<R>,
        account: Account,
        counted: Counted,
        upgrade: Option<Password>,
        device: Option<Claims<'static, Device>>,
    ) -> Self {
        Self { accounts, account, counted, upgrade, device }
    }

    /// Returns the next step. The account determines it, not the caller.
    pub async fn next(self) -> NextStep<R> {
        let Self { accounts, account, counted, upgrade, device } = self;
        if account.second_factor().is_none() {
            let account = upgraded(&accounts, account, upgrade).await;
            return accounts.due_without_factor(account, counted);
        }
        let settings = accounts.settings();
        let (within, policy) = (settings.trust_devices, &settings.two_factor);
        match remembered(device.as_ref(), &account, within, policy, accounts.now()) {
            None => NextStep::SecondFactor(MfaRequired::new(accounts, account, counted, upgrade)),
            Some(()) => {
                let account = upgraded(&accounts, account, upgrade).await;
                NextStep::Nothing(Authenticated::new(accounts, account, counted, Methods::PASSWORD))
            }
        }
    }
}

/// Returns `Some` if the device replaces the code of this account.
fn remembered<R: Role>(
    device: Option<&Claims<'_, Device>>,
    account: &Account,
    within: Option<Duration>,
    policy: &TwoFactorPolicy<R>,
    now: UnixTime,
) -> Option<()> {
    let (device, within) = (device?, within?);
    let is_theirs = device.user_id() == account.id().as_str()
        && account.accepts(device.generation(), device.epoch());
    let is_fresh = now.since(device.authenticated_at()?) < within;
    let consented = device.methods().includes_second_factor();
    let suffices = policy.asks(account, Methods::PASSWORD) == Asked::Nothing;
    (is_theirs && is_fresh && consented && suffices).then_some(())
}

impl<R> fmt::Debug for PasswordAccepted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordAccepted").field(self.account.id()).finish()
    }
}
