//! The first state: the password is right. Whether that is enough is the account's to say.

use std::fmt;

use hallpass_core::{KnownDevice, Methods, Role};

use crate::{
    account::{Account, username::Username},
    event::{Event, RefusedReason},
    login::{factor_due::FactorDue, proven::Proven},
    password::{
        Password,
        change::upgraded,
        hash_gate::{Checked, GateClosed},
    },
    rate_limit::limits::{Counted, Whose},
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
    two_factor::{Asked, enrolment::EnrolmentDue},
    visitor::Visitor,
};

/// Proof that an account's password was given, within the limits, and that the account is not disabled.
///
/// ```
/// use hallpass_core::{Role, SignedIn};
/// use hallpass_accounts::{Due, SignIn, SignInError, Visitor};
///
/// async fn sign_in<R: Role>(site: &SignIn<R>, code: &str) -> Result<Option<SignedIn<R>>, SignInError> {
///     let visitor = Visitor::default();
///     let proven = match site.accept_password("alice", "a password", &visitor).await?.next().await {
///         Due::Nothing(proven) => proven,
///         Due::SecondFactor(due) => due.accept_code(code).await?,
///         Due::Enrolment(_) => return Ok(None), // the way leads to the enrolment page
///     };
///     proven.open_session(&visitor).await.map(Some)
/// }
/// ```
///
/// The code cannot be forgotten:
///
/// ```compile_fail,E0599
/// # use hallpass_core::{Role, SignedIn};
/// # use hallpass_accounts::{Due, SignIn, SignInError, Visitor};
/// async fn sign_in<R: Role>(site: &SignIn<R>) -> Result<SignedIn<R>, SignInError> {
///     let visitor = Visitor::default();
///     let proven = match site.accept_password("alice", "a password", &visitor).await?.next().await {
///         Due::Nothing(proven) => proven,
///         Due::SecondFactor(due) => return due.open_session(&visitor).await,
///         Due::Enrolment(due) => return due.open_session(&visitor).await,
///     };
///     proven.open_session(&visitor).await
/// }
/// ```
#[must_use]
pub struct PasswordAccepted<R> {
    sign_in: SignIn<R>,
    account: Account,
    counted: Counted,
    /// The password, where the stored hash is to be replaced by a stronger one of it.
    upgrade: Option<Password>,
    /// The browser, where the account signed in with it before.
    device: Option<KnownDevice>,
}

/// What is missing after the password.
#[must_use]
pub enum Due<R> {
    /// Nothing: the account has no second factor, or the site and the person let this browser stand in for it.
    Nothing(Proven<R>),
    /// A code.
    SecondFactor(FactorDue<R>),
    /// A second factor to be set up, since the account must have one.
    Enrolment(EnrolmentDue<R>),
}

// By hand, because the derived one would require the same of `R`.
impl<R> fmt::Debug for Due<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(proven) => f.debug_tuple("Nothing").field(proven).finish(),
            Self::SecondFactor(due) => f.debug_tuple("SecondFactor").field(due).finish(),
            Self::Enrolment(due) => f.debug_tuple("Enrolment").field(due).finish(),
        }
    }
}

impl<R: Role> SignIn<R> {
    /// Checks a user name and a password.
    ///
    /// # Errors
    /// [`Refused`](SignInErrorKind::Refused) for an unknown name, a wrong password and a disabled account alike, each after one
    /// argon2 run; [`Limited`](SignInErrorKind::Limited), [`Busy`](SignInErrorKind::Busy) and
    /// [`Unavailable`](SignInErrorKind::Unavailable) without any.
    pub async fn accept_password(
        &self,
        username: &str,
        password: &str,
        visitor: &Visitor<'_>,
    ) -> Result<PasswordAccepted<R>, SignInError> {
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
                self.refused(Some(&account), RefusedReason::Disabled, &counted)
            }
            (Some(account), Checked::Right(right)) => {
                return Ok(PasswordAccepted {
                    sign_in: self.clone(),
                    account,
                    counted,
                    upgrade: right.is_outdated().then_some(password),
                    device: device.filter(|_| !visitor.step_up),
                });
            }
            (Some(account), Checked::Wrong) => self.refused(Some(&account), RefusedReason::WrongPassword, &counted),
            (None, _) => self.refused(None, RefusedReason::UnknownAccount, &counted),
        };
        Err(reason)
    }

    /// What is due of an account that has no second factor: the policy decides.
    pub(crate) fn due_without_factor(&self, account: Account, counted: Counted) -> Due<R> {
        match self.factor_policy().asks(&account, Methods::PASSWORD) {
            Asked::Nothing => Due::Nothing(Proven::new(self.clone(), account, counted, Methods::PASSWORD)),
            Asked::SecondFactor => Due::Enrolment(EnrolmentDue::new(self.clone(), account, counted)),
        }
    }

    /// One run through the hash gate; an event where it is closed.
    pub(crate) async fn check_password(&self, password: &Password, hash: Option<&str>) -> Result<Checked, SignInError> {
        let checked = self.gate().check(password, hash).await;
        checked.map_err(|closed| self.busy(closed))
    }

    pub(crate) fn busy(&self, closed: GateClosed) -> SignInError {
        self.events().happened(Event::HashingBusy);
        let retry_after = closed.retry_after;
        SignInErrorKind::Busy { retry_after }.into()
    }

    /// Says to the events what it was, and to the person nothing.
    pub(crate) fn refused(&self, account: Option<&Account>, reason: RefusedReason, counted: &Counted) -> SignInError {
        self.events().happened(Event::Refused {
            account: account.map(|account| account.id().clone()),
            reason,
            peer: counted.peer(),
        });
        SignInErrorKind::Refused.into()
    }
}

impl<R: Role> PasswordAccepted<R> {
    /// Goes on to what is due. The account decides, not the caller.
    pub async fn next(self) -> Due<R> {
        let Self { sign_in, account, counted, upgrade, device } = self;
        if account.second_factor().is_none() {
            let account = upgraded(&sign_in, account, upgrade).await;
            return sign_in.due_without_factor(account, counted);
        }
        match sign_in.remembered(device.as_ref(), &account) {
            None => Due::SecondFactor(FactorDue::new(sign_in, account, counted, upgrade)),
            Some(_remembered) => {
                let account = upgraded(&sign_in, account, upgrade).await;
                Due::Nothing(Proven::new(sign_in, account, counted, Methods::PASSWORD))
            }
        }
    }
}

impl<R> fmt::Debug for PasswordAccepted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordAccepted").field(self.account.id()).finish()
    }
}
