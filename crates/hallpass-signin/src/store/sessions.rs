//! Keeping sessions: who is signed in where.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::{
    account::{Account, AccountId},
    refresh_state::Renewable,
    session_id::SessionId,
    store::{Accounts, Actor, CommandOutcome, OwnChange, OwnChangeOutcome},
};

/// Keeps sessions: turns on `/profile/sessions`, and makes log-out and "sign out everywhere" hold on every node.
///
/// Without it a log-out removes the cookie and voids the session on the node that answered.
pub trait Sessions: Accounts {
    /// Opens a session, **atomically with the check** that the account is enabled and still at `generation`. A
    /// password change or a disabling that slipped between the read of the account and this call must win.
    ///
    /// # Errors
    /// The store's own.
    fn open(&self, session: NewSession) -> impl Future<Output = Result<SessionOpened, Self::Error>> + Send;

    /// Lists the account's sessions that have not expired at `now`, newest first. One that can be renewed expires when it is
    /// idle, too.
    ///
    /// # Errors
    /// The store's own.
    fn list(
        &self,
        account: &AccountId,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<Session>, Self::Error>> + Send;

    /// Ends one session **of this account**, and writes the feed, in one transaction. A session of somebody else is
    /// [`Ended::NotFound`] and lives on. `by` is who ends it from the list of sessions; `None` is a log-out of that session
    /// itself, which works whatever has become of the account.
    ///
    /// # Errors
    /// The store's own.
    fn end(
        &self,
        account: &AccountId,
        session: &SessionId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<Ended, Self::Error>> + Send;

    /// Ends all sessions of the account but the acting one: rows gone, generation raised, feed written, in **one
    /// transaction**, if the [`Actor`] passes.
    ///
    /// The generation is raised, so that tokens whose session has no row are revoked as well. The acting session gets a
    /// token of the new generation.
    ///
    /// # Errors
    /// The store's own.
    fn end_others(&self, own: &OwnChange) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Ends all sessions of the account: rows gone, generation raised, feed written, in **one transaction**. `by` is the
    /// person who commands it through a route of the site; `None` is the application itself or an operator at a terminal.
    ///
    /// # Errors
    /// The store's own.
    fn end_all(
        &self,
        account: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<CommandOutcome, Self::Error>> + Send;
}

/// The session to be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NewSession {
    /// A fresh random id.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// The generation that the account must still have.
    pub generation: u32,
    /// What the browser calls itself, cut to 200 characters; shown on the sessions page, as text.
    pub device: String,
    /// When it begins.
    pub at: UnixTime,
    /// When it ends at the latest.
    pub expires: UnixTime,
    /// The beginning of its refresh tokens. `None`: it cannot be renewed, and lasts as long as its access token. Only a store
    /// that is [`Refreshes`](crate::Refreshes) is given one.
    pub renewable: Option<Renewable>,
}

impl NewSession {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        id: SessionId,
        account: AccountId,
        generation: u32,
        device: String,
        at: UnixTime,
        expires: UnixTime,
    ) -> Self {
        Self { id, account, generation, device, at, expires, renewable: None }
    }

    /// Lets it be renewed. Defaults to not, because a site may have one token with one lifetime.
    #[must_use]
    pub fn with_renewable(mut self, renewable: Option<Renewable>) -> Self {
        self.renewable = renewable;
        self
    }
}

/// What became of opening a session.
#[derive(Clone, Debug)]
#[must_use]
pub enum SessionOpened {
    /// The session is there. This is its account, read in the same transaction: the access token is issued from this row.
    Opened(Box<Account>),
    /// The account is disabled, gone, or at another generation. Nothing was written.
    AccountChanged,
}

/// A session as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What the browser called itself.
    pub device: String,
    /// When it began.
    pub created: UnixTime,
    /// When it was last renewed; when it began, if never.
    pub renewed: UnixTime,
    /// When it ends at the latest.
    pub expires: UnixTime,
}

impl Session {
    /// Puts the parts together.
    #[must_use]
    pub fn new(id: SessionId, device: String, created: UnixTime, renewed: UnixTime, expires: UnixTime) -> Self {
        Self { id, device, created, renewed, expires }
    }
}

/// What became of ending a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Ended {
    /// It was live and has ended.
    Ended,
    /// The account has no such live session.
    NotFound,
    /// The [`Actor`] did not pass. Nothing was written.
    ActorChanged,
}
