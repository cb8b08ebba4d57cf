//! A new password by a one-time link, for a person who has forgotten the old one.
//!
//! 1. An operator or an administrator creates the link ([`Commands::reset_password`]). In the same
//!    transaction every session of the account ends. The old password stays valid until the link is
//!    used, because a command never sets a password.
//! 2. The person opens the link. The page changes nothing, because mail scanners and browsers open
//!    links too.
//! 3. The person sends the new password, and a code if a second factor is on
//!    ([`Accounts::set_password_by_link`]). A link never replaces the second factor. The change
//!    consumes the link and ends every session.
//!
//! Wrong codes count on the budgets of codes of the account, and do not consume the link.

pub(crate) mod link;

use std::{fmt, time::Duration};

use hallpass_core::{Methods, Role};

use crate::{
    account::{
        Account, AccountId,
        flow::Commands,
        own_change::{Actor, OwnChange, OwnChangeOutcome},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    login::{OpenedSession, authenticated::Authenticated, mfa_required::CodeOrigin},
    password::{
        Password,
        password_hasher::Origin,
        reset::link::{ResetClaims, ResetLink},
        store::{ConsumedLink, PasswordChange},
    },
    random::draw,
    rate_limit::{codes::CodeFrom, counted::Counted},
    store::offered,
    two_factor::recovery_code::RecoveryCode,
    visitor::Visitor,
};

/// The result of a new password by a link.
#[derive(Debug)]
#[non_exhaustive]
pub enum PasswordReset {
    /// The request also showed the second factor of the account, so the person is logged in.
    LoggedIn(Box<OpenedSession>),
    /// The password was changed. The person logs in with it.
    Changed,
}

/// The fields that the form of a link needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ResetNeeds {
    /// Whether a code is needed, because a second factor is on.
    pub code: bool,
}

/// The fields of the form of a link.
#[derive(Clone, Copy)]
#[must_use]
pub struct NewPassword<'a> {
    link: &'a [u8],
    password: &'a str,
    code: Option<&'a str>,
}

impl<'a> NewPassword<'a> {
    /// Creates the fields from the token of the link and the new password, as typed.
    pub const fn new(link: &'a [u8], password: &'a str) -> Self {
        Self { link, password, code: None }
    }

    /// Sets the code of the authenticator, or a recovery code. It has no effect on an account
    /// without a second factor.
    pub const fn with_code(mut self, code: Option<&'a str>) -> Self {
        self.code = code;
        self
    }
}

/// Leaves the secrets out.
impl fmt::Debug for NewPassword<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword").field("code", &self.code.is_some()).finish_non_exhaustive()
    }
}

impl<R: Role> Commands<'_, R> {
    /// Creates a one-time link with which the person sets a new password, and ends every session of
    /// the account. Earlier links are not accepted any more. The password and the second factor
    /// stay: the page of the link requires a code if a second factor is on.
    ///
    /// # Errors
    /// The errors of [`Accounts::reset_password`], and [`Revoked`](AccountsErrorKind::Revoked) under
    /// the condition of [`log_out_everywhere`](Self::log_out_everywhere).
    pub async fn reset_password(&self, account: &AccountId) -> Result<ResetLink, AccountsError> {
        let stores = self.accounts.stores();
        offered(stores.passwords.as_ref())?;
        let sessions = offered(stores.sessions.as_ref())?;
        // The steps that can fail without the store are before the end of the sessions.
        let ring = self.accounts.issuer().keys().current();
        let key = Accounts::<R>::refresh_key(&ring)?;
        let random = draw(self.accounts.random()).map_err(AccountsError::unavailable)?;
        let found = stores.ask("find account", stores.accounts.by_id(account)).await?;
        if found.is_some_and(|found| found.disabled()) {
            return Err(AccountsErrorKind::AccountDisabled.into());
        }
        // The numbers of the account are in the link, so a higher one invalidates earlier links.
        let ended = sessions.end_all(account, self.by.as_ref(), self.accounts.latest());
        let ended = stores.ask("end all sessions", ended).await?;
        let event = |written: &Account, actor| Event::ResetLinkCreated {
            account: written.id().clone(),
            actor,
        };
        let written = self.done(ended, event).await?;
        if written.disabled() {
            return Err(AccountsErrorKind::AccountDisabled.into());
        }
        let life = self.accounts.settings().reset_link_lifetime;
        let expires_at = self.accounts.store_now().saturating_add(life);
        Ok(ResetClaims::new(random, &written, expires_at).write(key))
    }
}

