//! Store traits of sessions: [`SessionStore`] keeps the sessions of an account, and
//! [`RefreshTokenStore`] refreshes them.

use std::future::Future;

use hallpass_core::{Methods, UnixTime};

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, CommandOutcome, Confirmation, OwnChange, OwnChangeOutcome},
        store::AccountStore,
    },
    session::{
        SessionSettings,
        refresh_state::{RefreshChain, RefreshHash, Rotation},
        session_id::SessionId,
    },
};

/// Keeps sessions. The trait turns on `/account/sessions`, and makes a logout and "log out
/// everywhere" effective on every node.
///
/// Without it a logout removes the cookie and revokes the session on the node that handled it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store sessions: it does not implement `SessionStore`",
    label = "`SessionStore` is not implemented for this type",
    note = "write `impl SessionStore for {Self}`, or call neither `.sessions()` nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait SessionStore: AccountStore {
    /// Opens a session, **atomically with the check** that the account is enabled and still at
    /// `generation`. A password change or a disabling between the read of the account and this call
    /// must win.
    ///
    /// If the account then has more than [`limit`](NewSession::limit) sessions, the others that
    /// were not refreshed for the longest time end, **in the same transaction**, and are written to
    /// the log. The new session stays.
    ///
    /// # Errors
    /// The error of the store.
    fn open(
        &self,
        session: NewSession,
    ) -> impl Future<Output = Result<OpenOutcome, Self::Error>> + Send;

    /// Lists the account's sessions that have not expired at `now`, newest first. A session that
    /// can be refreshed also expires when it is idle.
    ///
    /// # Errors
    /// The error of the store.
    fn list(
        &self,
        account: &AccountId,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<Session>, Self::Error>> + Send;

    /// Deletes up to `limit` sessions that have expired at `now`, and returns their number. Their
    /// tokens have expired too, so nothing is logged. The sync calls this every minute.
    ///
    /// # Errors
    /// The error of the store.
    fn prune(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Ends one session **of this account** and writes the log, in one transaction. For a session
    /// of another account the outcome is [`EndOutcome::NotFound`], and that session stays. `by` is
    /// the person who ends it from the list of sessions. `None` is a logout of that session itself,
    /// which works in any state of the account.
    ///
    /// # Errors
    /// The error of the store.
    fn end(
        &self,
        account: &AccountId,
        session: &SessionId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<EndOutcome, Self::Error>> + Send;

    /// Ends all sessions of the account except the acting one: deletes the rows, raises the
    /// generation and writes the log, in **one transaction**, if the [`Actor`] is valid.
    ///
    /// The generation is raised so that tokens whose session has no row are revoked as well. The
    /// acting session gets a token of the new generation.
    ///
    /// # Errors
    /// The error of the store.
    fn end_others(
        &self,
        own: &OwnChange,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Confirms the person of the acting session: replaces the session's methods and its time of
    /// authentication, in **one transaction** and only if the [`Actor`] is valid. The refresh token
    /// stays, and nothing is revoked. The outcome contains the session.
    ///
    /// # Errors
    /// The error of the store.
    fn confirm(
        &self,
        confirmation: &Confirmation,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Ends all sessions of the account: deletes the rows, raises the generation and writes the
    /// log, in **one transaction**. `by` is the person who runs the command through a route of the
    /// site. `None` is the application itself or an operator at a terminal.
    ///
    /// # Errors
    /// The error of the store.
    fn end_all(
        &self,
        account: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<CommandOutcome, Self::Error>> + Send;
}

/// The session to open.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NewSession {
    /// A new random id.
    pub id: SessionId,
    /// The account.
    pub account: AccountId,
    /// The generation that the account must still have.
    pub generation: u32,
    /// The browser's name of itself, cut to 200 characters. It is shown as text on the sessions
    /// page.
    pub device: String,
    /// The time at which it begins.
    pub at: UnixTime,
    /// The latest time at which it ends.
    pub expires: UnixTime,
    /// The time of the login, if the login was as strong as `/session/confirm` requires of the
    /// account. `None` for a login without the second factor of the account, in a trusted browser.
    pub authenticated_at: Option<UnixTime>,
    /// The start of its refresh tokens. `None` means that it cannot be refreshed, and lasts as long
    /// as its access token. Only a store that implements
    /// [`RefreshTokenStore`](crate::RefreshTokenStore) receives `Some`.
    pub refresh_chain: Option<RefreshChain>,
    /// Maximum number of sessions of the account, with this one. At least 1.
    pub limit: u32,
}

impl NewSession {
    /// Creates a session that cannot be refreshed.
    #[must_use]
    pub fn new(
        id: SessionId,
        account: AccountId,
        generation: u32,
        device: String,
        at: UnixTime,
        expires: UnixTime,
    ) -> Self {
        let limit = SessionSettings::default().per_account;
        let (authenticated_at, refresh_chain) = (None, None);
        Self {
            id,
            account,
            generation,
            device,
            at,
            expires,
            authenticated_at,
            refresh_chain,
            limit,
        }
    }

    /// Sets the maximum number of sessions of the account. Defaults to 100, and is at least 1.
    #[must_use]
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = limit.max(1);
        self
    }

    /// Sets the time of the login. Defaults to `None`.
    #[must_use]
    pub fn with_authenticated_at(mut self, at: Option<UnixTime>) -> Self {
        self.authenticated_at = at;
        self
    }

    /// Sets the start of its refresh tokens. Defaults to `None`.
    #[must_use]
    pub fn with_refresh_chain(mut self, refresh_chain: Option<RefreshChain>) -> Self {
        self.refresh_chain = refresh_chain;
        self
    }
}

/// The outcome of opening a session.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum OpenOutcome {
    /// The session was opened.
    Opened {
        /// Its account, read in the same transaction. The access token is issued from this row.
        account: Box<Account>,
        /// The sessions that ended because the account had too many.
        ended: Vec<SessionId>,
    },
    /// The account is disabled, deleted, or at another generation. Nothing was written.
    AccountChanged,
}

/// A session in the list of sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Session {
    /// The id of the session.
    pub id: SessionId,
    /// The browser's name of itself.
    pub device: String,
    /// The time at which it began.
    pub created: UnixTime,
    /// The time of the last refresh, or the time at which it began.
    pub refreshed: UnixTime,
    /// The latest time at which it ends.
    pub expires: UnixTime,
}

impl Session {
    /// Creates a session.
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

/// The outcome of ending a session.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum EndOutcome {
    /// The session was live and has ended.
    Ended,
    /// The account has no such live session.
    NotFound,
    /// The [`Actor`] was not valid. Nothing was written.
    ActorChanged,
}

/// Keeps refresh tokens as hashes, one live token per session (refresh-token rotation). The trait
/// turns on `POST /session/refresh`, and refreshes within a request.
///
/// [`Rotation`] contains the computation. A store loads the session's
/// [`RefreshState`](crate::RefreshState), calls [`Rotation::present`] and writes the returned
/// state, in one transaction that takes its write lock before it reads. A session can be refreshed
/// if it was [opened](SessionStore::open) with a
/// [`refresh_chain`](crate::NewSession::refresh_chain).
///
/// # Requirements on the other traits A method that keeps one session and ends the others
/// ([`PasswordStore::change`](crate::PasswordStore::change),
/// [`TwoFactorStore::enable`](crate::TwoFactorStore::enable) and
/// [`disable`](crate::TwoFactorStore::disable), [`SessionStore::end_others`]) replaces the refresh
/// tokens of the kept session by [`OwnChange::refresh_chain`](crate::OwnChange::refresh_chain),
/// **in the same transaction**: the first token of the chain is live, the session counts as
/// refreshed now, and the consumed tokens are those of [`RefreshChain::after`]: earlier tokens lead
/// to the chain within their grace period, and end the session afterwards. Otherwise a copy of an
/// earlier token would stay valid after the new password. With `None` the session cannot be
/// refreshed any more.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store refresh tokens: it does not implement `RefreshTokenStore`",
    label = "`RefreshTokenStore` is not implemented for this type",
    note = "write `impl RefreshTokenStore for {Self}`, or call neither `.refresh_tokens()` nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait RefreshTokenStore: SessionStore {
    /// Presents a refresh token of the session: consumes it, follows it within the grace period, or
    /// ends the session.
    ///
    /// **Atomic:** of any number of concurrent calls with one token, in any number of processes,
    /// exactly one returns [`RefreshOutcome::Consumed`], and every other call returns the live
    /// token that it wrote. Session and account are read in one transaction. A generation that is
    /// read later than the session would sign a token for a session that has ended.
    ///
    /// The checks, in order: if the session does not exist or cannot be refreshed, or the account
    /// is deleted or disabled, the outcome is [`RefreshOutcome::Ended`] and nothing is written.
    /// Then [`Rotation::present`] decides. If the session ends, its row is deleted and the log is
    /// written, in the same transaction, with the later of [`Rotation::at`] and the last refresh as
    /// its time. A clock that was set back must not cause the entry to be deleted early.
    ///
    /// A wrong `Consumed` starts a second chain, which a thief can use. A wrong `Reused` logs a
    /// legitimate person out.
    ///
    /// # Errors
    /// The error of the store.
    fn refresh(
        &self,
        session: &SessionId,
        rotation: &Rotation,
    ) -> impl Future<Output = Result<RefreshOutcome, Self::Error>> + Send;
}

