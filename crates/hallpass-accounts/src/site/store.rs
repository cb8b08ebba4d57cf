//! The facts of a store, and the store trait that writes them.

use std::future::{Future, ready};

use hallpass_core::UnixTime;

use crate::{account::AccountId, revocation::store::Revocation};

/// The facts of a store, from one consistent read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StoreFacts {
    /// The random id of the store. It names the store in caches that several sites share.
    pub store_id: String,
    /// The epoch of the site. Tokens and sessions with a lower epoch are revoked.
    pub epoch: u64,
    /// The time of the store.
    pub now: UnixTime,
    /// The highest number that the revocation log has assigned, or 0.
    pub highest: u64,
    /// The time of the newest entry of the revocation log. `None` if the log is empty.
    pub newest: Option<UnixTime>,
    /// The incarnation that the nodes recorded. `None` if none has been recorded.
    pub recorded: Option<Incarnation>,
    /// The incarnation that the server reports now. `None` if it cannot report it: then neither a
    /// restored backup nor a failover is noticed.
    pub observed: Option<Incarnation>,
    /// Whether the server is a replica that accepts no writes.
    pub is_replica: bool,
    /// Whether a record outside the store shows that the store is an older copy, although no
    /// incarnation is recorded in it.
    pub is_older_copy: bool,
}

impl StoreFacts {
    /// Creates the facts of a store that reports no incarnation.
    #[must_use]
    pub fn new(store_id: impl Into<String>, epoch: u64, now: UnixTime) -> Self {
        Self {
            store_id: store_id.into(),
            epoch,
            now,
            highest: 0,
            newest: None,
            recorded: None,
            observed: None,
            is_replica: false,
            is_older_copy: false,
        }
    }

    /// Sets the time of the store.
    #[must_use]
    pub fn at(mut self, now: UnixTime) -> Self {
        self.now = now;
        self
    }

    /// Sets the highest number that the revocation log has assigned, and the time of its newest
    /// entry.
    #[must_use]
    pub fn with_log(mut self, highest: u64, newest: Option<UnixTime>) -> Self {
        self.highest = highest;
        self.newest = newest;
        self
    }

    /// Sets the recorded and the observed incarnation.
    #[must_use]
    pub fn with_incarnations(
        mut self,
        recorded: Option<Incarnation>,
        observed: Option<Incarnation>,
    ) -> Self {
        self.recorded = recorded;
        self.observed = observed;
        self
    }

    /// Sets whether a record outside the store shows that it is an older copy.
    #[must_use]
    pub fn with_older_copy(mut self, is_older_copy: bool) -> Self {
        self.is_older_copy = is_older_copy;
        self
    }

    /// Sets whether the server is a replica that accepts no writes.
    #[must_use]
    pub fn with_replica(mut self, is_replica: bool) -> Self {
        self.is_replica = is_replica;
        self
    }
}

/// The facts that a restored backup does not have, and that a failover changes.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incarnation {
    /// The server, the database and the table. A restored backup has another identity.
    pub identity: String,
    /// The timeline of the server. A replica that takes over begins a new one.
    pub timeline: u64,
}

/// Writes the facts of the site.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not keep the facts of the site: it does not implement `SiteStore`",
    label = "`SiteStore` is not implemented for this type",
    note = "write `impl SiteStore for {Self}`, or call neither `.site_facts()` nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait SiteStore: Send + Sync + 'static {
    /// The error of this store.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Ends every session of the site: raises the epoch to the larger of the epoch plus one and the
    /// time in seconds, and writes the revocation log, in **one transaction**. Returns the new
    /// epoch.
    ///
    /// # Errors
    /// The error of the store.
    fn raise_epoch(&self, at: UnixTime) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Replaces the recorded incarnation. **Atomic:** compare-and-set on `old`. Returns whether the
    /// new incarnation was recorded by this call.
    ///
    /// # Errors
    /// The error of the store.
    fn record_incarnation(
        &self,
        old: Option<&Incarnation>,
        new: &Incarnation,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Writes revocations again that a failover may have lost, in **one transaction**: raises each
    /// number to at least the given one, disables the account if the revocation disabled it, and
    /// deletes the sessions that the revocation ended. Entries that the store still has change
    /// nothing and are not logged again. Returns the accounts whose numbers were behind.
    ///
    /// # Errors
    /// The error of the store.
    fn write_again(
        &self,
        lost: &[Revocation],
    ) -> impl Future<Output = Result<Vec<AccountId>, Self::Error>> + Send;

    /// Returns whether the store has an account. Keys are created only for a store without
    /// accounts, because new keys log everybody out and make second factors unreadable.
    ///
    /// # Errors
    /// The error of the store.
    fn has_accounts(&self) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Returns the check values of the keys in use.
    ///
    /// # Errors
    /// The error of the store.
    fn key_checks(&self) -> impl Future<Output = Result<Vec<KeyCheck>, Self::Error>> + Send;

    /// Records the check values of keys. Values that are recorded already stay.
    ///
    /// # Errors
    /// The error of the store.
    fn record_key_checks(
        &self,
        checks: &[KeyCheck],
        at: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deletes the check values of keys that are not used any more.
    ///
    /// # Errors
    /// The error of the store.
    fn forget_key_checks(
        &self,
        checks: &[KeyCheck],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns the id of the database in which this store commits. See
    /// [`AccountStore::database_id`](crate::AccountStore::database_id).
    ///
    /// # Errors
    /// The error of the store.
    fn database_id(&self) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send {
        ready(Ok(None))
    }
}

/// A value by which nodes compare a key without revealing it.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyCheck {
    /// The value.
    pub value: String,
    /// The use of the key: `encryption` or `pepper`.
    pub used_for: String,
}
