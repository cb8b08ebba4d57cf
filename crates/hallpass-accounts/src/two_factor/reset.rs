//! Removing the second factor of a person who has lost it, by a command.

use hallpass_core::Role;

use crate::{
    account::{Account, AccountId, flow::Commands},
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    store::offered,
};

impl<R: Role> Commands<'_, R> {
    /// Removes the second factor and the recovery codes, and ends every session of the account. The
    /// person logs in with the password, and can set up a new factor.
    ///
    /// Make sure that the request comes from the owner of the account. From then on the password
    /// alone is sufficient.
    ///
    /// # Errors
    /// The errors of [`Accounts::reset_second_factor`], and [`Revoked`](AccountsErrorKind::Revoked)
    /// under the condition of [`log_out_everywhere`](Self::log_out_everywhere).
    pub async fn reset_second_factor(&self, account: &AccountId) -> Result<(), AccountsError> {
        let stores = self.accounts.stores();
        let store = offered(stores.two_factor.as_ref())?;
        let found = stores.ask("find account", stores.accounts.by_id(account)).await?;
        let Some(found) = found else { return Err(AccountsErrorKind::NotFound.into()) };
        if found.second_factor().is_none() {
            return Err(AccountsErrorKind::AlreadyOff.into());
        }
        let reset = store.reset(account, self.by.as_ref(), self.accounts.latest());
        let reset = stores.ask("reset second factor", reset).await?;
        let event = |written: &Account, actor| Event::SecondFactorReset {
            account: written.id().clone(),
            actor,
        };
        self.done(reset, event).await.map(drop)
    }
}

impl<R: Role> Accounts<R> {
    /// Removes the second factor and the recovery codes of an account, and ends every session. See
    /// [`Commands::reset_second_factor`].
    ///
    /// # Errors
    /// [`NotFound`](AccountsErrorKind::NotFound);
    /// [`AlreadyOff`](AccountsErrorKind::AlreadyOff) if no factor is on;
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a store of second factors;
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn reset_second_factor(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().reset_second_factor(account).await
    }
}
