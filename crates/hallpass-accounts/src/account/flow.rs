//! Changes to accounts: by the owner, by an application and by an operator.
//!
//! A person's change to their own account takes these steps:
//!
//! 1. [`own_account`](Accounts::own_account) reads the account, and [`prove`](Accounts::prove)
//!    checks the proof of the person (see `step_up.rs`).
//! 2. [`own_change`](Accounts::own_change) builds the conditions for the store.
//! 3. [`goes_on`](Accounts::goes_on) issues the next tokens from the row that the store returned.
//!
//! No token is issued from a row that was read before the write. Such a token would undo an
//! operator's command that is committed between the read and the write (`operator_is_final` in the
//! tests of the facade).

use std::time::Duration;

use hallpass_core::{Access, Identity, LoggedIn, Methods, Role, RoleSet, Token, UnixTime};

use crate::{
    account::{
        Account, AccountId, AccountNumbers,
        own_change::{Actor, CommandOutcome, KeptSession, OwnChange},
        step_up::StepUp,
        username::Username,
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, EventActor, RejectionReason},
    login::after_login::after_change,
    revocation::store::Revocation,
    session::{Tokens, refresh_token::RefreshSecret, session_id::SessionId},
    store::offered,
};

/// A person's change to their own account, before it is written.
pub(crate) struct Prepared {
    /// The conditions for the store.
    pub(crate) own: OwnChange,
    /// The refresh token with which the session continues.
    next: Option<RefreshSecret>,
    methods: Methods,
}

impl<R: Role> Accounts<R> {
    /// Reads the account and checks that it is enabled and at the token's generation. The
    /// revocation list has already accepted the request, but the store may contain newer changes.
    pub(crate) async fn own_account(&self, who: &Identity<R>) -> Result<Account, AccountsError> {
        let id = AccountId::new(who.user_id());
        let found = self.stores().accounts.by_id(&id);
        match self.stores().ask("find account", found).await? {
            Some(account) if account.accepts(who.generation(), who.epoch()) => Ok(account),
            _ => Err(AccountsErrorKind::Revoked.into()),
        }
    }

    /// Counts an attempt to change one's own account, then runs `change`. The attempt is counted
    /// before anything is read or hashed, whether the change succeeds or fails. Without the limit,
    /// the holder of a copied access token could write, revoke and hash without end
    /// (`repeating_end_other_sessions_undoes_no_command`). An attempt that was not evaluated is
    /// not counted.
    pub(crate) async fn changing<T>(
        &self,
        who: &Identity<R>,
        change: impl Future<Output = Result<T, AccountsError>> + Send,
    ) -> Result<T, AccountsError> {
        let stores = self.stores();
        let counted = self
            .settings()
            .rate_limits
            .count_change(stores, who.user_id(), who.session(), self.store_now())
            .await?;
        let changed = change.await;
        if let Err(error) = &changed
            && error.kind().is_fault()
        {
            self.settings().rate_limits.not_evaluated(stores, counted, self.store_now()).await;
        }
        changed
    }

    /// Returns the actor that a store checks. The actor includes the session only if the site keeps
    /// sessions.
    pub(crate) fn actor(&self, who: &Identity<R>) -> Actor {
        let session = session_of(who).filter(|_| self.stores().sessions.is_some());
        Actor::new(AccountId::new(who.user_id()), who.generation(), session).with_epoch(who.epoch())
    }

    /// Prepares a change after which the session continues with these methods.
    ///
    /// A new refresh chain begins only if the request presents the current refresh token of the
    /// session. Otherwise a copied access cookie would become a session of 30 days
    /// (`a_change_without_the_refresh_token_begins_no_chain`).
    pub(crate) fn own_change(
        &self,
        who: &Identity<R>,
        step_up: &StepUp,
        methods: Methods,
    ) -> Result<Prepared, AccountsError> {
        let actor = self.actor_of(who, step_up);
        let (now, at) = (self.store_now(), self.latest());
        let next = match step_up.refresh() {
            Some(token) => {
                let ring = self.issuer().keys().current();
                let key = Self::refresh_key(&ring)?;
                // A tab may hold the successor already.
                let live = self.live_after(token);
                Some(live.as_ref().map_or(token, |live| &live.secret).after_change(key, at))
            }
            None => None,
        };
        let refresh_chain = next.as_ref().map(|first| self.refresh_chain(first, methods, now));
        let own = OwnChange::new(actor, at)
            .with_refresh_chain(refresh_chain)
            .with_authenticated_at(step_up.is_full().then_some(now))
            .in_browser(self.browser());
        Ok(Prepared { own, next, methods })
    }

