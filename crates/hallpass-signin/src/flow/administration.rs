//! What an application or an operator does to somebody's account, from anywhere.

use hallpass_core::{Role, RoleSet};

use crate::{
    account::{Account, AccountId},
    event::Event,
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
    stores::offered,
    username::Username,
};

impl<R: Role> SignIn<R> {
    /// Finds an account by its name.
    ///
    /// # Errors
    /// The faults of a store.
    pub async fn find(&self, name: &Username) -> Result<Option<Account>, SignInError> {
        let found = self.stores().accounts.by_username(name);
        self.stores().ask("find account", found).await
    }

    /// Lists up to `limit` accounts in the order of their names' keys, beginning behind `after`.
    ///
    /// # Errors
    /// [`NotOffered`](SignInErrorKind::NotOffered) without a store that administers, and the faults of a store.
    pub async fn accounts(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Account>, SignInError> {
        let store = offered(self.stores().administration.as_ref())?;
        self.stores().ask("list accounts", store.list(after, limit)).await
    }

    /// Ends every session of the account. This node refuses its tokens at once, the others as soon as the feed tells them.
    ///
    /// # Errors
    /// [`NotFound`](SignInErrorKind::NotFound), [`NotOffered`](SignInErrorKind::NotOffered) without a session store, and the
    /// faults of a store.
    pub async fn sign_out_everywhere(&self, account: &AccountId) -> Result<(), SignInError> {
        let store = offered(self.stores().sessions.as_ref())?;
        let ended = store.end_all(account, None, self.latest());
        let generation = self.stores().ask("end all sessions", ended).await?;
        let account_id = account.clone();
        self.changed(account, generation, Event::SessionsEnded { account: account_id }).await
    }

    /// Replaces the account's roles. Tokens with the old roles are refused: here at once, elsewhere as soon as the feed tells.
    ///
    /// # Errors
    /// As [`sign_out_everywhere`](Self::sign_out_everywhere), for a store that administers.
    pub async fn set_roles(&self, account: &AccountId, roles: impl Into<RoleSet<R>> + Send) -> Result<(), SignInError> {
        let store = offered(self.stores().administration.as_ref())?;
        let roles: RoleSet<R> = roles.into();
        let names: Vec<String> = roles.iter().map(|role| role.name().to_owned()).collect();
        let set = store.set_roles(account, &names, self.latest());
        let generation = self.stores().ask("set roles", set).await?;
        let account_id = account.clone();
        self.changed(account, generation, Event::RolesChanged { account: account_id }).await
    }

    /// Disables the account: it cannot sign in, its sessions are over, its tokens are refused.
    ///
    /// # Errors
    /// As [`set_roles`](Self::set_roles).
    pub async fn disable(&self, account: &AccountId) -> Result<(), SignInError> {
        let event = Event::Disabled { account: account.clone() };
        self.set_disabled(account, true, event).await
    }

    /// Enables the account again. Tokens of before stay dead.
    ///
    /// # Errors
    /// As [`set_roles`](Self::set_roles).
    pub async fn enable(&self, account: &AccountId) -> Result<(), SignInError> {
        let event = Event::Enabled { account: account.clone() };
        self.set_disabled(account, false, event).await
    }

    async fn set_disabled(&self, account: &AccountId, disabled: bool, event: Event) -> Result<(), SignInError> {
        let store = offered(self.stores().administration.as_ref())?;
        let set = store.set_disabled(account, disabled, self.latest());
        let generation = self.stores().ask("set disabled", set).await?;
        self.changed(account, generation, event).await
    }

    /// Tells it before it answers: an operator's command ends right after.
    async fn changed(&self, account: &AccountId, generation: Option<u32>, event: Event) -> Result<(), SignInError> {
        let generation = generation.ok_or(SignInErrorKind::NotFound)?;
        self.generation_raised(account, generation);
        self.events().happened(event);
        if let Err(error) = self.announce().await {
            let source = std::error::Error::source(&error);
            tracing::warn!(target: "hallpass", %error, source, "a change is not announced yet");
        }
        Ok(())
    }
}
