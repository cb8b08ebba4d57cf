//! The revocation log: revocations in an order that a cursor can follow.

use std::{
    convert::Infallible,
    future::{Future, pending, ready},
};

use hallpass_core::UnixTime;

use crate::{account::AccountId, session::session_id::SessionId, site::store::StoreFacts};

/// Reads the revocation log. Not a subtrait of [`AccountStore`](crate::AccountStore), because the
/// log may be in another store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no revocation log: it does not implement `RevocationLog`",
    label = "`RevocationLog` is not implemented for this type",
    note = "write `impl RevocationLog for {Self}`, or give `.revocation_log_in(store)` a store that has one",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait RevocationLog: Send + Sync + 'static {
    /// The error of this store.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads the changes after the cursor, oldest first, in pages of a size that the store chooses.
    /// Returns the changes and the next cursor. If the returned cursor is the same, or if the page
    /// [is the last](RevocationPage::is_last), the reader is at the end.
    ///
    /// **Nothing is skipped:** a change whose transaction commits late must come after every cursor
    /// that was returned before that commit. **Nothing waits:** a reader that reads to the end
    /// receives every change that was committed by then, even if another transaction is still open
    /// and the cursor cannot move past it yet. A change may be returned twice.
    ///
    /// # Errors
    /// The error of the store.
    fn read_after(
        &self,
        cursor: Cursor,
    ) -> impl Future<Output = Result<RevocationPage, Self::Error>> + Send;

    /// Deletes the changes made before `before`. No live token can be affected by them. Cursors
    /// stay valid.
    ///
    /// # Errors
    /// The error of the store.
    fn purge_before(
        &self,
        before: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deletes up to `limit` changes made before `before`, earliest first. Returns their number.
    /// The sync calls this every minute until it returns 0, so that no call runs long. Rows that
    /// another transaction has locked are skipped.
    ///
    /// Defaults to [`purge_before`](Self::purge_before), which deletes all of them in one call, and
    /// returns 0.
    ///
    /// # Errors
    /// The error of the store.
    fn prune(
        &self,
        before: UnixTime,
        limit: u32,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send {
        let _in_one_call = limit;
        async move { self.purge_before(before).await.map(|()| 0) }
    }

    /// Returns the notifier that wakes a reader when the log has changes. Defaults to
    /// [`NoNotifier`]: the poll finds a change within a second.
    fn notifier(&self) -> impl Notifier {
        NoNotifier
    }

    /// Separates this site from the other sites that use the same store, for a store that several
    /// sites share. The engine calls this once at the start, before any other use, with the id of
    /// the store that has the accounts. Defaults to nothing.
    ///
    /// # Errors
    /// The store has another id already, or was used before.
    fn scope(&self, store_id: &str) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _not_shared = store_id;
        ready(Ok(()))
    }

    /// Publishes a change that the store has made to a log outside the store. Defaults to doing
    /// nothing, because a store with its own log has written it in the transaction of the change.
    ///
    /// # Errors
    /// The error of the store. The engine then retries until the log accepts the change.
    fn publish(&self, change: &Revocation) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _told_already = change;
        ready(Ok(()))
    }

    /// Returns the id of the database in which this store commits. See
    /// [`AccountStore::database_id`](crate::AccountStore::database_id).
    ///
    /// # Errors
    /// The error of the store.
    fn database_id(&self) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send {
        ready(Ok(None))
    }

    /// Returns the state of the store's connections at this moment, for metrics. Defaults to
    /// `None`, for a store without a pool.
    fn connections(&self) -> Option<StoreConnections> {
        None
    }
}

/// The connections of a store's pool, for metrics.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StoreConnections {
    /// Number of open connections, idle ones included.
    pub open: u32,
    /// Number of connections that no call uses.
    pub idle: u32,
    /// Number of calls that wait for a connection.
    pub waiting: u32,
}

/// A position in the log. Only the store interprets its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Cursor(u128);

