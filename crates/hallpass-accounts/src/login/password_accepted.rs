//! The first state: the password is right. Whether that is enough is the account's to say.

use std::fmt;

use hallpass_core::{KnownDevice, Methods, Role};

use crate::{
    account::{Account, username::Username},
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    login::{authenticated::Authenticated, mfa_required::MfaRequired},
    password::{
        Password,
        change::upgraded,
        password_hasher::{Checked, HasherSaturated},
    },
    rate_limit::limits::{Counted, Whose},
    two_factor::{Asked, enrolment::EnrolmentRequired},
    visitor::Visitor,
};

/// Proof that an account's password was given, within the limits, and that the account is not disabled.
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
///         NextStep::Enrolment(_) => return Ok(None), // the way leads to the enrolment page
///     };
///     authenticated.open_session(&visitor).await.map(Some)
/// }
/// ```
///
/// The code cannot be forgotten:
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
    /// The password, where the stored hash is to be replaced by a stronger one of it.
    upgrade: Option<Password>,
    /// The browser, where the account signed in with it before.
    device: Option<KnownDevice>,
}

/// What is missing after the password.
///
/// Exhaustive, because a caller must handle every step.
#[must_use]
pub enum NextStep<R> {
    /// Nothing: the account has no second factor, or the site and the person let this browser stand in for it.
    Nothing(Authenticated<R>),
    /// A code.
    SecondFactor(MfaRequired<R>),
    /// A second factor to be set up, since the account must have one.
    Enrolment(EnrolmentRequired<R>),
}

// By hand, because the derived one would require the same of `R`.
impl<R> fmt::Debug for NextStep<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(authenticated) => f.debug_tuple("Nothing").field(authenticated).finish(),
            Self::SecondFactor(due) => f.debug_tuple("SecondFactor").field(due).finish(),
            Self::Enrolment(due) => f.debug_tuple("Enrolment").field(due).finish(),
        }
    }
}

impl<R: Role> Accounts<R> {
    /// Checks a user name and a password.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for an unknown name, a wrong password and a disabled account alike, each after one
    /// argon2 run; [`Limited`](AccountsErrorKind::Limited), [`Busy`](AccountsErrorKind::Busy) and
    /// [`Unavailable`](AccountsErrorKind::Unavailable) without any.
    pub async fn accept_password(
        &self,
        username: &str,
        password: &str,
        visitor: &Visitor<'_>,
    ) -> Result<PasswordAccepted<R>, AccountsError> {
        // What cannot be a name goes the whole way too: a short cut would be a difference to measure.
        let name = Username::parse(username).ok();
        let device = name.as_ref().and_then(|name| self.known_device(visitor, name));
        let whose = Whose::of(name.as_ref(), device.as_ref());
        let counted = self.limits().count(self.stores(), whose, visitor, self.now()).await?;
        let account = match &name {
            Some(name) => {
                let found = self.stores().accounts.by_username(name);
                self.stores().ask("find account", found).await?
            }
            None => None,
        };
        let password = Password::typed(password);
        let hash = account.as_ref().map(Account::password_hash);
        let checked = self.check_password(&password, hash).await?;
        let reason = match (account, checked) {
            (Some(account), Checked::Right(_)) if account.disabled() => {
                self.refused(Some(&account), RejectionReason::Disabled, &counted)
            }
            (Some(account), Checked::Right(right)) => {
                return Ok(PasswordAccepted {
                    accounts: self.clone(),
                    account,
                    counted,
                    upgrade: right.is_outdated().then_some(password),
                    device: device.filter(|_| !visitor.step_up),
                });
            }
            (Some(account), Checked::Wrong) => self.refused(Some(&account), RejectionReason::WrongPassword, &counted),
            (None, _) => self.refused(None, RejectionReason::UnknownAccount, &counted),
        };
        Err(reason)
    }

    /// What is due of an account that has no second factor: the policy decides.
    pub(crate) fn due_without_factor(&self, account: Account, counted: Counted) -> NextStep<R> {
        match self.factor_policy().asks(&account, Methods::PASSWORD) {
            Asked::Nothing => NextStep::Nothing(Authenticated::new(self.clone(), account, counted, Methods::PASSWORD)),
            Asked::SecondFactor => NextStep::Enrolment(EnrolmentRequired::new(self.clone(), account, counted)),
        }
    }

    /// One run through the hash gate; an event where it is closed.
    pub(crate) async fn check_password(
        &self,
        password: &Password,
        hash: Option<&str>,
    ) -> Result<Checked, AccountsError> {
        let checked = self.gate().check(password, hash).await;
        checked.map_err(|closed| self.busy(closed))
    }

    pub(crate) fn busy(&self, closed: HasherSaturated) -> AccountsError {
        self.events().happened(Event::HashingBusy);
        let retry_after = closed.retry_after;
        AccountsError::caused_by(AccountsErrorKind::Busy { retry_after }, closed)
    }

    /// Says to the events what it was, and to the person nothing.
    pub(crate) fn refused(
        &self,
        account: Option<&Account>,
        reason: RejectionReason,
        counted: &Counted,
    ) -> AccountsError {
        self.events().happened(Event::Refused {
            account: account.map(|account| account.id().clone()),
            reason,
            peer: counted.peer(),
        });
        AccountsErrorKind::Refused.into()
    }
}

impl<R: Role> PasswordAccepted<R> {
    /// Goes on to what is due. The account decides, not the caller.
    pub async fn next(self) -> NextStep<R> {
        let Self { accounts, account, counted, upgrade, device } = self;
        if account.second_factor().is_none() {
            let account = upgraded(&accounts, account, upgrade).await;
            return accounts.due_without_factor(account, counted);
        }
        match accounts.remembered(device.as_ref(), &account) {
            None => NextStep::SecondFactor(MfaRequired::new(accounts, account, counted, upgrade)),
            Some(_remembered) => {
                let account = upgraded(&accounts, account, upgrade).await;
                NextStep::Nothing(Authenticated::new(accounts, account, counted, Methods::PASSWORD))
            }
        }
    }
}

impl<R> fmt::Debug for PasswordAccepted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordAccepted").field(self.account.id()).finish()
    }
}
