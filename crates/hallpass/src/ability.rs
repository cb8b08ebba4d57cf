//! What the store can do, turned on one by one or all at once.

use hallpass_accounts::{
    AccountStore, AccountsBuilder, AdministrationStore, PasswordStore, RateLimitStore, RefreshTokenStore,
    RegistrationStore, RevocationLog, SessionStore, TwoFactorStore,
};
use hallpass_core::{RevocationList, Role, StalePolicy};

use crate::builder::{HallpassBuilder, NoFeed, WithFeed};

impl<R: Role, S: AccountStore, F> HallpassBuilder<R, S, F> {
    /// Lets visitors register.
    pub fn registration(self) -> Self
    where
        S: RegistrationStore,
    {
        self.then(AccountsBuilder::registration)
    }

    /// Lets people change their password, and upgrades old hashes.
    pub fn passwords(self) -> Self
    where
        S: PasswordStore,
    {
        self.then(AccountsBuilder::passwords)
    }

    /// Lets people set up an authenticator, and asks for its code.
    pub fn second_factors(self) -> Self
    where
        S: TwoFactorStore,
    {
        self.then(AccountsBuilder::second_factors)
    }

    /// Keeps sessions: who is signed in where, and log-out that holds on every node.
    pub fn sessions(self) -> Self
    where
        S: SessionStore,
    {
        self.then(AccountsBuilder::sessions)
    }

    /// Renews sessions: who has signed in stays so for up to 30 days, while an access token lives for 15 minutes. Turns
    /// [`sessions`](Self::sessions) on too.
    pub fn refreshes(self) -> Self
    where
        S: RefreshTokenStore,
    {
        self.then(AccountsBuilder::refreshes)
    }

    /// Renews no session: one token, one lifetime, and then the password again. Comes after [`everything`](Self::everything), and
    /// goes with a longer [`lifetime`](Self::lifetime).
    pub fn without_refreshes(self) -> Self {
        self.then(AccountsBuilder::without_refreshes)
    }

    /// Lets the application change roles, and disable accounts.
    pub fn administration(self) -> Self
    where
        S: AdministrationStore,
    {
        self.then(AccountsBuilder::administration)
    }

    /// Counts attempts in the store, where a restart or another node does not forget them. Defaults to this process's
    /// memory, because a users table alone has no place for them.
    pub fn attempts(self) -> Self
    where
        S: RateLimitStore,
    {
        self.then(AccountsBuilder::attempts)
    }
}

impl<R: Role, S: AccountStore> HallpassBuilder<R, S, NoFeed> {
    /// Reads the store's revocation feed: what another node or an operator's command revokes counts here within 5 seconds.
    pub fn feed(self) -> HallpassBuilder<R, S, WithFeed>
    where
        S: RevocationLog,
    {
        self.then(AccountsBuilder::feed).with_feed()
    }

    /// Reads a revocation feed that lives in another store, and writes are expected there too.
    pub fn feed_from(self, feed: impl RevocationLog) -> HallpassBuilder<R, S, WithFeed> {
        self.then(|accounts| accounts.feed_from(feed)).with_feed()
    }

    /// Turns on all that the store can do.
    pub fn everything(self) -> HallpassBuilder<R, S, WithFeed>
    where
        S: RegistrationStore
            + PasswordStore
            + TwoFactorStore
            + RefreshTokenStore
            + AdministrationStore
            + RateLimitStore
            + RevocationLog,
    {
        self.then(AccountsBuilder::everything).with_feed()
    }
}

impl<R: Role, S: AccountStore> HallpassBuilder<R, S, WithFeed> {
    /// Tells this feed too of what is revoked, and is woken by it; the store's own stays the one that is read. Defaults to what
    /// the store itself can push, because that takes no further server.
    pub fn push_through(self, feed: impl RevocationLog) -> Self {
        self.then(|accounts| accounts.push_through(feed))
    }

    /// Counts attempts in this store, in the place of the site's own, and pushes through it: a `RedisStore`, say, so that log-ins and guesses write nothing to the database but sessions.
    ///
    /// While it is down nobody can log in, since an uncounted guess is not made; whoever is signed in stays so, and revocations
    /// arrive by the store's own push and by the poll.
    pub fn shared_backend(self, shared: impl RateLimitStore + RevocationLog + Clone) -> Self {
        self.then(|accounts| accounts.rate_limits_in(shared.clone()).push_through(shared))
    }

    /// Says what happens to tokens while the revocation feed is down. Defaults to [`StalePolicy::ServeUntilExpiry`], because most
    /// sites rather let a visitor in for some minutes more than turn all of them away.
    pub fn stale_policy(self, policy: StalePolicy) -> Self {
        self.then(move |accounts| accounts.view(RevocationList::with_stale_policy(policy)))
    }
}