impl Cursor {
    /// The position before the oldest change that is still stored.
    pub const START: Self = Self(0);

    /// Creates a cursor from the store's number. 0 is [`Cursor::START`].
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

/// A page of the log.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevocationPage {
    /// The revocations, oldest first.
    pub changes: Vec<Revocation>,
    /// The cursor of the next page.
    pub cursor: Cursor,
    /// Number of entries that were skipped, because this version cannot read them. One corrupt
    /// entry must not hide those after it.
    pub skipped: u64,
    /// The facts of the store, from the same consistent read. `None` if the store keeps none.
    pub facts: Option<StoreFacts>,
    /// Whether the log had no entry after this page when it was read. With `false`, which is always
    /// correct, the reader asks for a further page if the cursor has moved.
    pub is_last: bool,
}

impl Revocation {
    /// Returns the number below which tokens are not accepted. An ended session has none: 0.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::RevokedBelow { number, .. } | Self::StaleBelow { number, .. } => {
                u64::from(*number)
            }
            Self::EpochRaised { epoch, .. } => *epoch,
            Self::SessionEnded { .. } => 0,
        }
    }

    /// Returns the time of the revocation.
    #[must_use]
    pub fn at(&self) -> UnixTime {
        match self {
            Self::RevokedBelow { at, .. }
            | Self::StaleBelow { at, .. }
            | Self::SessionEnded { at, .. }
            | Self::EpochRaised { at, .. } => *at,
        }
    }
}

/// An event after which tokens are not accepted any more. It contains what the store wrote, so that
/// a node can write it again into a store that lost it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Revocation {
    /// Tokens of the account with a lower `gen` are revoked.
    RevokedBelow {
        /// The account.
        account: AccountId,
        /// The account's [`revoked_below`](crate::AccountNumbers::revoked_below).
        number: u32,
        /// Whether the account is disabled.
        disabled: bool,
        /// The time of the change.
        at: UnixTime,
    },
    /// Tokens of the account with a lower `gen` are stale.
    StaleBelow {
        /// The account.
        account: AccountId,
        /// The account's [`stale_below`](crate::AccountNumbers::stale_below).
        number: u32,
        /// The time of the change.
        at: UnixTime,
    },
    /// Tokens of this session are revoked.
    SessionEnded {
        /// The session.
        session: SessionId,
        /// The time at which the session ended.
        at: UnixTime,
    },
    /// The sessions of the whole site were ended.
    EpochRaised {
        /// The epoch of the site.
        epoch: u64,
        /// The time of the change.
        at: UnixTime,
    },
}

/// Waits for changes of a [`RevocationLog`](crate::RevocationLog), on its own connection.
///
/// A notification contains no change and may be lost, duplicated or false. It only causes the
/// reader to read the log. The reader also polls the log.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot wait for news of a revocation log: it does not implement `Notifier`",
    label = "`Notifier` is not implemented for this type",
    note = "use `NoNotifier`, or write `impl Notifier for {Self}`",
    note = "guide: docs/guide/src/revocation.md"
)]
pub trait Notifier: Send + 'static {
    /// The error of the connection.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Waits until the log may have changes. The first call, and the first call after an error,
    /// connects, and returns as soon as no later change can be missed. Earlier changes are already
    /// in the log.
    ///
    /// # Errors
    /// The connection is lost or cannot be made. The caller waits a little and calls again.
    fn notified(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns the kind of the push in a few words, for logs and checks, such as `LISTEN`. `None`
    /// if this notifier never wakes a reader. Defaults to `the notifier of the store`.
    fn push(&self) -> Option<&'static str> {
        Some("the notifier of the store")
    }
}

/// A notifier that never wakes the reader: the log is only polled.
#[derive(Clone, Copy, Default, Debug)]
pub struct NoNotifier;

impl Notifier for NoNotifier {
    type Error = Infallible;

    async fn notified(&mut self) -> Result<(), Infallible> {
        pending().await
    }

    fn push(&self) -> Option<&'static str> {
        None
    }
}
