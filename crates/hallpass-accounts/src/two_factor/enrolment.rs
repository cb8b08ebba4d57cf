//! The enrolment of an account that must have a second factor and has none: from the password to
//! the enrolment page, and from the first right code there to a session.

use std::fmt;

use hallpass_core::{EnrolmentPending, Methods, Role, Token};

use crate::{
    account::{
        Account,
        own_change::{Actor, OwnChange},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    login::{OpenedSession, authenticated::Authenticated},
    random::{Random, draw},
    rate_limit::counted::Counted,
    session::session_id::SessionId,
    two_factor::{SetUp, recovery_code::RecoveryCode},
    visitor::Visitor,
};

/// Proof that the password of an account was right. The account must set up a second factor before
/// it can log in.
#[must_use]
pub struct EnrolmentRequired<R> {
    accounts: Accounts<R>,
    account: Account,
    counted: Counted,
}

/// An active enrolment: the enrolment token was verified, and the account has not changed since.
#[must_use]
pub struct Enrolling<R> {
    accounts: Accounts<R>,
    account: Account,
    /// The random name of this enrolment, from which the displayed key is derived.
    session: String,
}

impl<R: Role> EnrolmentRequired<R> {
    pub(crate) fn new(accounts: Accounts<R>, account: Account, counted: Counted) -> Self {
        Self { accounts, account, counted }
    }

    /// Ends this request with a token that gives access to the enrolment page only, for 15 minutes.
    ///
    /// # Errors
    /// [`Unavailable`](AccountsErrorKind::Unavailable) or [`Internal`](AccountsErrorKind::Internal)
    /// if the token cannot be signed.
    pub async fn wait(self) -> Result<Token<EnrolmentPending>, AccountsError> {
        let Self { accounts, account, counted } = self;
        // Every factor that the account has was right.
        counted.succeeded(accounts.store_now()).await;
        accounts.enrolment_token(&account)
    }
}

impl<R: Role> Enrolling<R> {
    pub(crate) fn new(accounts: Accounts<R>, account: Account, session: String) -> Self {
        Self { accounts, account, session }
    }

    /// Returns the data for the authenticator. Writes nothing to the store.
    ///
    /// # Errors
    /// [`Internal`](AccountsErrorKind::Internal) without an encryption key.
    pub fn set_up(&self) -> Result<SetUp, AccountsError> {
        self.accounts.set_up_of(&self.account, Some(&self.session))
    }

    /// Turns the second factor on with its first right code, which is consumed, and logs in.
    /// Returns the ten recovery codes, which are shown once.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong code, with nothing changed;
    /// [`NotLoggedIn`](AccountsErrorKind::NotLoggedIn) if the account has changed since the
    /// enrolment began; [`NotOffered`](AccountsErrorKind::NotOffered) without a store of second
    /// factors; [`Limited`](AccountsErrorKind::Limited),
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn accept_first_code(
        &self,
        code: &str,
        visitor: &Visitor<'_>,
    ) -> Result<(Vec<RecoveryCode>, OpenedSession), AccountsError> {
        let Self { accounts, account, session } = self;
        let counted = accounts.count_own(account, None).await?;
        let actor = Actor::new(account.id().clone(), account.generation(), None)
            .with_epoch(account.epoch());
        let own = OwnChange::new(actor, accounts.latest()).in_browser(accounts.browser());
        let live = accounts.go_live(account, Some(session), own, code, &counted).await?;
        let Some((codes, account, _)) = live else {
            return Err(AccountsErrorKind::NotLoggedIn.into());
        };
        accounts.account_revoked(&account);
        let methods = Methods::PASSWORD | Methods::ONE_TIME_CODE;
        let authenticated = Authenticated::new(accounts.clone(), account, counted, methods, false);
        Ok((codes, accounts.opened(authenticated, visitor).await?))
    }
}

/// Returns 128 random bits as text.
pub(crate) fn fresh_name(random: &dyn Random) -> Result<String, AccountsError> {
    draw(random)
        .map(|bytes| SessionId::from_random(bytes).to_string())
        .map_err(AccountsError::unavailable)
}

impl<R> fmt::Debug for EnrolmentRequired<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EnrolmentRequired").field(self.account.id()).finish()
    }
}

impl<R> fmt::Debug for Enrolling<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Enrolling").field(self.account.id()).finish()
    }
}
