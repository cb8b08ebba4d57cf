//! The account behind a verified identity, read again before anything of it is changed.

use hallpass_core::{Identity, Methods, Role};

use crate::{
    account::{Account, AccountId},
    flow::{Tokens, vouch::go_on},
    session_id::SessionId,
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
    store::Change,
};

impl<R: Role> SignIn<R> {
    /// Reads the account, which must be alive and at the token's generation. The revocation view has let the request
    /// through; the store, which cannot lag, has the last word before a change.
    pub(super) async fn own_account(&self, who: &Identity<R>) -> Result<Account, SignInError> {
        let id = AccountId::new(who.user_id());
        let found = self.stores().accounts.by_id(&id);
        match self.stores().ask("find account", found).await? {
            Some(account) if !account.disabled() && account.generation() == who.generation() => Ok(account),
            _ => Err(SignInErrorKind::SignedOut.into()),
        }
    }

    /// After a change that raised the generation: this node refuses the older tokens at once, and this session goes
    /// on with new ones: the store has made its refresh token void, too.
    pub(super) async fn goes_on(
        &self,
        who: &Identity<R>,
        account: &Account,
        generation: u32,
        methods: Methods,
    ) -> Result<Tokens, SignInError> {
        self.generation_raised(account.id(), generation);
        let access = self.access_token(&go_on(self, who, account, generation, methods))?;
        let begun = who.authenticated_at().unwrap_or(self.now());
        let refresh = self.restart(account.id(), session_of(who), begun, methods).await?;
        Ok(Tokens { access, refresh })
    }

    pub(super) fn generation_raised(&self, account: &AccountId, generation: u32) {
        let at = self.latest();
        self.view().raise_generation(account.as_str(), generation, self.forget_after(at));
        self.stores().outbox.put(Change::Generation { account: account.clone(), generation, at });
    }

    pub(super) fn session_ended(&self, session: &str) {
        let at = self.latest();
        self.view().end_session(session, self.forget_after(at));
        if let Ok(session) = session.parse() {
            self.stores().outbox.put(Change::SessionEnded { session, at });
        }
    }
}

/// The session of a token that this crate issued; `None` for a token of another issuer.
pub(super) fn session_of<R: Role>(who: &Identity<R>) -> Option<SessionId> {
    who.session()?.parse().ok()
}