impl<R: Role> Accounts<R> {
    /// Creates a one-time link with which the person sets a new password, and ends every session of
    /// the account. See [`Commands::reset_password`].
    ///
    /// # Errors
    /// [`NotFound`](AccountsErrorKind::NotFound);
    /// [`AccountDisabled`](AccountsErrorKind::AccountDisabled);
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a store of passwords and of sessions;
    /// [`Internal`](AccountsErrorKind::Internal) if the key ring has no encryption key;
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn reset_password(&self, account: &AccountId) -> Result<ResetLink, AccountsError> {
        self.application().reset_password(account).await
    }

    /// Returns the fields that the form of a link needs. `link` is its token. Changes nothing.
    ///
    /// # Errors
    /// [`LinkOver`](AccountsErrorKind::LinkOver); [`NotOffered`](AccountsErrorKind::NotOffered)
    /// without a store of passwords; [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn reset_needs(&self, link: &[u8]) -> Result<ResetNeeds, AccountsError> {
        let (_, account) = self.of_link(link).await?;
        Ok(ResetNeeds { code: account.second_factor().is_some() })
    }

    /// Sets a new password by a link, which is consumed. Every session of the account ends. If the
    /// request shows the second factor of the account, the person is logged in.
    ///
    /// # Errors
    /// [`LinkOver`](AccountsErrorKind::LinkOver);
    /// [`Password`](AccountsErrorKind::Password) if the policy rejects the new password or it is
    /// known from a breach; [`CodeRequired`](AccountsErrorKind::CodeRequired);
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong code, which counts on the account;
    /// [`NotOffered`](AccountsErrorKind::NotOffered), [`Limited`](AccountsErrorKind::Limited),
    /// [`Busy`](AccountsErrorKind::Busy), [`Unavailable`](AccountsErrorKind::Unavailable). The
    /// link is consumed by a success only.
    pub async fn set_password_by_link(
        &self,
        fields: &NewPassword<'_>,
        visitor: &Visitor<'_>,
    ) -> Result<PasswordReset, AccountsError> {
        let (claims, account) = self.of_link(fields.link).await?;
        let new = self
            .settings()
            .password_policy
            .accept(&Password::typed(fields.password), account.username())
            .map_err(AccountsErrorKind::Password)?;
        let code = match account.second_factor() {
            Some(_) => Some(fields.code.ok_or(AccountsErrorKind::CodeRequired)?),
            None => None,
        };
        // Otherwise the holder of a link could hash, and send requests to the service of breached
        // passwords, without end.
        let (limits, id) = (&self.settings().rate_limits, account.id().as_str());
        let change = limits.count_change(self.stores(), id, None, self.store_now()).await?;
        let set = async {
            self.refuse_breached(&new).await?;
            let ticket = self.admit(&Origin::session(id, None)).await?;
            let shown = match code {
                Some(code) => Some(self.consume_code_of_link(&account, code, visitor).await?),
                None => None,
            };
            let hash = self.password_hasher().hash(ticket, &new).await;
            let hash = hash.map_err(|closed| self.busy(closed))?;
            let written = self.change_by_link(&claims, account.clone(), hash).await?;
            Ok::<_, AccountsError>((written, shown))
        };
        match set.await {
            Ok((written, shown)) => Ok(self.after_reset(written, shown, visitor).await),
            Err(error) => {
                if error.kind().is_fault() {
                    limits.not_evaluated(self.stores(), change, self.store_now()).await;
                }
                Err(error)
            }
        }
    }

    /// Returns the contents of a link that is accepted now, and its account.
    async fn of_link(&self, link: &[u8]) -> Result<(ResetClaims, Account), AccountsError> {
        offered(self.stores().passwords.as_ref())?;
        let over = || AccountsError::from(AccountsErrorKind::LinkOver);
        // A text that is not authentic does not reach the store.
        let claims = ResetClaims::open(link, &self.issuer().keys().current()).ok_or_else(over)?;
        if claims.expires_at <= self.store_now() {
            return Err(over());
        }
        let found = self.stores().accounts.by_id(&claims.account);
        let account = self.stores().ask("find account", found).await?.ok_or_else(over)?;
        claims.accepts(&account).ok_or_else(over)?;
        Ok((claims, account))
    }

    /// Counts, verifies and consumes the code of the second factor.
    async fn consume_code_of_link(
        &self,
        account: &Account,
        code: &str,
        visitor: &Visitor<'_>,
    ) -> Result<Counted, AccountsError> {
        let peer = visitor.peer;
        // The command that created the link has made every browser unknown.
        let counted = match RecoveryCode::parse(code) {
            None => self.count_code(account, CodeFrom::Unknown, peer, true).await?,
            Some(_) => self.count_recovery_code(CodeOrigin { peer, row: None }, false).await?,
        };
        let consumed = self.consume_code(account, code).await;
        match self.evaluated(&counted, consumed).await? {
            Ok(_) => Ok(counted),
            Err(reason) => {
                if reason == RejectionReason::WrongCode {
                    self.wrong_code(account, peer).await;
                } else {
                    // A right code that is sent twice is not a guess.
                    counted.give_back(self.store_now()).await;
                }
                Err(self.refused(Some(account), reason, &counted))
            }
        }
    }

    /// Writes the new hash and consumes the link, in one transaction of the store.
    async fn change_by_link(
        &self,
        claims: &ResetClaims,
        mut account: Account,
        hash: String,
    ) -> Result<Account, AccountsError> {
        let store = offered(self.stores().passwords.as_ref())?;
        let actor = Actor::new(claims.account.clone(), claims.revoked_below, None);
        let own = OwnChange::new(actor.with_epoch(claims.epoch), self.latest());
        let link = ConsumedLink::new(claims.hash(), claims.expires_at.saturating_add(KEPT));
        // A login may replace an outdated hash of the old password at the same moment, once.
        for _ in 0..2 {
            let old = account.password_hash().to_owned();
            let change = PasswordChange::new(own.clone(), old, hash.clone()).consuming(link);
            let written = store.change(change);
            if let OwnChangeOutcome::Written(written, _) =
                self.stores().ask("reset password", written).await?
            {
                self.account_revoked(&written);
                let account = written.id().clone();
                self.events().happened(Event::PasswordReset { account });
                return Ok(*written);
            }
            let now = self.stores().ask("find account", self.stores().accounts.by_id(account.id()));
            match now.await? {
                Some(now) if claims.accepts(&now).is_some() => account = now,
                _ => break,
            }
        }
        Err(AccountsErrorKind::LinkOver.into())
    }

    /// Logs in if the second factor was shown. The password is changed already, so a login that
    /// fails at this point is not an error of the reset: the person logs in.
    async fn after_reset(
        &self,
        written: Account,
        shown: Option<Counted>,
        visitor: &Visitor<'_>,
    ) -> PasswordReset {
        let Some(counted) = shown else { return PasswordReset::Changed };
        let methods = Methods::PASSWORD | Methods::ONE_TIME_CODE;
        let authenticated = Authenticated::new(self.clone(), written, counted, methods, false);
        match self.opened(authenticated, visitor).await {
            Ok(opened) => PasswordReset::LoggedIn(Box::new(opened)),
            Err(_) => PasswordReset::Changed,
        }
    }
}

/// The time for which a used link is kept after its end, for nodes whose clock is slow
/// ([`ConsumedStore::consume`](crate::ConsumedStore::consume)).
const KEPT: Duration = Duration::from_secs(2 * 60);
