//! A change that a person makes to their own account: what it was decided on, and what came of it.
//!
//! Between the decision and the write an operator may disable the account, take a role away or log
//! the person out. If the write did not repeat the conditions of the decision, it would raise the
//! generation past the operator's, and the person would go on with a token of the new generation.
//! So every such write carries an [`Actor`], and a store checks it in the transaction of the write.

use hallpass_core::UnixTime;

use crate::{
    account::{Account, AccountId},
    session::{refresh_state::RefreshChain, session_id::SessionId},
};

/// A logged-in person, as the access token describes them, who changes something.
///
/// **A store checks in the transaction of the change** that the account exists, is not disabled and
/// is still at `generation`, and that `session`, where there is one, exists and belongs to the
/// account. Otherwise it writes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Actor {
    /// The account that acts.
    pub account: AccountId,
    /// The generation that the account must still have.
    pub generation: u32,
    /// The session that acts. `None` where the site keeps no sessions, or the token names none.
    pub session: Option<SessionId>,
}

impl Actor {
    /// Puts the parts together.
    #[must_use]
    pub fn new(account: AccountId, generation: u32, session: Option<SessionId>) -> Self {
        Self { account, generation, session }
    }
}

/// A change to the actor's own account.
///
/// Where the method revokes (it raises the generation), the acting session is the only one that
/// stays, and its refresh tokens are replaced: those of before stop working, also within their
/// grace.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OwnChange {
    /// Who makes it. A store checks it in the transaction of the change.
    pub actor: Actor,
    /// The time of the change.
    pub at: UnixTime,
    /// The first refresh token of the acting session after a change that revokes. `None`: the
    /// session is not refreshed any more. Only a store that is
    /// [`RefreshTokenStore`](crate::RefreshTokenStore) is given one.
    pub refresh_chain: Option<RefreshChain>,
    /// Whether a change that revokes ends the acting session too.
    pub ends_session: bool,
}

impl OwnChange {
    /// Puts the parts together, for a session that stays and is not refreshed.
    #[must_use]
    pub fn new(actor: Actor, at: UnixTime) -> Self {
        Self { actor, at, refresh_chain: None, ends_session: false }
    }

    /// Sets the first refresh token of the acting session after a change that revokes.
    #[must_use]
    pub fn with_refresh_chain(mut self, refresh_chain: Option<RefreshChain>) -> Self {
        self.refresh_chain = refresh_chain;
        self
    }

    /// Makes a change that revokes end the acting session too.
    #[must_use]
    pub fn ending_session(mut self) -> Self {
        self.ends_session = true;
        self
    }

    /// Returns the session that stays after a change that revokes.
    #[must_use]
    pub fn kept_session(&self) -> Option<&SessionId> {
        self.actor.session.as_ref().filter(|_| !self.ends_session)
    }
}

/// What came of a change to one's own account.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum OwnChangeOutcome {
    /// It was made. This is the account as the transaction left it: tokens are issued from this
    /// row, and never from one that was read before the write.
    Written(Box<Account>),
    /// The [`Actor`] did not pass, or what was to be replaced was not there. Nothing was written.
    NotWritten,
}

/// What came of a change to somebody's account by an operator or an application.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum CommandOutcome {
    /// It was made. This is the account as the transaction left it.
    Done(Box<Account>),
    /// There is no such account. Nothing was written.
    NotFound,
    /// The [`Actor`] did not pass. Nothing was written.
    ActorChanged,
}
