//! A person's change to their own account: its conditions and its outcome.
//!
//! Between the decision and the write, an operator may disable the account, remove a role or log
//! the person out. If the write did not check the conditions again, it would raise the number past
//! the operator's, and the person would continue with a token of the new number. Therefore
//! every such write carries an [`Actor`], and the store checks the actor in the transaction of the
//! write.

use hallpass_core::UnixTime;

use crate::{
    account::{Account, AccountId},
    browser::BrowserHash,
    session::{refresh_state::RefreshChain, session_id::SessionId},
};

/// A logged-in person who makes a change, as the access token describes them.
///
/// **A store checks in the transaction of the change** that the account exists and is enabled, and
/// that its `revoked_below` is not above `generation`, and `generation` not above both its numbers.
/// For a command, its `stale_below` must not be above `generation` either, because the actor's
/// roles decided. If `session` is `Some`, the store also checks that the session exists and belongs
/// to the account. Otherwise it writes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Actor {
    /// The account that acts.
    pub account: AccountId,
    /// The `gen` of the actor's token, or of the account as it was read.
    pub generation: u32,
    /// The epoch (`ep`) of the actor's token. A store with an epoch checks that it is still the
    /// site's.
    pub epoch: u64,
    /// The session that acts. `None` if the site keeps no sessions, or if the token contains no
    /// session.
    pub session: Option<SessionId>,
}

impl Actor {
    /// Creates an actor.
    #[must_use]
    pub fn new(account: AccountId, generation: u32, session: Option<SessionId>) -> Self {
        Self { account, generation, epoch: 0, session }
    }

    /// Sets the epoch of the actor's token. Defaults to 0.
    #[must_use]
    pub fn with_epoch(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }
}

/// A change to the actor's own account.
///
/// If the method revokes (raises `revoked_below`), all sessions except the [kept
/// one](Self::kept_session) end. The refresh tokens of the kept session are replaced. Its earlier
/// refresh tokens lead to the new ones within their grace period
/// ([`RefreshChain::after`]), and end the session afterwards.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OwnChange {
    /// The person who makes the change. A store checks the actor in the transaction of the change.
    pub actor: Actor,
    /// The time of the change.
    pub at: UnixTime,
    /// The first refresh token of the acting session after a change that revokes. `None` means that
    /// the session can no longer be refreshed. Only a store that implements
    /// [`RefreshTokenStore`](crate::RefreshTokenStore) receives `Some`.
    pub refresh_chain: Option<RefreshChain>,
    /// Whether a change that revokes ends the acting session too.
    pub ends_session: bool,
    /// The browser in which the change is made. If it was known before a change of a credential, a
    /// store keeps it known: it writes the new credential number into the row, in the transaction
    /// of the change, and ends the trust.
    pub browser: Option<BrowserHash>,
}

impl OwnChange {
    /// Creates a change after which the session stays and cannot be refreshed.
    #[must_use]
    pub fn new(actor: Actor, at: UnixTime) -> Self {
        Self { actor, at, refresh_chain: None, ends_session: false, browser: None }
    }

    /// Sets the first refresh token of the acting session after a change that revokes.
    #[must_use]
    pub fn with_refresh_chain(mut self, refresh_chain: Option<RefreshChain>) -> Self {
        self.refresh_chain = refresh_chain;
        self
    }

    /// Sets the browser in which the change is made. Defaults to `None`.
    #[must_use]
    pub fn in_browser(mut self, browser: Option<BrowserHash>) -> Self {
        self.browser = browser;
        self
    }

    /// Makes a change that revokes end the acting session as well.
    #[must_use]
    pub fn ending_session(mut self) -> Self {
        self.ends_session = true;
        self
    }

    /// Returns the session that is kept after a change that revokes: the acting session, or `None`
    /// if the change ends it too.
    #[must_use]
    pub fn kept_session(&self) -> Option<&SessionId> {
        self.actor.session.as_ref().filter(|_| !self.ends_session)
    }
}

/// The outcome of a person's change to their own account.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum OwnChangeOutcome {
    /// The change was made. The value is the account as the transaction left it. Tokens are issued
    /// from this row, and never from a row that was read before the write.
    Written(Box<Account>),
    /// The [`Actor`] was not valid, or the value to be replaced was not there. Nothing was written.
    NotWritten,
}

/// The outcome of a change to an account by an operator, an application or another person.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum CommandOutcome {
    /// The change was made. The value is the account as the transaction left it.
    Done(Box<Account>),
    /// The account does not exist. Nothing was written.
    NotFound,
    /// The [`Actor`] was not valid. Nothing was written.
    ActorChanged,
    /// The account is the last enabled one with a role that must be kept. Nothing was written.
    LastOfRole,
}
