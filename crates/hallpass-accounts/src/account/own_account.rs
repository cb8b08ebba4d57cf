//! A change to one's own account: read, limited, written under the conditions of its decision, and the session goes on.
//!
//! Every change takes the same way: [`own_account`](Accounts::own_account) reads the account, [`own_change`](Accounts::own_change)
//! puts the conditions for the store together, and [`goes_on`](Accounts::goes_on) issues the next tokens from the row that the
//! store returned. No token is issued from a row that was read before the write: an operator's command that is committed in
//! between would be undone (`operator_is_final` in the tests of the facade).

use hallpass_core::{Identity, Methods, Role};

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, OwnChange},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    login::after_login::after_change,
    revocation::store::Revocation,
    session::{refresh::Tokens, refresh_token::RefreshSecret, session_id::SessionId},
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
    /// Reads the account, which must be enabled and at the token's generation. The revocation view has let the request through;
    /// the store is ahead of it.
    pub(crate) async fn own_account(&self, who: &Identity<R>) -> Result<Account, AccountsError> {
        let id = AccountId::new(who.user_id());
        let found = self.stores().accounts.by_id(&id);
        match self.stores().ask("find account", found).await? {
            Some(account) if !account.disabled() && account.generation() == who.generation() => Ok(account),
            _ => Err(AccountsErrorKind::Revoked.into()),
        }
    }

    /// Makes a change to one's own account, counted before anything is read or hashed, whether it turns out right or wrong.
    /// Without the limit a copied access token could write, revoke and hash without end (`end_other_sessions_repeated_survives_no_command`).
    /// What was not evaluated is not counted.
    pub(crate) async fn changing<T>(
        &self,
        who: &Identity<R>,
        change: impl Future<Output = Result<T, AccountsError>> + Send,
    ) -> Result<T, AccountsError> {
        let stores = self.stores();
        let counted =
            self.settings().rate_limits.count_change(stores, who.user_id(), who.session(), self.now()).await?;
        let changed = change.await;
        if let Err(error) = &changed
            && let AccountsErrorKind::Unavailable { .. } | AccountsErrorKind::Busy { .. } = error.kind()
        {
            self.settings().rate_limits.not_evaluated(stores, counted, self.now()).await;
        }
        changed
    }

    /// Who acts, as a store checks it. The session is part of it only where the site keeps sessions.
    pub(crate) fn actor(&self, who: &Identity<R>) -> Actor {
        let session = session_of(who).filter(|_| self.stores().sessions.is_some());
        Actor::new(AccountId::new(who.user_id()), who.generation(), session)
    }

    /// Prepares a change after which the session goes on with these methods.
    pub(crate) fn own_change(&self, who: &Identity<R>, methods: Methods) -> Result<Prepared, AccountsError> {
        let actor = self.actor(who);
        let first = match actor.session {
            Some(session) => self.first_refresh(session, methods, self.now())?,
            None => None,
        };
        let (next, refresh_chain) = first.unzip();
        Ok(Prepared { own: OwnChange::new(actor, self.latest()).with_refresh_chain(refresh_chain), next, methods })
    }

    /// After a change that raised the generation: this node rejects the older tokens at once, and the session goes on with new
    /// ones, issued from the account as written.
    pub(crate) fn goes_on(
        &self,
        who: &Identity<R>,
        prepared: Prepared,
        written: &Account,
    ) -> Result<Tokens, AccountsError> {
        self.generation_raised(written.id(), written.generation());
        let now = self.now();
        let ends = match &prepared.next {
            Some(_) => who.authenticated_at().unwrap_or(now).saturating_add(self.settings().session.absolute),
            // It lasts as long as its one token: a copy of that must not prolong itself by a change.
            None => who.expires_at(),
        };
        let life = ends.since(now).min(self.issuer().access_lifetime());
        let logged_in = after_change(self, who, written, prepared.methods);
        let access = self.sign(&self.issuer().clone().lifetime(life), &logged_in, written)?;
        let refresh = prepared.next.map(|next| self.refresh_token(&next, ends)).transpose()?;
        Ok(Tokens { access, refresh })
    }

    /// Why a change was not written. The account is read once more: where it is still as the token says, `conflict` names what
    /// was not there to be replaced; otherwise, and where the session is gone, the token is revoked.
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
        self.settings().revocation_list.raise_generation(account.as_str(), generation, self.forget_after(at));
        self.stores().outbox.put(Revocation::Generation { account: account.clone(), generation, at });
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
