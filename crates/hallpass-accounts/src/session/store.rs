//! Store traits of sessions: who is signed in where, and what lets a session outlive its access
//! token.

use std::future::Future;

use hallpass_core::{Methods, UnixTime};

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, CommandOutcome, OwnChange, OwnChangeOutcome},
        store::AccountStore,
    },
    session::{
        refresh_state::{RefreshChain, RefreshHash, Rotation},
        session_id::SessionId,
    },
};

/// Keeps sessions: turns on `/profile/sessions`, and makes log-out and "sign out everywhere" hold
/// on every node.
///
/// Without it a log-out removes the cookie and revokes the session on the node that answered.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store sessions: it does not implement `SessionStore`",
    label = "`SessionStore` is not implemented for this type",
    note = "write `impl SessionStore for {Self}`, or call neither `.sessions()` nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait SessionStore: AccountStore {
    /// Opens a session, **atomically with the check** that the account is enabled and still at
    /// `generation`. A password change or a disabling that slipped between the read of the
    /// account and this call must win.
    ///
    /// # Errors
    /// The store's own.
    fn open(
        &self,
        session: NewSession,
    ) -> impl Future<Output = Result<OpenOutcome, Self::Error>> + Send;

    /// Lists the account's sessions that have not expired at `now`, newest first. One that can be
    /// renewed expires when it is idle, too.
    ///
    /// # Errors
    /// The store's own.
    fn list(
        &self,
        account: &AccountId,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<Session>, Self::Error>> + Send;

    /// Ends one session **of this account**, and writes the log, in one transaction. A session of
    /// somebody else is [`EndOutcome::NotFound`] and lives on. `by` is who ends it from the
    /// list of sessions; `None` is a log-out of that session itself, which works whatever has
    /// become of the account.
    ///
    /// # Errors
    /// The store's own.
    fn end(
        &self,
        account: &AccountId,
        session: &SessionId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<EndOutcome, Self::Error>> + Send;

    /// Ends all sessions of the account but the acting one: rows gone, generation raised, log
    /// written, in **one transaction**, if the [`Actor`] passes.
    ///
    /// The generation is raised, so that tokens whose session has no row are revoked as well. The
    /// acting session gets a token of the new generation.
    ///
    /// # Errors
    /// The store's own.
    fn end_others(
        &self,
        own: &OwnChange,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Ends all sessions of the account: rows gone, generation raised, log written, in **one
    /// transaction**. `by` is the person who commands it through a route of the site; `None` is
    /// the application itself or an operator at a terminal.
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
    /// The beginning of its refresh tokens. `None`: it cannot be renewed, and lasts as long as its
    /// access token. Only a store that is [`RefreshTokenStore`](crate::RefreshTokenStore) is
    /// given one.
    pub refresh_chain: Option<RefreshChain>,
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
        Self { id, account, generation, device, at, expires, refresh_chain: None }
    }

    /// Lets it be renewed. Defaults to not, because a site may have one token with one lifetime.
    #[must_use]
    pub fn with_refresh_chain(mut self, refresh_chain: Option<RefreshChain>) -> Self {
        self.refresh_chain = refresh_chain;
        self
    }
}

/// What became of opening a session.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum OpenOutcome {
    /// The session is there. This is its account, read in the same transaction: the access token is
    /// issued from this row.
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
    pub refreshed: UnixTime,
    /// When it ends at the latest.
    pub expires: UnixTime,
}

impl Session {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        id: SessionId,
        device: String,
        created: UnixTime,
        refreshed: UnixTime,
        expires: UnixTime,
    ) -> Self {
        Self { id, device, created, refreshed, expires }
    }
}

/// What became of ending a session.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum EndOutcome {
    /// It was live and has ended.
    Ended,
    /// The account has no such live session.
    NotFound,
    /// The [`Actor`] did not pass. Nothing was written.
    ActorChanged,
}

