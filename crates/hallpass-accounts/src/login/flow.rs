//! The login flow: from a user name and a password to a session and its tokens.
//!
//! # The browser that an account logged in with before
//!
//! **Limits.** A known browser has its own attempts (OWASP, "device cookies"). A stranger who
//! exhausts the account's attempts does not lock the owner out of the browser that they use. A
//! device gets a random name at a completed login, so nobody can create one without the password
//! and the code. The device outlives an expired session. A logout deletes it, because the token
//! names the account, and the next user of the browser may be another person.
//!
//! **The code.** If the site allows it and the person chose it, the device replaces the code for
//! some time. The device is remembered until the account's token generation is raised: a new
//! password, turning a factor on or off, and ending all sessions revoke it. The methods of the
//! session contain the password only (`amr`), so a route that requires a second factor still
//! requires a code. An account that **must** have a second factor needs the code at each login.

use hallpass_core::{
    Access, Claims, Device, Issuer, LoggedIn, Methods, MfaPending, Role, Token, UnixTime,
};

use crate::{
    account::{Account, AccountId, username::Username},
    accounts::Accounts,
    challenge::ChallengedAction,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    login::{
        AccountSummary, LoginStep, OpenedSession,
        authenticated::Authenticated,
        mfa_required::MfaRequired,
        password_accepted::{NextStep, PasswordAccepted},
    },
    password::{Password, password_hasher::Checked},
    rate_limit::limits::{Counted, Whose},
    two_factor::{
        Asked,
        enrolment::{EnrolmentRequired, fresh_name},
    },
    visitor::Visitor,
};

