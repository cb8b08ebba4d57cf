//! What an application or an operator does to somebody's account, from anywhere.

use hallpass_core::{Identity, Role, RoleSet};

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, CommandOutcome},
        username::Username,
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    store::offered,
};

impl<R: Role> Accounts<R> {
    /// Finds an account by its name.
    ///
    /// # Errors
    /// The faults of a store.
    pub async fn find(&self, name: &Username) -> Result<Option<Account>, AccountsError> {
        let found = self.stores().accounts.by_username(name);
        self.stores().ask("find account", found).await
    }

    /// Lists up to `limit` accounts in the order of their names' keys, beginning behind `after`.
    ///
    /// # Errors
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a store that administers, and the faults of a store.
    pub async fn accounts(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Account>, AccountsError> {
        let store = offered(self.stores().administration.as_ref())?;
        self.stores().ask("list accounts", store.list(after, limit)).await
    }

    /// Ends every session of the account. This node refuses its tokens at once, the others as soon as the feed tells them.
    ///
    /// # Errors
    /// [`NotFound`](AccountsErrorKind::NotFound), [`NotOffered`](AccountsErrorKind::NotOffered) without a session store, and the
    /// faults of a store.
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().log_out_everywhere(account).await
    }

    /// Replaces the account's roles. Tokens with the old roles are refused: here at once, elsewhere as soon as the feed tells.
    ///
    /// # Errors
    /// As [`log_out_everywhere`](Self::log_out_everywhere), for a store that administers.
    pub async fn set_roles(
        &self,
        account: &AccountId,
        roles: impl Into<RoleSet<R>> + Send,
    ) -> Result<(), AccountsError> {
        self.application().set_roles(account, roles).await
    }

    /// Disables the account: it cannot sign in, its sessions are over, its tokens are refused.
    ///
    /// # Errors
    /// As [`set_roles`](Self::set_roles).
    pub async fn disable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().disable(account).await
    }

    /// Enables the account again. Tokens of before stay dead.
    ///
    /// # Errors
    /// As [`set_roles`](Self::set_roles).
    pub async fn enable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().enable(account).await
    }

    /// Returns the commands for a route of the site, given by this person.
    ///
    /// The store checks in the transaction of each command that the person's account is enabled, at the generation of the
    /// token, and that the session exists. Without it, an administrator whose demotion is committed while the request is on
    /// its way could give the role back to themselves.
    pub fn commands_of<'a>(&'a self, who: &Identity<R>) -> Commands<'a, R> {
        Commands { accounts: self, by: Some(self.actor(who)) }
    }

    fn application(&self) -> Commands<'_, R> {
        Commands { accounts: self, by: None }
    }
}

/// Commands on accounts, and who gives them: [`Accounts::commands_of`].
#[must_use]
pub struct Commands<'a, R> {
    accounts: &'a Accounts<R>,
    /// `None` is the application itself, or an operator at a terminal.
    by: Option<Actor>,
}

// By hand, because the derived one would require `R: Debug`.
impl<R> std::fmt::Debug for Commands<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commands").field("by", &self.by).finish_non_exhaustive()
    }
}

impl<R: Role> Commands<'_, R> {
    /// Ends every session of the account.
    ///
    /// # Errors
    /// As [`Accounts::log_out_everywhere`]; [`Revoked`](AccountsErrorKind::Revoked) where the person who commands it has been
    /// demoted, disabled or logged out meanwhile, and nothing was changed.
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), AccountsError> {
        let stores = self.accounts.stores();
        let store = offered(stores.sessions.as_ref())?;
        let ended = store.end_all(account, self.by.as_ref(), self.accounts.latest());
        let ended = stores.ask("end all sessions", ended).await?;
        self.done(ended, |account| Event::SessionsEnded { account }).await
    }

    /// Replaces the account's roles.
    ///
    /// # Errors
    /// As [`Accounts::set_roles`]; [`Revoked`](AccountsErrorKind::Revoked) as above.
    pub async fn set_roles(
        &self,
        account: &AccountId,
        roles: impl Into<RoleSet<R>> + Send,
    ) -> Result<(), AccountsError> {
        let stores = self.accounts.stores();
        let store = offered(stores.administration.as_ref())?;
        let roles: RoleSet<R> = roles.into();
        let names: Vec<String> = roles.iter().map(|role| role.name().to_owned()).collect();
        let set = store.set_roles(account, &names, self.by.as_ref(), self.accounts.latest());
        let set = stores.ask("set roles", set).await?;
        self.done(set, |account| Event::RolesChanged { account }).await
    }

    /// Disables the account.
    ///
    /// # Errors
    /// As [`Accounts::disable`]; [`Revoked`](AccountsErrorKind::Revoked) as above.
    pub async fn disable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.set_disabled(account, true, |account| Event::Disabled { account }).await
    }

    /// Enables the account again.
    ///
    /// # Errors
    /// As [`Accounts::enable`]; [`Revoked`](AccountsErrorKind::Revoked) as above.
    pub async fn enable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.set_disabled(account, false, |account| Event::Enabled { account }).await
    }

    async fn set_disabled(
        &self,
        account: &AccountId,
        disabled: bool,
        event: fn(AccountId) -> Event,
    ) -> Result<(), AccountsError> {
        let stores = self.accounts.stores();
        let store = offered(stores.administration.as_ref())?;
        let set = store.set_disabled(account, disabled, self.by.as_ref(), self.accounts.latest());
        let set = stores.ask("set disabled", set).await?;
        self.done(set, event).await
    }

    /// Announces the change before it returns: an operator's process ends right after.
    async fn done(&self, outcome: CommandOutcome, event: fn(AccountId) -> Event) -> Result<(), AccountsError> {
        let account = match outcome {
            CommandOutcome::Done(account) => account,
            CommandOutcome::NotFound => return Err(AccountsErrorKind::NotFound.into()),
            CommandOutcome::ActorChanged => return Err(AccountsErrorKind::Revoked.into()),
        };
        self.accounts.generation_raised(account.id(), account.generation());
        self.accounts.events().happened(event(account.id().clone()));
        if let Err(error) = self.accounts.stores().announce().await {
            let source = std::error::Error::source(&error);
            tracing::warn!(target: "hallpass", %error, source, "a change is not announced yet");
        }
        Ok(())
    }
}
