//! The revocation log: what was revoked, in an order that a cursor can follow.

use std::{
    convert::Infallible,
    future::{Future, pending},
};

use hallpass_core::UnixTime;

use crate::{account::AccountId, session::session_id::SessionId};

/// Reads the revocation log. Not tied to [`AccountStore`](crate::AccountStore), because the log may
/// live in another store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no revocation log: it does not implement `RevocationLog`",
    label = "`RevocationLog` is not implemented for this type",
    note = "write `impl RevocationLog for {Self}`, or give `.revocation_log_in(store)` a store that has one",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait RevocationLog: Send + Sync + 'static {
    /// What goes wrong in this store.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads the changes behind the cursor, oldest first, as many as the store likes to hand over
    /// at once, and where to go on. The same cursor, with changes or without: the reader has
    /// caught up.
    ///
    /// **Nothing is skipped:** a change whose transaction commits late must come behind every
    /// cursor handed out before that commit. **Nothing waits:** who reads to the end gets every
    /// change that was committed by then, even where another transaction is still open and the
    /// cursor cannot move beyond it yet. Coming twice does no harm.
    ///
    /// # Errors
    /// The store's own.
    fn read_after(
        &self,
        cursor: Cursor,
    ) -> impl Future<Output = Result<RevocationPage, Self::Error>> + Send;

    /// Drops the changes made before `before`: no live token can carry what they revoke. Cursors
    /// stay good.
    ///
    /// # Errors
    /// The store's own.
    fn purge_before(
        &self,
        before: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What wakes a reader when there is news. Defaults to [`NoNotifier`], because the poll finds
    /// it too, a second later.
    fn notifier(&self) -> impl Notifier {
        NoNotifier
    }

    /// Tells the log of a change that the store has made, for a log that lives elsewhere. Defaults
    /// to nothing, because a store with a log of its own has written it in the transaction of
    /// the change.
    ///
    /// # Errors
    /// The store's own. The sign-in then goes on telling until the log takes it.
    fn publish(&self, change: &Revocation) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _told_already = change;
        std::future::ready(Ok(()))
    }
}

/// A place in the log. Its number means something to the store only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Cursor(u128);

impl Cursor {
    /// The place before the oldest change that is still kept.
    pub const START: Self = Self(0);

    /// Makes a cursor of the store's number. 0 is [`Cursor::START`].
    #[must_use]
    pub const fn from_number(number: u128) -> Self {
        Self(number)
    }

    /// Returns the store's number.
    #[must_use]
    pub const fn number(self) -> u128 {
        self.0
    }
}

/// A stretch of the log.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevocationPage {
    /// What was revoked, oldest first.
    pub changes: Vec<Revocation>,
    /// Where to go on.
    pub cursor: Cursor,
}

impl Revocation {
    /// When it was made.
    #[must_use]
    pub fn at(&self) -> UnixTime {
        match self {
            Self::Generation { at, .. } | Self::SessionEnded { at, .. } => *at,
        }
    }
}

/// One thing that revokes tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Revocation {
    /// Tokens of the account below this generation are revoked.
    Generation {
        /// Whose.
        account: AccountId,
        /// The lowest generation that is good.
        generation: u32,
        /// When it was raised.
        at: UnixTime,
    },
    /// Tokens of this session are revoked.
    SessionEnded {
        /// Which.
        session: SessionId,
        /// When it ended.
        at: UnixTime,
    },
}

/// Waits for news of a [`RevocationLog`](crate::RevocationLog), on a connection of its own.
///
/// A push carries no change and may be lost, doubled or false: it says "read the log now", and the
/// log is what counts. Whoever reads the log polls it as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot wait for news of a revocation log: it does not implement `Notifier`",
    label = "`Notifier` is not implemented for this type",
    note = "use `NoNotifier`, or write `impl Notifier for {Self}`",
    note = "guide: docs/guide/src/revocation.md"
)]
pub trait Notifier: Send + 'static {
    /// What goes wrong on the way.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Waits until the log may have news. The first call, and the first after an error, connects,
    /// and answers as soon as nothing later can be missed: what happened before is there to be
    /// read.
    ///
    /// # Errors
    /// The connection is lost or cannot be made. The caller waits a little and calls again.
    fn notified(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// No news is ever told: the log is polled alone.
#[derive(Clone, Copy, Default, Debug)]
pub struct NoNotifier;

impl Notifier for NoNotifier {
    type Error = Infallible;

    async fn notified(&mut self) -> Result<(), Infallible> {
        pending().await
    }
}
