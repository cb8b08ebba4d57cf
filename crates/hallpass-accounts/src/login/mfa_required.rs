//! The second state: the password is right and a code is due.

use std::fmt;

use hallpass_core::{Methods, PendingToken, Role};

use crate::{
    account::{Account, AccountId},
    accounts::Accounts,
    error::AccountsError,
    event::RejectionReason,
    login::authenticated::Authenticated,
    password::{Password, change::upgraded},
    rate_limit::limits::{Counted, Whose},
    visitor::Visitor,
};

/// Proof that the password was given, and nothing more: from here only a code leads on.
#[must_use]
pub struct MfaRequired<R> {
    accounts: Accounts<R>,
    account: Account,
    counted: Counted,
    upgrade: Option<Password>,
}

impl<R: Role> MfaRequired<R> {
    pub(crate) fn new(accounts: Accounts<R>, account: Account, counted: Counted, upgrade: Option<Password>) -> Self {
        Self { accounts, account, counted, upgrade }
    }

    /// Ends this request with a token that opens the code page for five minutes, and nothing else.
    ///
    /// # Errors
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable) when it cannot be signed.
    pub async fn wait(self) -> Result<PendingToken, AccountsError> {
        let (stores, now) = (self.accounts.stores(), self.accounts.now());
        self.accounts.limits().right_so_far(stores, &self.counted, now).await;
        let account = upgraded(&self.accounts, self.account, self.upgrade).await;
        self.accounts.issuer().issue_pending(account.id().as_str(), account.generation(), self.accounts.now()).map_err(
            |error| {
                tracing::error!(target: "hallpass", %error, "a pending token could not be signed");
                AccountsError::unavailable(error)
            },
        )
    }

    /// Takes the code: of the authenticator, or a recovery code. It is spent by this call.
    ///
    /// # Errors
    /// [`Refused`](crate::AccountsErrorKind::Refused) for a wrong and for a spent code.
    pub async fn accept_code(self, code: &str) -> Result<Authenticated<R>, AccountsError> {
        let accepted = self.accounts.spend_code(&self.account, code).await?;
        if let Err(reason) = accepted {
            return Err(self.accounts.refused(Some(&self.account), reason, &self.counted));
        }
        let account = upgraded(&self.accounts, self.account, self.upgrade).await;
        Ok(Authenticated::new(self.accounts, account, self.counted, Methods::PASSWORD | Methods::ONE_TIME_CODE))
    }
}

impl<R: Role> Accounts<R> {
    /// Takes up a sign-in that waits for its code.
    ///
    /// The attempt counts on the account, as the password did: a fresh pending token, another address or another
    /// browser buys no further guesses.
    ///
    /// # Errors
    /// [`Refused`](crate::AccountsErrorKind::Refused) for a token that is forged or over, and where the account has changed since the
    /// password; [`Limited`](crate::AccountsErrorKind::Limited).
    pub async fn resume(&self, pending: &[u8], visitor: &Visitor<'_>) -> Result<MfaRequired<R>, AccountsError> {
        let now = self.now();
        let Ok(pending) = self.issuer().open_pending(pending, now) else {
            // Counted on the address, for the sake of the signature checks that a stranger can order.
            let counted = self.limits().count(self.stores(), Whose::Nobodys, visitor, now).await?;
            return Err(self.refused(None, RejectionReason::StalePending, &counted));
        };
        let id = AccountId::new(pending.user_id());
        let account = self.stores().accounts.by_id(&id);
        let account = self.stores().ask("find account", account).await?;
        let name = account.as_ref().map(Account::username);
        let device = name.and_then(|name| self.known_device(visitor, name));
        let whose = Whose::of(name, device.as_ref());
        let counted = self.limits().count(self.stores(), whose, visitor, now).await?;
        let alive = |account: &Account| {
            !account.disabled() && account.generation() == pending.generation() && account.second_factor().is_some()
        };
        match account {
            Some(account) if alive(&account) => Ok(MfaRequired::new(self.clone(), account, counted, None)),
            account => Err(self.refused(account.as_ref(), RejectionReason::StalePending, &counted)),
        }
    }
}

impl<R> fmt::Debug for MfaRequired<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FactorDue").field(self.account.id()).finish()
    }
}
