//! The first state: the password is right. The account determines whether a code is required.

use std::fmt;

use hallpass_core::{Methods, Role, UnixTime};

use crate::{
    account::Account,
    accounts::Accounts,
    browser::{BrowserId, store::KnownBrowser},
    login::{
        authenticated::Authenticated,
        mfa_required::{CodeOrigin, MfaRequired},
    },
    password::{Password, flow::upgraded},
    rate_limit::counted::Counted,
    two_factor::{Asked, enrolment::EnrolmentRequired},
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
    browser: LoginBrowser,
}

/// The browser of a login.
#[derive(Clone, Copy, Default)]
pub(crate) struct LoginBrowser {
    /// The row of the account in this browser, if the account logged in with it before.
    row: Option<BrowserId>,
    /// The end of the trust. `None` if the browser does not replace the code.
    trusted_until: Option<UnixTime>,
}

impl LoginBrowser {
    /// `may_replace` is whether a trusted browser may replace the code of this login.
    pub(crate) fn new(row: Option<KnownBrowser>, may_replace: bool) -> Self {
        let trusted_until = row.as_ref().and_then(|row| row.trusted_until);
        Self { row: row.map(|row| row.id), trusted_until: trusted_until.filter(|_| may_replace) }
    }
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
        browser: LoginBrowser,
    ) -> Self {
        Self { accounts, account, counted, upgrade, browser }
    }

    /// Returns the next step. The account determines it, not the caller.
    pub async fn next(self) -> NextStep<R> {
        let Self { accounts, account, counted, upgrade, browser } = self;
        let is_known = browser.row.is_some();
        if account.second_factor().is_none() {
            let account = upgraded(&accounts, account, upgrade).await;
            return accounts.due_without_factor(account, counted, is_known);
        }
        match trusted(&accounts, &account, browser) {
            None => {
                let from = CodeOrigin { peer: counted.peer(), row: browser.row };
                let counted = Some(counted);
                NextStep::SecondFactor(MfaRequired::new(accounts, account, counted, upgrade, from))
            }
            Some(()) => {
                let account = upgraded(&accounts, account, upgrade).await;
                let methods = Methods::PASSWORD;
                let authenticated =
                    Authenticated::new(accounts, account, counted, methods, is_known);
                NextStep::Nothing(authenticated)
            }
        }
    }
}

/// Returns `Some` if the browser replaces the code of this account.
fn trusted<R: Role>(
    accounts: &Accounts<R>,
    account: &Account,
    browser: LoginBrowser,
) -> Option<()> {
    let settings = accounts.settings();
    let within = settings.trust_devices?;
    let now = accounts.store_now();
    // A shorter setting, and a clock that was set back, end the trust earlier.
    let until = browser.trusted_until?.min(now.saturating_add(within));
    let suffices = settings.two_factor.asks(account, Methods::PASSWORD) == Asked::Nothing;
    (now < until && suffices).then_some(())
}

impl<R> fmt::Debug for PasswordAccepted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordAccepted").field(self.account.id()).finish()
    }
}
