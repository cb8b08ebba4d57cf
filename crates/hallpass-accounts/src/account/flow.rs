//! Changes to accounts: by their owner, and by an application or an operator.
//!
//! A change to one's own account takes these steps: [`own_account`](Accounts::own_account) reads
//! the account, [`own_change`](Accounts::own_change) puts the conditions for the store together,
//! and [`goes_on`](Accounts::goes_on) issues the next tokens from the row that the store returned.
//! No token is issued from a row that was read before the write: an operator's command that is
//! committed in between would be undone (`operator_is_final` in the tests of the facade).

use hallpass_core::{Identity, Methods, Role, RoleSet};

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, CommandOutcome, OwnChange},
        username::Username,
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    login::after_login::after_change,
    revocation::store::Revocation,
    session::{Tokens, refresh_token::RefreshSecret, session_id::SessionId},
    store::offered,
};

/// A change of one's own that is about to be written.
pub(crate) struct Prepared {
    /// The conditions for the store.
    pub(crate) own: OwnChange,
    /// The refresh token with which the session goes on.
    next: Option<RefreshSecret>,
    methods: Methods,
}

impl<R: Role> Accounts<R> {
    /// Reads the account, which must be enabled and at the token's generation. The revocation list
    /// has let the request through; the store is ahead of it.
    pub(crate) async fn own_account(&self, who: &Identity<R>) -> Result<Account, AccountsError> {
        let id = AccountId::new(who.user_id());
        let found = self.stores().accounts.by_id(&id);
        match self.stores().ask("find account", found).await? {
            Some(account) if !account.disabled() && account.generation() == who.generation() => {
                Ok(account)
            }
            _ => Err(AccountsErrorKind::Revoked.into()),
        }
    }

    /// Makes a change to one's own account, counted before anything is read or hashed, whether it
    /// turns out right or wrong. Without the limit a copied access token could write, revoke
    /// and hash without end (`repeating_end_other_sessions_undoes_no_command`). What was not
    /// evaluated is not counted.
    pub(crate) async fn changing<T>(
        &self,
        who: &Identity<R>,
        change: impl Future<Output = Result<T, AccountsError>> + Send,
    ) -> Result<T, AccountsError> {
        let stores = self.stores();
        let counted = self
            .settings()
            .rate_limits
            .count_change(stores, who.user_id(), who.session(), self.now())
            .await?;
        let changed = change.await;
        if let Err(error) = &changed
            && let AccountsErrorKind::Unavailable { .. } | AccountsErrorKind::Busy { .. } =
                error.kind()
        {
            self.settings().rate_limits.not_evaluated(stores, counted, self.now()).await;
        }
        changed
    }

    /// Who acts, as a store checks it. The session is part of it only where the site keeps
    /// sessions.
    pub(crate) fn actor(&self, who: &Identity<R>) -> Actor {
        let session = session_of(who).filter(|_| self.stores().sessions.is_some());
        Actor::new(AccountId::new(who.user_id()), who.generation(), session)
    }

    /// Prepares a change after which the session goes on with these methods.
    pub(crate) fn own_change(
        &self,
        who: &Identity<R>,
        methods: Methods,
    ) -> Result<Prepared, AccountsError> {
        let actor = self.actor(who);
        let first = match actor.session {
            Some(session) => self.first_refresh(session, methods, self.now())?,
            None => None,
        };
        let (next, refresh_chain) = first.unzip();
        Ok(Prepared {
            own: OwnChange::new(actor, self.latest()).with_refresh_chain(refresh_chain),
            next,
            methods,
        })
    }

    /// After a change that raised the generation: this node rejects the older tokens at once, and
    /// the session goes on with new ones, issued from the account as written.
    pub(crate) fn goes_on(
        &self,
        who: &Identity<R>,
        prepared: Prepared,
        written: &Account,
    ) -> Result<Tokens, AccountsError> {
        self.generation_raised(written.id(), written.generation());
        let now = self.now();
        let ends = match &prepared.next {
            Some(_) => who
                .authenticated_at()
                .unwrap_or(now)
                .saturating_add(self.settings().session.absolute),
            // It lasts as long as its one token: a copy of that must not prolong itself by a
            // change.
            None => who.expires_at(),
        };
        let life = ends.since(now).min(self.issuer().access_lifetime());
        let logged_in = after_change(self, who, written, prepared.methods);
        let access = self.sign(&self.issuer().clone().lifetime(life), &logged_in, written)?;
        let refresh = prepared.next.map(|next| self.refresh_token(&next, ends)).transpose()?;
        Ok(Tokens { access, refresh })
    }