/// Keeps refresh tokens, hashed, one live for each session: turns on `POST /session/refresh`, and
/// renewal within a request.
///
/// The arithmetic is [`Rotation`]'s: a store loads the session's
/// [`RefreshState`](crate::RefreshState), asks [`Rotation::present`] and writes what it answers, in
/// one transaction that takes its write lock before it reads. A session becomes renewable by the
/// [`refresh_chain`](crate::NewSession::refresh_chain) with which it is
/// [opened](SessionStore::open).
///
/// # What this adds to the other traits
/// A method that keeps one session and ends the others
/// ([`PasswordStore::change`](crate::PasswordStore::change),
/// [`TwoFactorStore::enable`](crate::TwoFactorStore::enable) and
/// [`disable`](crate::TwoFactorStore::disable), [`SessionStore::end_others`]) replaces the refresh
/// tokens of the kept one, **in the same transaction**, by
/// [`OwnChange::refresh_chain`](crate::OwnChange::refresh_chain): its first token is live, the
/// session counts as refreshed now, and no earlier token is in its grace. Whoever holds a copy of
/// an earlier one would otherwise outlive the new password. With `None` the session cannot be
/// refreshed any more.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store refresh tokens: it does not implement `RefreshTokenStore`",
    label = "`RefreshTokenStore` is not implemented for this type",
    note = "write `impl RefreshTokenStore for {Self}`, or call neither `.refresh_tokens()` nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait RefreshTokenStore: SessionStore {
    /// Presents a refresh token of the session: consumes it, follows it within the grace, or ends
    /// the session.
    ///
    /// **Atomic:** of any number of calls at once with one token, in any number of processes,
    /// exactly one answers [`RefreshOutcome::Consumed`], and every other one the live token
    /// that it wrote. Session and account are of one moment: a generation read later than the
    /// session would sign a token for a session that is gone.
    ///
    /// In order: no such session, one that is not renewable, or an account that is gone or
    /// disabled: [`RefreshOutcome::Ended`], nothing is written. Then as [`Rotation::present`]
    /// says; where the session ends, its row goes and the log is written, in the same
    /// transaction, dated with the later of [`Rotation::at`] and the last renewal: a clock that was
    /// set back must not make the entry be forgotten early.
    ///
    /// A wrong `Consumed` starts a second chain, which a thief lives on; a wrong `Reused` signs an
    /// honest person out.
    ///
    /// # Errors
    /// The store's own.
    fn refresh(
        &self,
        session: &SessionId,
        rotation: &Rotation,
    ) -> impl Future<Output = Result<RefreshOutcome, Self::Error>> + Send;
}

/// What became of a presented refresh token.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum RefreshOutcome {
    /// This call, and no other, consumed it; its successor is live.
    Consumed(Box<RefreshedSession>),
    /// It was consumed within the grace; this one is live.
    InGrace {
        /// The live token.
        live: RefreshHash,
        /// The session as it is.
        session: Box<RefreshedSession>,
    },
    /// It was consumed before, and this call has ended the session.
    Reused {
        /// Whose it was.
        account: AccountId,
    },
    /// The session is over, or was never there.
    Ended,
    /// The live one, and too many were consumed within the grace. Nothing was written.
    TooOften,
}

/// A session that goes on, and its account, of one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefreshedSession {
    /// The account, as [`AccountStore`](crate::AccountStore) reads it.
    pub account: Account,
    /// When the session began: the moment of sign-in.
    pub created: UnixTime,
    /// How the person signed in.
    pub methods: Methods,
    /// When the session ends unless it is renewed again.
    pub idle_until: UnixTime,
    /// When it ends at the latest.
    pub expires: UnixTime,
}

impl RefreshedSession {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        account: Account,
        created: UnixTime,
        methods: Methods,
        idle_until: UnixTime,
        expires: UnixTime,
    ) -> Self {
        Self { account, created, methods, idle_until, expires }
    }
}
