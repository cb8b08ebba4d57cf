//! A person's change to their own account: its conditions and its outcome.
//!
//! Between the decision and the write, an operator may disable the account, remove a role or log
//! the person out. If the write did not check the conditions again, it would raise the number past
//! the operator's, and the person would continue with a token of the new number. Therefore
//! every such write carries an [`Actor`], and the store checks the actor in the transaction of the
//! write.

use hallpass_core::{MAX_CLOCK_SKEW, Methods, UnixTime};

use crate::{
    account::{Account, AccountId},
    browser::BrowserHash,
    session::{
        refresh_state::{PresentedRefresh, RefreshChain, RefreshState},
        session_id::SessionId,
    },
};

/// A logged-in person who makes a change, as the access token describes them.
///
/// **A store checks in the transaction of the change** that the account exists and is enabled, and
/// that its `revoked_below` is not above `generation`, and `generation` not above both its numbers.
/// For a command, its `stale_below` must not be above `generation` either, because the actor's
/// roles decided. If `session` is `Some`, the store also checks that the session exists and belongs
/// to the account. If `refresh` or `recent` is `Some`, the store calls
/// [`accepts_session`](Self::accepts_session) with the row of that session, under the lock of the
/// transaction. Otherwise it writes nothing.
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
    /// The refresh token of the request, if the change requires one. It must be the session's
    /// current token, or have been consumed within the grace period.
    pub refresh: Option<PresentedRefresh>,
    /// The earliest time of the [confirmation](SessionRow::authenticated_at) that the change
    /// requires, together with `refresh`. `None` if the request itself contains the proof.
    pub recent: Option<UnixTime>,
}

impl Actor {
    /// Creates an actor.
    #[must_use]
    pub fn new(account: AccountId, generation: u32, session: Option<SessionId>) -> Self {
        Self { account, generation, epoch: 0, session, refresh: None, recent: None }
    }

    /// Sets the epoch of the actor's token. Defaults to 0.
    #[must_use]
    pub fn with_epoch(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }

    /// Sets the refresh token of the request. Defaults to `None`.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Option<PresentedRefresh>) -> Self {
        self.refresh = refresh;
        self
    }

    /// Requires a confirmation at this time or later. Defaults to `None`.
    #[must_use]
    pub fn with_recent(mut self, since: Option<UnixTime>) -> Self {
        self.recent = since;
        self
    }

    /// Returns `Some` if the session has the refresh token and the confirmation that the actor
    /// requires. `row` is the session as the transaction of the change sees it.
    ///
    /// A copied access cookie has neither, even seconds after the login (ASVS 5.0, 7.5.1). Tested
    /// in `store_suite/account/own_change.rs` of `hallpass-testkit`.
    #[must_use]
    pub fn accepts_session(&self, row: &SessionRow<'_>) -> Option<()> {
        if let Some(presented) = &self.refresh {
            row.refresh.filter(|state| state.is_presented(presented).is_some())?;
        }
        if let Some(since) = self.recent {
            let latest = self.refresh.as_ref()?.at.saturating_add(MAX_CLOCK_SKEW);
            row.authenticated_at.filter(|at| since <= *at && *at <= latest)?;
            // A login with the password only, in a trusted browser, is not a confirmation.
            if row.has_second_factor && !row.methods.includes_second_factor() {
                return None;
            }
        }
        Some(())
    }
}

/// The row of a session, for the conditions of an [`Actor`].
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, Copy, Debug)]
pub struct SessionRow<'a> {
    /// The state of the refresh token. `None` if the session cannot be refreshed.
    pub refresh: Option<&'a RefreshState>,
    /// The time of the last proof of the person that was as strong as `/session/confirm` requires.
    /// `None` if it is not known.
    pub authenticated_at: Option<UnixTime>,
    /// The authentication methods of the session.
    pub methods: Methods,
    /// Whether a second factor of the account is on.
    pub has_second_factor: bool,
}

/// A confirmation: the person of a session has shown again who they are.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Confirmation {
    /// The person. A store checks the actor in the transaction of the change.
    pub actor: Actor,
    /// The methods that the person has just shown, which are those of the session from now on.
    pub methods: Methods,
    /// The time.
    pub at: UnixTime,
}

impl Confirmation {
    /// Creates a confirmation.
    #[must_use]
    pub fn new(actor: Actor, methods: Methods, at: UnixTime) -> Self {
        Self { actor, methods, at }
    }
}

/// The session that continues after a change, as the transaction left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeptSession {
    /// The time of the last full proof of the person, or `None` if it is not known.
    pub authenticated_at: Option<UnixTime>,
    /// The latest time at which the session ends.
    pub expires: UnixTime,
}

impl KeptSession {
    /// Creates a session.
    #[must_use]
    pub fn new(authenticated_at: Option<UnixTime>, expires: UnixTime) -> Self {
        Self { authenticated_at, expires }
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
    /// The time of the full proof that the request contains. The store writes it to the acting
    /// session if the change revokes. `None` leaves the session's time unchanged.
    pub authenticated_at: Option<UnixTime>,
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
        Self {
            actor,
            at,
            refresh_chain: None,
            authenticated_at: None,
            ends_session: false,
            browser: None,
        }
    }

    /// Sets the time of the full proof that the request contains. Defaults to `None`.
    #[must_use]
    pub fn with_authenticated_at(mut self, at: Option<UnixTime>) -> Self {
        self.authenticated_at = at;
        self
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
    /// The change was made. The values are the account and the acting session as the transaction
    /// left them. Tokens are issued from these rows, and never from a row that was read before the
    /// write. There is no session if the change ended it, if it revokes nothing, or if the actor
    /// has none.
    Written(Box<Account>, Option<KeptSession>),
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
