//! Step-up: a logged-in person proves again who they are.
//!
//! A change of a credential (password, second factor, recovery codes, ending other sessions) needs
//! one of these in its request:
//!
//! - **The full proof**: the password, and a code if a second factor is on.
//! - **A recent confirmation and the refresh token of the session.** The confirmation is a login or
//!   a [`confirm`](Accounts::confirm) of this session, at most ten minutes ago, that was as strong
//!   as the full proof. The store checks both in the transaction of the change
//!   ([`Actor::accepts_session`]).
//!
//! A stolen access cookie contains neither, even seconds after the login, so it remains a cookie of
//! 15 minutes: it changes no credential, ends no other session and gets no refresh token (ASVS 5.0,
//! 7.5.1 and 7.5.2). Tested in `tests/endpoint/stolen.rs` of `hallpass-web`.

use std::{fmt, time::Duration};

use hallpass_core::{Access, Identity, Methods, Role, Token};

use crate::{
    account::{
        Account,
        flow::session_of,
        own_change::{Actor, Confirmation, OwnChangeOutcome},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    login::{AccountSummary, after_login::after_change},
    password::{
        Password,
        password_hasher::{Checked, Origin},
    },
    session::{refresh_state::PresentedRefresh, refresh_token::RefreshSecret},
};

/// The proof of a person, as the request of a change contains it.
///
/// ```
/// use hallpass_accounts::Proof;
///
/// let of_a_form = Proof::of_password("two grey herons at dawn").with_code(Some("123456"));
/// let of_a_browser = Proof::of_refresh(Some(b"the value of the refresh cookie"));
/// ```
#[derive(Clone, Copy, Default)]
#[must_use]
pub struct Proof<'a> {
    password: Option<&'a str>,
    code: Option<&'a str>,
    refresh: Option<&'a [u8]>,
}

impl<'a> Proof<'a> {
    /// Creates a proof from the password. An account with a second factor also requires a
    /// [code](Self::with_code).
    pub const fn of_password(password: &'a str) -> Self {
        Self { password: Some(password), code: None, refresh: None }
    }

    /// Creates a proof from the refresh token of the session. It is sufficient if the session has a
    /// recent confirmation. `None` is sufficient for nothing.
    pub const fn of_refresh(token: Option<&'a [u8]>) -> Self {
        Self { password: None, code: None, refresh: token }
    }

    /// Sets the password, as typed.
    pub const fn with_password(mut self, password: Option<&'a str>) -> Self {
        self.password = password;
        self
    }

    /// Sets the code of the authenticator, or a recovery code. It has no effect without a password,
    /// and on an account without a second factor.
    pub const fn with_code(mut self, code: Option<&'a str>) -> Self {
        self.code = code;
        self
    }

    pub(crate) const fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Sets the refresh token of the session. With a password it is not required, but without it
    /// the session cannot be refreshed after a change that revokes.
    pub const fn with_refresh(mut self, token: Option<&'a [u8]>) -> Self {
        self.refresh = token;
        self
    }
}

/// Leaves the secrets out.
impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof")
            .field("password", &self.password.is_some())
            .field("code", &self.code.is_some())
            .field("refresh", &self.refresh.is_some())
            .finish()
    }
}

/// The fields with which a person proves who they are, for a form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ProofNeeds {
    /// Whether the proof needs a code, because a second factor is on.
    pub code: bool,
    /// Whether the session was confirmed recently, so that a change needs neither password nor
    /// code. The store decides again at the change.
    pub recent: bool,
}

/// A session that was confirmed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Confirmed {
    /// The access token with which the session continues. The refresh token stays.
    pub access: Token<Access>,
    /// The account.
    pub user: AccountSummary,
}

/// A proof that is right so far. The store checks the rest in the transaction of the change.
pub(crate) struct StepUp {
    presented: Option<(RefreshSecret, PresentedRefresh)>,
    /// The methods that the request has shown. `None` if it relies on a recent confirmation.
    shown: Option<Methods>,
}

impl StepUp {
    /// Returns the methods of the session after a change that adds none.
    pub(crate) fn methods<R: Role>(&self, who: &Identity<R>) -> Methods {
        self.shown.unwrap_or(who.methods())
    }

    /// Returns whether the request contains the full proof.
    pub(crate) fn is_full(&self) -> bool {
        self.shown.is_some()
    }

    /// Returns the refresh token of the request.
    pub(crate) fn refresh(&self) -> Option<&RefreshSecret> {
        self.presented.as_ref().map(|(secret, _)| secret)
    }
}

