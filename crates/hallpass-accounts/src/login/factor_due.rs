//! The second state: the password is right and a code is due.

use std::fmt;

use hallpass_core::{Methods, PendingToken, Role};

use crate::{
    account::{Account, AccountId},
    event::RefusedReason,
    login::proven::Proven,
    password::{Password, change::upgraded},
    rate_limit::limits::{Counted, Whose},
    sign_in::SignIn,
    sign_in_error::SignInError,
    store::UNAVAILABLE,
    visitor::Visitor,
};

/// Proof that the password was given, and nothing more: from here only a code leads on.
#[must_use]
pub struct FactorDue<R> {
    sign_in: SignIn<R>,
    account: Account,
    counted: Counted,
    upgrade: Option<Password>,
}

impl<R: Role> FactorDue<R> {
    pub(crate) fn new(sign_in: SignIn<R>, account: Account, counted: Counted, upgrade: Option<Password>) -> Self {
        Self { sign_in, account, counted, upgrade }
    }

    /// Ends this request with a token that opens the code page for five minutes, and nothing else.
    ///
    /// # Errors
    /// [`Unavailable`](crate::SignInErrorKind::Unavailable) when it cannot be signed.
    pub async fn wait(self) -> Result<PendingToken, SignInError> {
        let (stores, now) = (self.sign_in.stores(), self.sign_in.now());
        self.sign_in.limits().right_so_far(stores, &self.counted, now).await;
        let account = upgraded(&self.sign_in, self.account, self.upgrade).await;
        self.sign_in.issuer().issue_pending(account.id().as_str(), account.generation(), self.sign_in.now()).map_err(
            |error| {
                tracing::error!(target: "hallpass", %error, "a pending token could not be signed");
                UNAVAILABLE
            },
        )
    }

    /// Takes the code: of the authenticator, or a recovery code. It is spent by this call.
    ///
    /// # Errors
    /// [`Refused`](crate::SignInErrorKind::Refused) for a wrong and for a spent code.
    pub async fn accept_code(self, code: &str) -> Result<Proven<R>, SignInError> {
        let accepted = self.sign_in.spend_code(&self.account, code).await?;
        if let Err(reason) = accepted {
            return Err(self.sign_in.refused(Some(&self.account), reason, &self.counted));
        }
        let account = upgraded(&self.sign_in, self.account, self.upgrade).await;
        Ok(Proven::new(self.sign_in, account, self.counted, Methods::PASSWORD | Methods::ONE_TIME_CODE))
    }
}

impl<R: Role> SignIn<R> {
    /// Takes up a sign-in that waits for its code.
    ///
    /// The attempt counts on the account, as the password did: a fresh pending token, another address or another
    /// browser buys no further guesses.
    ///
    /// # Errors
    /// [`Refused`](crate::SignInErrorKind::Refused) for a token that is forged or over, and where the account has changed since the
    /// password; [`Limited`](crate::SignInErrorKind::Limited).
    pub async fn resume(&self, pending: &[u8], visitor: &Visitor<'_>) -> Result<FactorDue<R>, SignInError> {
        let now = self.now();
        let Ok(pending) = self.issuer().open_pending(pending, now) else {
            // Counted on the address, for the sake of the signature checks that a stranger can order.
            let counted = self.limits().count(self.stores(), Whose::Nobodys, visitor, now).await?;
            return Err(self.refused(None, RefusedReason::StalePending, &counted));
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
            Some(account) if alive(&account) => Ok(FactorDue::new(self.clone(), account, counted, None)),
            account => Err(self.refused(account.as_ref(), RefusedReason::StalePending, &counted)),
        }
    }
}

impl<R> fmt::Debug for FactorDue<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FactorDue").field(self.account.id()).finish()
    }
}