    /// Issues new tokens after a change that revoked the earlier ones. This node rejects the older
    /// tokens immediately, and the session continues with tokens that are issued from the account
    /// and the session as written.
    pub(crate) fn goes_on(
        &self,
        who: &Identity<R>,
        prepared: Prepared,
        written: &Account,
        kept: Option<KeptSession>,
    ) -> Result<Tokens, AccountsError> {
        self.account_revoked(written);
        let authenticated_at = match (prepared.own.authenticated_at, kept) {
            (Some(_), _) => Some(self.now()),
            (None, Some(kept)) => kept.authenticated_at,
            (None, None) => who.authenticated_at(),
        };
        // Without refresh tokens the session lasts as long as its one access token. A change must
        // not extend the life of a copied token.
        let refreshable = kept.filter(|_| prepared.next.is_some());
        let ends = refreshable.map_or(who.expires_at(), |kept| kept.expires);
        let logged_in = after_change(self, who, written, prepared.methods, authenticated_at);
        let access = self.sign_until(ends, &logged_in, written)?;
        if let Some(first) = &prepared.next {
            let grace = self.settings().session.grace;
            self.remembered_refreshes().began(first, self.store_now(), grace);
        }
        let refresh = prepared.next.map(|next| self.refresh_token(&next, ends)).transpose()?;
        Ok(Tokens { access, refresh })
    }

    /// Signs the access token of a session that ends at this time.
    pub(crate) fn sign_until(
        &self,
        ends: UnixTime,
        who: &LoggedIn<R>,
        account: &Account,
    ) -> Result<Token<Access>, AccountsError> {
        let life = ends.since(self.now()).min(self.issuer().access_lifetime()).max(SHORTEST_LIFE);
        self.sign(&self.issuer().clone().lifetime(life), who, account)
    }

    /// Returns the reason that a change was not written, from a second read of the account. If the
    /// account still matches the token, `conflict` names the conflict. Otherwise, and if the
    /// session has ended, the error is `Revoked`.
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

    /// Rejects the tokens that the account as written rejects, on this node immediately.
    pub(crate) fn account_revoked(&self, written: &Account) {
        let account = written.id().clone();
        let AccountNumbers { revoked_below, stale_below, .. } = written.numbers();
        let at = self.latest();
        let disabled = written.disabled();
        self.revoked(Revocation::RevokedBelow { account, number: revoked_below, disabled, at });
        if stale_below > revoked_below {
            let account = written.id().clone();
            self.revoked(Revocation::StaleBelow { account, number: stale_below, at });
        }
    }

    pub(crate) fn revoked(&self, change: Revocation) {
        self.apply(&change);
        self.stores().outbox.put(change);
    }

    /// Puts a revocation into this node's list, and remembers it for a failover.
    pub(crate) fn apply(&self, change: &Revocation) {
        self.stores().recent.add(change, self.store_now());
        let list = &self.settings().revocation_list;
        let forget_after = self.forget_after(change.at());
        match change {
            Revocation::RevokedBelow { account, number, .. } => {
                list.revoke_below(account.as_str(), *number, forget_after);
            }
            Revocation::StaleBelow { account, number, .. } => {
                list.stale_below(account.as_str(), *number, forget_after);
            }
            Revocation::SessionEnded { session, .. } => {
                list.end_session(&session.to_string(), forget_after);
            }
            Revocation::EpochRaised { epoch, .. } => list.raise_epoch(*epoch, 0),
        }
    }

    pub(crate) fn session_ended(&self, session: &str) {
        let at = self.latest();
        match session.parse() {
            Ok(session) => self.revoked(Revocation::SessionEnded { session, at }),
            // A session of another issuer.
            Err(_) => {
                self.settings().revocation_list.end_session(session, self.forget_after(at));
            }
        }
    }
}

/// The minimum life of the access token after a change: one second. If the old token expires during
/// the change, the change is written, so its response must not be an error.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);

/// Returns the session of a token that this crate issued, or `None` for a token of another issuer.
pub(crate) fn session_of<R: Role>(who: &Identity<R>) -> Option<SessionId> {
    who.session()?.parse().ok()
}

impl<R: Role> Accounts<R> {
    /// Publishes this node's revocations to the logs outside the store, before a command returns:
    /// an operator's process may exit immediately afterwards.
    pub(crate) async fn publish_now(&self) {
        if let Err(error) = self.stores().publish().await {
            let source = std::error::Error::source(&error);
            tracing::warn!(target: "hallpass", %error, source, "the revocation is not published yet");
        }
    }