    /// Why a change was not written. The account is read once more: where it is still as the token
    /// says, `conflict` names what was not there to be replaced; otherwise, and where the
    /// session is gone, the token is revoked.
    pub(crate) async fn not_written(
        &self,
        who: &Identity<R>,
        conflict: impl FnOnce(&Account) -> Option<AccountsErrorKind>,
    ) -> AccountsError {
        let account = AccountId::new(who.user_id());
        let reason = RejectionReason::AccountChanged;
        self.events().happened(Event::Refused { account: Some(account), reason, peer: None });
        match self.own_account(who).await {
            Ok(account) => conflict(&account).unwrap_or(AccountsErrorKind::Revoked).into(),
            Err(error) => error,
        }
    }

    pub(crate) fn generation_raised(&self, account: &AccountId, generation: u32) {
        let at = self.latest();
        self.settings().revocation_list.raise_generation(
            account.as_str(),
            generation,
            self.forget_after(at),
        );
        self.stores().outbox.put(Revocation::Generation {
            account: account.clone(),
            generation,
            at,
        });
    }

    pub(crate) fn session_ended(&self, session: &str) {
        let at = self.latest();
        self.settings().revocation_list.end_session(session, self.forget_after(at));
        if let Ok(session) = session.parse() {
            self.stores().outbox.put(Revocation::SessionEnded { session, at });
        }
    }
}

/// The session of a token that this crate issued; `None` for a token of another issuer.
pub(crate) fn session_of<R: Role>(who: &Identity<R>) -> Option<SessionId> {
    who.session()?.parse().ok()
}

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
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a store that administers, and the
    /// faults of a store.
    pub async fn accounts(
        &self,
        after: Option<&Username>,
        limit: u32,
    ) -> Result<Vec<Account>, AccountsError> {
        let store = offered(self.stores().administration.as_ref())?;
        self.stores().ask("list accounts", store.list(after, limit)).await
    }

    /// Ends every session of the account. This node refuses its tokens at once, the others as soon
    /// as the log tells them.
    ///
    /// # Errors
    /// [`NotFound`](AccountsErrorKind::NotFound), [`NotOffered`](AccountsErrorKind::NotOffered)
    /// without a session store, and the faults of a store.
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().log_out_everywhere(account).await
    }

    /// Replaces the account's roles. Tokens with the old roles are refused: here at once, elsewhere
    /// as soon as the log tells.
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
    /// The store checks in the transaction of each command that the person's account is enabled, at
    /// the generation of the token, and that the session exists. Without it, an administrator
    /// whose demotion is committed while the request is on its way could give the role back to
    /// themselves.
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
    /// As [`Accounts::log_out_everywhere`]; [`Revoked`](AccountsErrorKind::Revoked) where the
    /// person who commands it has been demoted, disabled or logged out meanwhile, and nothing
    /// was changed.
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
    async fn done(
        &self,
        outcome: CommandOutcome,
        event: fn(AccountId) -> Event,
    ) -> Result<(), AccountsError> {
        let account = match outcome {
            CommandOutcome::Done(account) => account,
            CommandOutcome::NotFound => return Err(AccountsErrorKind::NotFound.into()),
            CommandOutcome::ActorChanged => return Err(AccountsErrorKind::Revoked.into()),
        };
        self.accounts.generation_raised(account.id(), account.generation());
        self.accounts.events().happened(event(account.id().clone()));
        if let Err(error) = self.accounts.stores().publish().await {
            let source = std::error::Error::source(&error);
            tracing::warn!(target: "hallpass", %error, source, "the revocation is not published yet");
        }
        Ok(())
    }
}