impl<R: Role> Accounts<R> {
    /// Logs in with a user name, a password and, if the person has sent one, the code.
    ///
    /// A code that is not required is ignored.
    ///
    /// # Errors
    /// The errors of [`accept_password`](Self::accept_password) and
    /// [`open_session`](crate::Authenticated::open_session). A wrong code is rejected exactly like
    /// a wrong password.
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
            (NextStep::SecondFactor(due), None) => {
                return due.wait().await.map(LoginStep::MfaRequired);
            }
            (NextStep::Enrolment(due), _) => {
                return due.wait().await.map(LoginStep::EnrolmentRequired);
            }
        };
        self.opened(authenticated, visitor).await.map(LoginStep::LoggedIn)
    }

    /// Completes a login that waits for its code. `pending` is the text of the token in
    /// [`LoginStep::MfaRequired`].
    ///
    /// # Errors
    /// The errors of [`resume`](Self::resume), [`accept_code`](crate::MfaRequired::accept_code) and
    /// [`open_session`](crate::Authenticated::open_session).
    pub async fn log_in_with_code(
        &self,
        pending: &[u8],
        code: &str,
        visitor: &Visitor<'_>,
    ) -> Result<OpenedSession, AccountsError> {
        let due = self.resume(pending, visitor).await?;
        self.opened(due.accept_code(code).await?, visitor).await
    }

    /// Checks a user name and a password.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for an unknown name, a wrong password and a disabled
    /// account, each after one argon2 run; [`Limited`](AccountsErrorKind::Limited),
    /// [`Busy`](AccountsErrorKind::Busy) and [`Unavailable`](AccountsErrorKind::Unavailable)
    /// without an argon2 run, as is [`ChallengeRequired`](AccountsErrorKind::ChallengeRequired). A text that the site's [`Usernames`](crate::Usernames) do not allow
    /// is an unknown name.
    pub async fn accept_password(
        &self,
        username: &str,
        password: &str,
        visitor: &Visitor<'_>,
    ) -> Result<PasswordAccepted<R>, AccountsError> {
        // A text that is not a valid name takes the same path as a name: a shorter path would be a
        // measurable difference in time.
        let name = self.settings().usernames.parse(username).ok();
        let device =
            name.as_ref().and_then(|name| known_device(self.issuer(), visitor, name, self.now()));
        let whose = Whose::of(name.as_ref(), device.as_ref());
        let counted = self
            .settings()
            .rate_limits
            .count(self.stores(), whose, visitor, self.store_now())
            .await?;
        self.challenge(ChallengedAction::Login, visitor, &counted).await?;
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
                let upgrade = right.is_outdated().then_some(password);
                let device = device.filter(|_| !visitor.step_up);
                return Ok(PasswordAccepted::new(self.clone(), account, counted, upgrade, device));
            }
            (Some(account), Checked::Wrong) => {
                self.refused(Some(&account), RejectionReason::WrongPassword, &counted)
            }
            (None, _) => self.refused(None, RejectionReason::UnknownAccount, &counted),
        };
        Err(reason)
    }

    /// Returns the next step of an account that has no second factor. The policy decides.
    pub(crate) fn due_without_factor(&self, account: Account, counted: Counted) -> NextStep<R> {
        match self.settings().two_factor.asks(&account, Methods::PASSWORD) {
            Asked::Nothing => NextStep::Nothing(Authenticated::new(
                self.clone(),
                account,
                counted,
                Methods::PASSWORD,
            )),
            Asked::SecondFactor => {
                NextStep::Enrolment(EnrolmentRequired::new(self.clone(), account, counted))
            }
        }
    }

    /// Resumes a login that waits for its code. `pending` is the text of the token that
    /// [`MfaRequired::wait`] returned.
    ///
    /// The attempt counts on the account, as the password did: a new pending token, another address
    /// or another browser allows no further guesses.
    ///
    /// # Errors
    /// [`Refused`](crate::AccountsErrorKind::Refused) for a token that is not authentic or has
    /// expired, and if the account has changed since the password was checked;
    /// [`Limited`](crate::AccountsErrorKind::Limited),
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable).
    pub async fn resume(
        &self,
        pending: &[u8],
        visitor: &Visitor<'_>,
    ) -> Result<MfaRequired<R>, AccountsError> {
        let now = self.now();
        let Ok(pending) = self.issuer().verify::<MfaPending>(pending, now) else {
            // Counted on the address, because a stranger can cause any number of signature checks.
            let counted = self
                .settings()
                .rate_limits
                .count(self.stores(), Whose::Nobodys, visitor, self.store_now())
                .await?;
            return Err(self.refused(None, RejectionReason::StalePending, &counted));
        };
        let id = AccountId::new(pending.user_id());
        let account = self.stores().accounts.by_id(&id);
        let account = self.stores().ask("find account", account).await?;
        let name = account.as_ref().map(Account::username);
        let device = name.and_then(|name| known_device(self.issuer(), visitor, name, self.now()));
        let whose = Whose::of(name, device.as_ref());
        let counted = self
            .settings()
            .rate_limits
            .count(self.stores(), whose, visitor, self.store_now())
            .await?;
        let alive = |account: &Account| {
            account.accepts(pending.generation(), pending.epoch())
                && account.second_factor().is_some()
        };
        match account {
            Some(account) if alive(&account) => {
                Ok(MfaRequired::new(self.clone(), account, counted, None))
            }
            account => Err(self.refused(account.as_ref(), RejectionReason::StalePending, &counted)),
        }
    }

    pub(crate) async fn opened(
        &self,
        authenticated: Authenticated<R>,
        visitor: &Visitor<'_>,
    ) -> Result<OpenedSession, AccountsError> {
        let device =
            self.device_token(authenticated.account(), authenticated.methods(), visitor)?;
        let (logged_in, account, refresh) = authenticated.open_renewable(visitor).await?;
        Ok(OpenedSession {
            access: self.sign(self.issuer(), &logged_in, &account)?,
            refresh,
            device,
            user: AccountSummary {
                id: logged_in.user_id().to_owned(),
                username: logged_in.username().to_owned(),
                roles: logged_in.roles().iter().map(|role| role.name()).collect(),
            },
        })
    }

    /// Signs an access token, with the site's own claims if it has any. `account` is the row from
    /// which `who` was created.
    ///
    /// A token that this node would reject by its clock is an error. Otherwise the person would be
    /// sent from the login page to the login page. Tested in `tests/flow/clocks.rs`.
    pub(crate) fn sign(
        &self,
        issuer: &Issuer,
        who: &LoggedIn<R>,
        account: &Account,
    ) -> Result<Token<Access>, AccountsError> {
        let now = self.now();
        let token = match &self.settings().claims {
            Some(own) => own.issue(issuer, who, account, now),
            None => issuer.issue(who, now).map_err(Into::into),
        };
        token.map_err(|error| {
            tracing::error!(target: "hallpass", %error, "an access token could not be signed");
            AccountsError::from(error)
        })
    }

    /// Returns the token by which the browser of a completed login is recognised from now on. A
    /// device keeps its name. With a new name at each login, its attempts would start from zero.
    pub(crate) fn device_token(
        &self,
        account: &Account,
        shown: Methods,
        visitor: &Visitor<'_>,
    ) -> Result<Token<Device>, AccountsError> {
        let before = known_device(self.issuer(), visitor, account.username(), self.now())
            .filter(|it| it.user_id() == account.id().as_str());
        let consents = visitor.remember
            && shown.includes_second_factor()
            && self.settings().trust_devices.is_some();
        let stood_in = account.second_factor().is_some() && !shown.includes_second_factor();
        let now = self.now();
        let (methods, authenticated_at) = match &before {
            Some(before) if stood_in => {
                (before.methods(), before.authenticated_at().unwrap_or(now))
            }
            _ if consents => (shown, now),
            _ => (Methods::PASSWORD, now),
        };
        let name = before.as_ref().and_then(|before| before.session()).map(str::to_owned);
        let name = name.map_or_else(|| fresh_name(self.random()), Ok)?;
        let claims =
            Claims::<Device>::new(account.id().as_str(), account.generation(), authenticated_at)
                .with_epoch(account.epoch())
                .with_username(account.username().key())
                .with_session(&*name)
                .with_methods(methods);
        self.issuer().issue(&claims, now).map_err(|error| {
            tracing::error!(target: "hallpass", %error, "a device token could not be signed");
            AccountsError::from(error)
        })
    }

    /// Subtracts the attempt if a fault prevented its evaluation. Otherwise a fault of the site
    /// would use up the attempts of the account's owner.
    pub(crate) async fn evaluated<T>(
        &self,
        counted: &Counted,
        result: Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        if let Err(error) = &result
            && error.kind().is_fault()
        {
            let limits = &self.settings().rate_limits;
            limits.give_back(self.stores(), counted, self.now()).await;
        }
        result
    }

    /// Reports the reason as an event, and returns an error that does not contain it.
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

/// Returns the device, if it belongs to the account of this name. The store is not read.
fn known_device(
    issuer: &Issuer,
    visitor: &Visitor<'_>,
    name: &Username,
    now: UnixTime,
) -> Option<Claims<'static, Device>> {
    let device = issuer.verify::<Device>(visitor.known?, now).ok()?;
    (device.username() == name.key()).then_some(device)
}