    /// Finds an account by its user name. Returns `None` if no account has that name.
    ///
    /// # Errors
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn find(&self, name: &Username) -> Result<Option<Account>, AccountsError> {
        let found = self.stores().accounts.by_username(name);
        self.stores().ask("find account", found).await
    }

    /// Lists up to `limit` accounts, ordered by the key of the user name. The list starts after the
    /// name `after`, or at the first account if `after` is `None`.
    ///
    /// # Errors
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without an
    /// [`AdministrationStore`](crate::AdministrationStore);
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn accounts(
        &self,
        after: Option<&Username>,
        limit: u32,
    ) -> Result<Vec<Account>, AccountsError> {
        let store = offered(self.stores().administration.as_ref())?;
        self.stores().ask("list accounts", store.list(after, limit)).await
    }

    /// Ends every session of the account. This node rejects the account's tokens immediately. The
    /// other nodes reject them once they have read the revocation log.
    ///
    /// # Errors
    /// [`NotFound`](AccountsErrorKind::NotFound); [`NotOffered`](AccountsErrorKind::NotOffered)
    /// without a session store; [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().log_out_everywhere(account).await
    }

    /// Replaces the account's roles. Tokens with the old roles become stale: on this node
    /// immediately, and on the other nodes once they have read the revocation log. A session with a
    /// refresh token stays: its next request or refresh gets a token with the new roles. Without a
    /// refresh token the person must log in again.
    ///
    /// # Errors
    /// The errors of [`log_out_everywhere`](Self::log_out_everywhere), with
    /// [`NotOffered`](AccountsErrorKind::NotOffered) if there is no
    /// [`AdministrationStore`](crate::AdministrationStore);
    /// [`LastOfRole`](AccountsErrorKind::LastOfRole) if the account is the last enabled one with a
    /// role of [`Settings::kept_roles`](crate::Settings::kept_roles) that it would lose.
    pub async fn set_roles(
        &self,
        account: &AccountId,
        roles: impl Into<RoleSet<R>> + Send,
    ) -> Result<(), AccountsError> {
        self.application().set_roles(account, roles).await
    }

    /// Disables the account. The person cannot log in, the sessions end and the tokens are
    /// rejected.
    ///
    /// # Errors
    /// The errors of [`set_roles`](Self::set_roles).
    pub async fn disable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().disable(account).await
    }

    /// Enables the account again. Tokens that were issued before stay revoked.
    ///
    /// # Errors
    /// The errors of [`set_roles`](Self::set_roles).
    pub async fn enable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.application().enable(account).await
    }

    /// Returns commands that run on behalf of this person, for a route of the site.
    ///
    /// In the transaction of each command the store checks that the person's account is enabled and
    /// at the generation of the token, and that the session exists. Without this check, an
    /// administrator whose role is removed while the request is being processed could give the role
    /// back to themselves.
    pub fn commands_of<'a>(&'a self, who: &Identity<R>) -> Commands<'a, R> {
        let person = EventActor::Person(AccountId::new(who.user_id()));
        Commands { accounts: self, by: Some(self.actor(who)), actor: person }
    }

    /// Returns commands that an operator runs at a terminal. Their events name the operator as the
    /// actor.
    pub fn commands_of_operator(&self) -> Commands<'_, R> {
        Commands { accounts: self, by: None, actor: EventActor::Operator }
    }

    pub(crate) fn application(&self) -> Commands<'_, R> {
        Commands { accounts: self, by: None, actor: EventActor::Application }
    }
}

/// Commands on accounts, run by a person ([`Accounts::commands_of`]) or by an operator
/// ([`Accounts::commands_of_operator`]).
#[must_use]
pub struct Commands<'a, R> {
    pub(crate) accounts: &'a Accounts<R>,
    /// `None` means that the application itself or an operator at a terminal runs the command.
    pub(crate) by: Option<Actor>,
    /// The actor in the events.
    actor: EventActor,
}

// Written by hand, because the derived implementation would require `R: Debug`.
impl<R> std::fmt::Debug for Commands<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commands").field("by", &self.by).finish_non_exhaustive()
    }
}