/// The outcome of a presented refresh token.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Debug)]
#[must_use]
pub enum RefreshOutcome {
    /// This call, and no other, consumed the token. Its successor is live.
    Consumed(Box<RefreshedSession>),
    /// The token was consumed within the grace period.
    InGrace {
        /// The live token.
        live: RefreshHash,
        /// The time at which the presented token was consumed.
        consumed: UnixTime,
        /// The current session.
        session: Box<RefreshedSession>,
    },
    /// The token is the predecessor of the live token, which was never presented, and the grace
    /// period is over ([`RotationOutcome::Lost`](crate::RotationOutcome::Lost)). Nothing was
    /// written. The engine calls again with
    /// [`Rotation::replacing`](crate::Rotation::replacing).
    Lost {
        /// The live token.
        live: RefreshHash,
        /// The account of the session.
        account: AccountId,
    },
    /// The token was consumed before the grace period and its successor was presented, or the
    /// session never had it. This call has ended the session.
    Reused {
        /// The account of the session.
        account: AccountId,
    },
    /// The session has ended or never existed.
    Ended,
    /// The token is live, but too many were consumed within the grace period. Nothing was written.
    TooOften,
}

/// A session that continues, and its account, from one read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefreshedSession {
    /// The account, as [`AccountStore`](crate::AccountStore) reads it.
    pub account: Account,
    /// The time at which the session began.
    pub created: UnixTime,
    /// The time of the last full proof of the person, or `None` if it is not known.
    pub authenticated_at: Option<UnixTime>,
    /// The authentication methods of the login.
    pub methods: Methods,
    /// The time at which the session ends unless it is refreshed again.
    pub idle_until: UnixTime,
    /// The latest time at which the session ends.
    pub expires: UnixTime,
}

impl RefreshedSession {
    /// Creates a refreshed session.
    #[must_use]
    pub fn new(
        account: Account,
        created: UnixTime,
        methods: Methods,
        idle_until: UnixTime,
        expires: UnixTime,
    ) -> Self {
        Self { account, created, authenticated_at: None, methods, idle_until, expires }
    }

    /// Sets the time of the last full proof of the person. Defaults to `None`.
    #[must_use]
    pub fn with_authenticated_at(mut self, at: Option<UnixTime>) -> Self {
        self.authenticated_at = at;
        self
    }
}