impl<R: Role> Accounts<R> {
    /// Confirms the person of this session: the same session continues with a new access token,
    /// whose `auth_time` is now and whose `amr` contains the methods just shown. The refresh token
    /// stays valid. The confirmation counts as recent for ten minutes.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong password or code, which counts as an
    /// attempt of this session; [`CodeRequired`](AccountsErrorKind::CodeRequired);
    /// [`NotRecent`](AccountsErrorKind::NotRecent) without a password;
    /// [`NotLoggedIn`](AccountsErrorKind::NotLoggedIn) for a token without a session;
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Limited`](AccountsErrorKind::Limited),
    /// [`Busy`](AccountsErrorKind::Busy), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn confirm(
        &self,
        who: &Identity<R>,
        proof: &Proof<'_>,
    ) -> Result<Confirmed, AccountsError> {
        let session = session_of(who).ok_or(AccountsErrorKind::NotLoggedIn)?;
        self.changing(who, async {
            let account = self.own_account(who).await?;
            let password = proof.password.ok_or(AccountsErrorKind::NotRecent)?;
            let methods = self.prove_now(who, &account, password, proof.code).await?;
            let (account, ends) = match &self.stores().sessions {
                Some(store) => {
                    let confirmation =
                        Confirmation::new(self.actor(who), methods, self.store_now());
                    let confirmed = store.confirm(&confirmation);
                    match self.stores().ask("confirm session", confirmed).await? {
                        OwnChangeOutcome::Written(account, kept) => {
                            (*account, kept.map_or(who.expires_at(), |kept| kept.expires))
                        }
                        OwnChangeOutcome::NotWritten => {
                            return Err(self.not_written(who, |_| None).await);
                        }
                    }
                }
                None => (account, who.expires_at()),
            };
            self.events().happened(Event::SessionConfirmed {
                account: account.id().clone(),
                session,
                methods,
            });
            let logged_in = after_change(self, who, &account, methods, Some(self.now()));
            Ok(Confirmed {
                access: self.sign_until(ends, &logged_in, &account)?,
                user: AccountSummary::of(&logged_in),
            })
        })
        .await
    }

    /// Returns the fields with which the person proves who they are. `refresh` is the refresh token
    /// of the request.
    ///
    /// # Errors
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn proof_needs(
        &self,
        who: &Identity<R>,
        refresh: Option<&[u8]>,
    ) -> Result<ProofNeeds, AccountsError> {
        let account = self.own_account(who).await?;
        let code = account.second_factor().is_some();
        let since = self.now().saturating_sub(CONFIRMED_FOR);
        let is_recent = who.authenticated_at().is_some_and(|at| at >= since)
            && (!code || who.methods().includes_second_factor());
        let recent = is_recent && self.presented(who, refresh).is_some();
        Ok(ProofNeeds { code, recent })
    }

    /// Checks the proof of a change as far as the store is not needed for it.
    ///
    /// The error is [`NotRecent`](AccountsErrorKind::NotRecent) without a password and without the
    /// refresh token of this session.
    pub(crate) async fn prove(
        &self,
        who: &Identity<R>,
        account: &Account,
        proof: &Proof<'_>,
    ) -> Result<StepUp, AccountsError> {
        let presented = self.presented(who, proof.refresh);
        if let Some(password) = proof.password {
            let shown = self.prove_now(who, account, password, proof.code).await?;
            return Ok(StepUp { presented, shown: Some(shown) });
        }
        match presented {
            Some(_) => Ok(StepUp { presented, shown: None }),
            None => Err(AccountsErrorKind::NotRecent.into()),
        }
    }

    /// Checks the password, and the code if a second factor is on. Returns the methods shown.
    ///
    /// A wrong one is counted as an attempt of this session, and a right proof clears the count. A
    /// missing code is not counted, because nothing is evaluated.
    async fn prove_now(
        &self,
        who: &Identity<R>,
        account: &Account,
        password: &str,
        code: Option<&str>,
    ) -> Result<Methods, AccountsError> {
        let code = match account.second_factor() {
            Some(_) => Some(code.ok_or(AccountsErrorKind::CodeRequired)?),
            None => None,
        };
        // A proof that is not admitted is not counted.
        let ticket = self.admit(&Origin::session(who.user_id(), who.session())).await?;
        let counted = self.count_own(account, who.session()).await?;
        let password = Password::typed(password);
        let hash = Some(account.password_hash());
        let checked = self.check_password(ticket, &password, hash).await;
        if let Checked::Wrong = self.evaluated(&counted, checked).await? {
            return Err(self.refused(Some(account), RejectionReason::WrongPassword, &counted));
        }
        let shown = match code {
            Some(code) => {
                self.consume_own_code(who, account, code, &counted).await?;
                Methods::PASSWORD | Methods::ONE_TIME_CODE
            }
            None => Methods::PASSWORD,
        };
        counted.succeeded(self.store_now()).await;
        Ok(shown)
    }

    /// Returns the actor of a change with this proof.
    pub(crate) fn actor_of(&self, who: &Identity<R>, step_up: &StepUp) -> Actor {
        let since = self.store_now().saturating_sub(CONFIRMED_FOR);
        self.actor(who)
            .with_refresh(step_up.presented.as_ref().map(|(_, presented)| presented.clone()))
            .with_recent((!step_up.is_full()).then_some(since))
    }

    /// Returns the reason that a change with this proof was not written. `conflict` is that of
    /// [`not_written`](Self::not_written).
    pub(crate) async fn not_proven(
        &self,
        who: &Identity<R>,
        step_up: &StepUp,
        conflict: impl FnOnce(&Account) -> Option<AccountsErrorKind>,
    ) -> AccountsError {
        let not_recent = (!step_up.is_full()).then_some(AccountsErrorKind::NotRecent);
        self.not_written(who, |now| conflict(now).or(not_recent)).await
    }

    /// Returns the refresh token, if it is a genuine token of this session. Whether it is the
    /// current one is known to the store only.
    fn presented(
        &self,
        who: &Identity<R>,
        token: Option<&[u8]>,
    ) -> Option<(RefreshSecret, PresentedRefresh)> {
        self.stores().refresh_tokens.as_ref()?;
        self.stores().sessions.as_ref()?;
        let secret = RefreshSecret::open(token?, &self.issuer().keys().current())?;
        let grace = self.settings().session.grace;
        let presented = PresentedRefresh::new(secret.hash(), self.store_now(), grace);
        (Some(secret.session()) == session_of(who)).then_some((secret, presented))
    }
}

/// The time for which a login or a confirmation is recent.
const CONFIRMED_FOR: Duration = Duration::from_secs(10 * 60);
