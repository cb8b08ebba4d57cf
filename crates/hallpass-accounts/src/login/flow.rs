//! The login flow: from a user name and a password to a session and its tokens.
//!
//! # The browser that an account logged in with before
//!
//! **Limits.** A known browser has its own attempts (OWASP, "device cookies"). A stranger who
//! exhausts the attempts of unknown browsers does not lock the owner out of it. The store finds the
//! browser by the hash of its cookie, so a login that brings the cookie reads the account before it
//! is counted. A row counts only for the account and the credential number that it was written for.
//! So rows that were made before a change of the password or the factor add no attempts.
//!
//! **The code.** If the site allows it and the person chose it, the browser replaces the code for
//! some time. The methods of the session contain the password only (`amr`), so a route that
//! requires a second factor still requires a code. An account that **must** have a second factor
//! needs the code at each login. A logout ends the trust, and the browser stays known.

use hallpass_core::{Access, Issuer, LoggedIn, Methods, MfaPending, Role, Token};

use crate::{
    account::{Account, AccountId, username::Username},
    accounts::Accounts,
    browser::BrowserId,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    login::{
        AccountSummary, LoginStep, OpenedSession,
        authenticated::Authenticated,
        mfa_required::{CodeOrigin, MfaRequired},
        password_accepted::{LoginBrowser, NextStep, PasswordAccepted},
    },
    password::{
        Password,
        password_hasher::{Checked, Origin},
    },
    rate_limit::{counted::Counted, limits::Whose},
    two_factor::{Asked, enrolment::EnrolmentRequired},
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
    /// without an argon2 run, as is [`ChallengeRequired`](AccountsErrorKind::ChallengeRequired). A
    /// text that the site's [`Usernames`](crate::Usernames) do not allow is an unknown name.
    pub async fn accept_password(
        &self,
        username: &str,
        password: &str,
        visitor: &Visitor<'_>,
    ) -> Result<PasswordAccepted<R>, AccountsError> {
        // A text that is not a valid name takes the same path as a name: a shorter path would be a
        // measurable difference in time.
        let name = self.settings().usernames.parse(username).ok();
        let looked_up = match (&name, &visitor.browser) {
            (Some(name), Some(browser)) if self.stores().browsers.is_some() => {
                let look_up = async {
                    let account = self.named(name).await?;
                    let row = self.known_browser(account.as_ref(), browser).await?;
                    Ok::<_, AccountsError>((account, row))
                };
                let key = format!("browser of:{}", name.key());
                Some(self.stores().turns.in_turn(&key, look_up).await?)
            }
            _ => None,
        };
        let row = looked_up.as_ref().and_then(|(_, row)| row.as_ref());
        let whose = match (&looked_up, row, &name) {
            (Some((Some(account), _)), Some(row), _) => Whose::Known(account.id(), row.id),
            (_, _, Some(name)) => Whose::Account(name),
            (_, _, None) => Whose::Nobodys,
        };
        // A known browser waits in the reserved lane.
        let origin = match (&name, row) {
            (Some(name), Some(row)) => {
                Origin::known_browser(visitor.peer, name.key(), &row.id.to_string())
            }
            (Some(name), _) => Origin::login(visitor.peer, name.key()),
            (None, _) => Origin::stranger(visitor.peer),
        };
        let (ticket, counted) = self.admit_and_count(whose, &origin, visitor).await?;
        let found = match (looked_up, &name) {
            (Some((account, row)), _) => Ok((account, row)),
            (None, Some(name)) => self.named(name).await.map(|account| (account, None)),
            (None, None) => Ok((None, None)),
        };
        let (account, row) = self.evaluated(&counted, found).await?;
        let password = Password::typed(password);
        let hash = account.as_ref().map(Account::password_hash);
        let checked = self.check_password(ticket, &password, hash).await;
        let checked = self.evaluated(&counted, checked).await?;
        let reason = match (account, checked) {
            (Some(account), Checked::Right(_)) if account.disabled() => {
                self.refused(Some(&account), RejectionReason::Disabled, &counted)
            }
            (Some(account), Checked::Right(right)) => {
                let upgrade = right.is_outdated().then_some(password);
                let browser = LoginBrowser::new(row, !visitor.step_up);
                return Ok(PasswordAccepted::new(self.clone(), account, counted, upgrade, browser));
            }
            (Some(account), Checked::Wrong) => {
                self.refused(Some(&account), RejectionReason::WrongPassword, &counted)
            }
            (None, _) => self.refused(None, RejectionReason::UnknownAccount, &counted),
        };
        Err(reason)
    }

    async fn named(&self, name: &Username) -> Result<Option<Account>, AccountsError> {
        self.stores().ask("find account", self.stores().accounts.by_username(name)).await
    }

    /// Returns the next step of an account that has no second factor. The policy decides.
    pub(crate) fn due_without_factor(
        &self,
        account: Account,
        counted: Counted,
        is_known: bool,
    ) -> NextStep<R> {
        match self.settings().two_factor.asks(&account, Methods::PASSWORD) {
            Asked::Nothing => NextStep::Nothing(Authenticated::new(
                self.clone(),
                account,
                counted,
                Methods::PASSWORD,
                is_known,
            )),
            Asked::SecondFactor => {
                NextStep::Enrolment(EnrolmentRequired::new(self.clone(), account, counted))
            }
        }
    }

    /// Resumes a login that waits for its code. `pending` is the text of the token that
    /// [`MfaRequired::wait`] returned.
    ///
    /// The code counts on the account and its credential number: a new pending token, another
    /// address or another browser allows no further guesses.
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
        let alive = |account: &Account| {
            account.accepts(pending.generation(), pending.epoch())
                && account.second_factor().is_some()
        };
        match account {
            Some(account) if alive(&account) => {
                let row = pending.session().and_then(BrowserId::parse);
                let from = CodeOrigin { peer: visitor.peer, row };
                Ok(MfaRequired::new(self.clone(), account, None, None, from))
            }
            account => {
                let limits = &self.settings().rate_limits;
                let now = self.store_now();
                let counted = limits.count(self.stores(), Whose::Nobodys, visitor, now).await?;
                Err(self.refused(account.as_ref(), RejectionReason::StalePending, &counted))
            }
        }
    }

    pub(crate) async fn opened(
        &self,
        authenticated: Authenticated<R>,
        visitor: &Visitor<'_>,
    ) -> Result<OpenedSession, AccountsError> {
        let (methods, is_known) = (authenticated.methods(), authenticated.is_known());
        let (logged_in, account, refresh) = authenticated.open_renewable(visitor).await?;
        let browser = self.remember_browser(&account, methods, is_known, visitor).await?;
        Ok(OpenedSession {
            access: self.sign(self.issuer(), &logged_in, &account)?,
            refresh,
            browser,
            user: AccountSummary::of(&logged_in),
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
            counted.give_back(self.store_now()).await;
        }
        result
    }

    /// Keeps the attempt counted, reports the reason as an event, and returns an error that does
    /// not contain it.
    pub(crate) fn refused(
        &self,
        account: Option<&Account>,
        reason: RejectionReason,
        counted: &Counted,
    ) -> AccountsError {
        counted.keep();
        self.events().happened(Event::Refused {
            account: account.map(|account| account.id().clone()),
            reason,
            peer: counted.peer(),
        });
        AccountsErrorKind::Refused.into()
    }
}
