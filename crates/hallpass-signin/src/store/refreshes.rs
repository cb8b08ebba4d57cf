//! Keeping refresh tokens: what lets a session outlive its access token.

use std::future::Future;

use hallpass_core::{Methods, UnixTime};

use crate::{
    account::{Account, AccountId},
    refresh_hash::RefreshHash,
    refresh_state::Renewal,
    session_id::SessionId,
    store::Sessions,
};

/// Keeps refresh tokens, hashed, one live for each session: turns on `POST /session/refresh`, and renewal within a request.
///
/// The arithmetic is [`Renewal`]'s: a store loads the session's [`RefreshState`](crate::RefreshState), asks
/// [`Renewal::present`] and writes what it answers, in one transaction that takes its write lock before it reads. A session
/// becomes renewable by the [`renewable`](crate::NewSession::renewable) with which it is [opened](Sessions::open).
///
/// # What this adds to the other traits
/// A method that keeps one session and ends the others ([`Passwords::change`](crate::Passwords::change),
/// [`SecondFactors::enable`](crate::SecondFactors::enable) and [`disable`](crate::SecondFactors::disable),
/// [`Sessions::end_others`]) replaces the refresh tokens of the kept one, **in the same transaction**, by
/// [`OwnChange::renewable`](crate::OwnChange::renewable): its first token is live, the session counts as refreshed now, and no
/// earlier token is in its grace. Whoever holds a copy of an earlier one would otherwise outlive the new password. With `None`
/// the session cannot be refreshed any more.
pub trait Refreshes: Sessions {
    /// Presents a refresh token of the session: spends it, follows it within the grace, or ends the session.
    ///
    /// **Atomic:** of any number of calls at once with one token, in any number of processes, exactly one answers
    /// [`Renewed::Spent`], and every other one the live token that it wrote. Session and account are of one moment: a generation
    /// read later than the session would sign a token for a session that is gone.
    ///
    /// In order: no such session, one that is not renewable, or an account that is gone or disabled: [`Renewed::Ended`], nothing
    /// is written. Then as [`Renewal::present`] says; where the session ends, its row goes and the feed is written, in the same
    /// transaction, dated with the later of [`Renewal::at`] and the last renewal: a clock that was set back must not make the entry
    /// be forgotten early.
    ///
    /// A wrong `Spent` starts a second chain, which a thief lives on; a wrong `Reused` signs an honest person out.
    ///
    /// # Errors
    /// The store's own.
    fn renew(
        &self,
        session: &SessionId,
        renewal: &Renewal,
    ) -> impl Future<Output = Result<Renewed, Self::Error>> + Send;
}

/// What became of a presented refresh token.
#[derive(Clone, Debug)]
#[must_use]
pub enum Renewed {
    /// This call, and no other, spent it; its successor is live.
    Spent(Box<RenewedSession>),
    /// It was spent within the grace; this one is live.
    InGrace {
        /// The live token.
        live: RefreshHash,
        /// The session as it is.
        session: Box<RenewedSession>,
    },
    /// It was spent before, and this call has ended the session.
    Reused {
        /// Whose it was.
        account: AccountId,
    },
    /// The session is over, or was never there.
    Ended,
    /// The live one, and too many were spent within the grace. Nothing was written.
    TooOften,
}

/// A session that goes on, and its account, of one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RenewedSession {
    /// The account, as [`Accounts`](crate::Accounts) reads it.
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

impl RenewedSession {
    /// Puts the parts together.
    #[must_use]
    pub fn new(account: Account, created: UnixTime, methods: Methods, idle_until: UnixTime, expires: UnixTime) -> Self {
        Self { account, created, methods, idle_until, expires }
    }
}