impl<R: Role> Commands<'_, R> {
    /// Ends every session of the account.
    ///
    /// # Errors
    /// The errors of [`Accounts::log_out_everywhere`], and [`Revoked`](AccountsErrorKind::Revoked)
    /// if the person who runs the command was demoted, disabled or logged out. In that case nothing
    /// was changed.
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), AccountsError> {
        let stores = self.accounts.stores();
        let store = offered(stores.sessions.as_ref())?;
        let ended = store.end_all(account, self.by.as_ref(), self.accounts.latest());
        let ended = stores.ask("end all sessions", ended).await?;
        let event = |written: &Account, actor| Event::SessionsEnded {
            account: written.id().clone(),
            actor,
        };
        self.done(ended, event).await.map(drop)
    }

    /// Replaces the account's roles.
    ///
    /// # Errors
    /// The errors of [`Accounts::set_roles`], and [`Revoked`](AccountsErrorKind::Revoked) under the
    /// condition of [`log_out_everywhere`](Self::log_out_everywhere).
    pub async fn set_roles(
        &self,
        account: &AccountId,
        roles: impl Into<RoleSet<R>> + Send,
    ) -> Result<(), AccountsError> {
        let stores = self.accounts.stores();
        let store = offered(stores.administration.as_ref())?;
        let roles: RoleSet<R> = roles.into();
        let names: Vec<String> = roles.iter().map(|role| role.name().to_owned()).collect();
        let keep = self.accounts.settings().kept_role_names();
        let at = self.accounts.latest();
        let before = stores.ask("find account", stores.accounts.by_id(account)).await?;
        let set = store.set_roles(account, &names, &keep, self.by.as_ref(), at);
        let set = stores.ask("set roles", set).await?;
        let event = |written: &Account, actor| Event::RolesChanged {
            account: written.id().clone(),
            // No other command was committed between the read and the change.
            before: before
                .filter(|before| before.generation() + 1 == written.generation())
                .map(|before| before.roles().to_vec()),
            now: written.roles().to_vec(),
            actor,
        };
        self.done(set, event).await.map(drop)
    }

    /// Disables the account.
    ///
    /// # Errors
    /// The errors of [`Accounts::disable`], and [`Revoked`](AccountsErrorKind::Revoked) under the
    /// condition of [`log_out_everywhere`](Self::log_out_everywhere).
    pub async fn disable(&self, account: &AccountId) -> Result<(), AccountsError> {
        let event = |account, before, actor| Event::Disabled { account, before, actor };
        self.set_disabled(account, true, event).await
    }

    /// Enables the account again.
    ///
    /// # Errors
    /// The errors of [`Accounts::enable`], and [`Revoked`](AccountsErrorKind::Revoked) under the
    /// condition of [`log_out_everywhere`](Self::log_out_everywhere).
    pub async fn enable(&self, account: &AccountId) -> Result<(), AccountsError> {
        let event = |account, before, actor| Event::Enabled { account, before, actor };
        self.set_disabled(account, false, event).await
    }

    async fn set_disabled(
        &self,
        account: &AccountId,
        disabled: bool,
        event: impl FnOnce(AccountId, Option<bool>, EventActor) -> Event + Send,
    ) -> Result<(), AccountsError> {
        let stores = self.accounts.stores();
        let store = offered(stores.administration.as_ref())?;
        // For the event only, so a failed read does not stop the command.
        let before = stores.ask("find account", stores.accounts.by_id(account)).await;
        let before = before.ok().flatten().map(|before| before.disabled());
        let keep = self.accounts.settings().kept_role_names();
        let at = self.accounts.latest();
        let set = store.set_disabled(account, disabled, &keep, self.by.as_ref(), at);
        let set = stores.ask("set disabled", set).await?;
        let event = |written: &Account, actor| event(written.id().clone(), before, actor);
        self.done(set, event).await.map(drop)
    }

    /// Returns the account as written. Publishes the change before the command returns, because an
    /// operator's process may exit immediately afterwards.
    pub(crate) async fn done(
        &self,
        outcome: CommandOutcome,
        event: impl FnOnce(&Account, EventActor) -> Event + Send,
    ) -> Result<Account, AccountsError> {
        let account = match outcome {
            CommandOutcome::Done(account) => account,
            CommandOutcome::NotFound => return Err(AccountsErrorKind::NotFound.into()),
            CommandOutcome::ActorChanged => return Err(AccountsErrorKind::Revoked.into()),
            CommandOutcome::LastOfRole => return Err(AccountsErrorKind::LastOfRole.into()),
        };
        self.accounts.account_revoked(&account);
        self.accounts.events().happened(event(&account, self.actor.clone()));
        self.accounts.publish_now().await;
        self.accounts.events().flush().await;
        Ok(*account)
    }
}
