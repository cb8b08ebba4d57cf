//! The abilities: what each turns on, and the store trait that it takes.

use std::sync::Arc;

use hallpass_core::Role;

use crate::{
    account::store::{AccountStore, AdministrationStore},
    builder::AccountsBuilder,
    password::store::PasswordStore,
    rate_limit::store::RateLimitStore,
    registration::RegistrationStore,
    revocation::store::RevocationLog,
    session::store::{RefreshTokenStore, SessionStore},
    two_factor::store::TwoFactorStore,
};

impl<R: Role, S: AccountStore> AccountsBuilder<R, S> {
    /// Turns registration on: `/register`.
    pub fn registration(mut self) -> Self
    where
        S: RegistrationStore,
    {
        self.stores.registration = Some(self.store.clone());
        self
    }

    /// Turns the change of passwords on (`/profile/password`), and the upgrade of weak hashes at sign-in.
    pub fn passwords(mut self) -> Self
    where
        S: PasswordStore,
    {
        self.stores.passwords = Some(self.store.clone());
        self
    }

    /// Turns second factors on: `/profile/two-factor`, and the code at sign-in.
    ///
    /// Without it an account whose store says that it has a factor **cannot sign in**: what cannot be checked is not skipped.
    pub fn second_factors(mut self) -> Self
    where
        S: TwoFactorStore,
    {
        self.stores.second_factors = Some(self.store.clone());
        self
    }

    /// Turns sessions on: `/profile/sessions`, log-out that holds on every node, and "sign out everywhere".
    pub fn sessions(mut self) -> Self
    where
        S: SessionStore,
    {
        self.stores.sessions = Some(self.store.clone());
        self
    }

    /// Renews sessions: `/session/refresh`, renewal within a request, and sessions that last as [`SessionLimits`] says. Without it a
    /// session is one access token with one lifetime. Turns [`sessions`](Self::sessions) on too, since it is those that are renewed.
    ///
    /// [`SessionLimits`]: crate::SessionLimits
    pub fn refreshes(mut self) -> Self
    where
        S: RefreshTokenStore,
    {
        self.stores.refreshes = Some(self.store.clone());
        self.sessions()
    }

    /// Renews no session, whatever was turned on before: one token, one lifetime, and then the password again.
    pub fn without_refreshes(mut self) -> Self {
        self.stores.refreshes = None;
        self
    }

    /// Turns administration on: roles and disabling, from anywhere.
    pub fn administration(mut self) -> Self
    where
        S: AdministrationStore,
    {
        self.stores.administration = Some(self.store.clone());
        self
    }

    /// Follows the store's revocation feed: what another node or an operator voids takes effect here.
    pub fn feed(mut self) -> Self
    where
        S: RevocationLog,
    {
        self.stores.feed = Some(self.store.clone());
        self
    }

    /// Follows the revocation feed of another store, and tells it what is revoked here.
    pub fn feed_from(mut self, feed: impl RevocationLog) -> Self {
        self.stores.feed = Some(Arc::new(feed));
        self
    }

    /// Tells this feed too of what is revoked, and is woken by it, while the feed that is followed stays the one that is read.
    pub fn push_through(mut self, feed: impl RevocationLog) -> Self {
        self.stores.pushes.push(Arc::new(feed));
        self
    }

    /// Counts attempts in the store, where a restart and another node see them. Without it, or
    /// [`rate_limits_in`](Self::rate_limits_in), they are counted in memory: good for one node that seldom restarts.
    pub fn attempts(mut self) -> Self
    where
        S: RateLimitStore,
    {
        self.stores.attempts = self.store.clone();
        self
    }

    /// Counts attempts in another store.
    pub fn rate_limits_in(mut self, attempts: impl RateLimitStore) -> Self {
        self.stores.attempts = Arc::new(attempts);
        self
    }

    /// Turns everything on that a store can have.
    pub fn everything(self) -> Self
    where
        S: RegistrationStore
            + PasswordStore
            + TwoFactorStore
            + RefreshTokenStore
            + AdministrationStore
            + RevocationLog
            + RateLimitStore,
    {
        self.registration().passwords().second_factors().refreshes().administration().feed().attempts()
    }
}
