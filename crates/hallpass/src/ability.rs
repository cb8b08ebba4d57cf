//! What the store can do, turned on one by one or all at once.

use hallpass_core::Role;
use hallpass_signin::{
    Accounts, Administration, Attempts, Feed, Passwords, Registration, SecondFactors, Sessions, SignInBuilder,
};

use crate::{HallpassBuilder, NoFeed, WithFeed};

impl<R: Role, S: Accounts, F> HallpassBuilder<R, S, F> {
    /// Lets visitors register.
    pub fn registration(self) -> Self
    where
        S: Registration,
    {
        self.then(SignInBuilder::registration)
    }

    /// Lets people change their password, and upgrades old hashes.
    pub fn passwords(self) -> Self
    where
        S: Passwords,
    {
        self.then(SignInBuilder::passwords)
    }

    /// Lets people set up an authenticator, and asks for its code.
    pub fn second_factors(self) -> Self
    where
        S: SecondFactors,
    {
        self.then(SignInBuilder::second_factors)
    }

    /// Keeps sessions: who is signed in where, and log-out that holds on every node.
    pub fn sessions(self) -> Self
    where
        S: Sessions,
    {
        self.then(SignInBuilder::sessions)
    }

    /// Lets the application change roles, and disable accounts.
    pub fn administration(self) -> Self
    where
        S: Administration,
    {
        self.then(SignInBuilder::administration)
    }

    /// Counts attempts in the store, where a restart or another node does not forget them. Defaults to this process's
    /// memory, because a users table alone has no place for them.
    pub fn attempts(self) -> Self
    where
        S: Attempts,
    {
        self.then(SignInBuilder::attempts)
    }
}

impl<R: Role, S: Accounts> HallpassBuilder<R, S, NoFeed> {
    /// Reads the store's revocation feed: what another node or an operator's command revokes counts here within 5 seconds.
    pub fn feed(self) -> HallpassBuilder<R, S, WithFeed>
    where
        S: Feed,
    {
        self.then(SignInBuilder::feed).with_feed()
    }

    /// Reads a revocation feed that lives in another store, and writes are expected there too.
    pub fn feed_from(self, feed: impl Feed) -> HallpassBuilder<R, S, WithFeed> {
        self.then(|sign_in| sign_in.feed_from(feed)).with_feed()
    }

    /// Turns on all that the store can do.
    pub fn everything(self) -> HallpassBuilder<R, S, WithFeed>
    where
        S: Registration + Passwords + SecondFactors + Sessions + Administration + Attempts + Feed,
    {
        self.then(SignInBuilder::everything).with_feed()
    }
}
