//! The recent revocations: the accounts whose older tokens were revoked or became stale, the
//! sessions that were ended, and the epoch of the site.
//!
//! The request path reads this list instead of the store. An entry is dropped when every token that
//! it revokes has expired. The size of the list is therefore bounded by the number of revocations
//! within one token lifetime. Readers take no lock and never wait. To check a token against an
//! empty list costs two atomic loads. Against a list with entries, it costs two hashes, three bits
//! of a filter and sometimes a lookup in the [table](super::table).
//!
//! The list never accepts a token that it has an entry for, but it may reject a valid one. Keys are
//! 64-bit hashes, with a random seed like that of a `HashMap`. Two accounts can therefore share an
//! entry. With a million entries this happens once in 10^13 lookups. The person then has to log in
//! again.
//!
//! **A clock that jumps ahead and back makes no revoked token valid again.**
//! [`forget`](RevocationList::forget) drops the entries that have expired at the given time. If
//! that time was too late because the clock was wrong, tokens that were revoked would be accepted
//! after the clock is corrected (SECURITY row 21). The list therefore stores the latest
//! `forget_after` of the dropped entries, and rejects each token whose `exp` is not later. With a
//! correct clock these tokens have already expired.
//!
//! The source of the entries is the log in `hallpass-accounts`.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    revocation::{
        ledger::{Kind, Ledger},
        outcome::{Revoked, RevokedKind, TokenFacts},
        table::Entry,
        watch::{Maintenance, Watchers},
    },
    time::unix_time::UnixTime,
};

#[cfg(test)]
mod tests;

/// The list of recent revocations. It is cheap to clone, and all clones share the entries.
///
/// ```
/// use hallpass_core::{RevocationList, TokenFacts, UnixTime};
///
/// let (revocations, now) = (RevocationList::new(), UnixTime::from_secs(1_764_000_000));
/// let token = TokenFacts { user_id: "17", generation: 4, epoch: 0, session: Some("s-1"), expires_at: UnixTime::from_secs(1_764_000_900) };
/// assert!(revocations.check(&token, now).is_ok());
///
/// revocations.revoke_below("17", 5, token.expires_at); // password changed: older tokens are revoked
/// assert!(revocations.check(&token, now).is_err());
/// assert!(revocations.check(&TokenFacts { generation: 5, ..token }, now).is_ok());
///
/// revocations.end_session("s-1", token.expires_at); // logged out
/// assert!(revocations.check(&TokenFacts { generation: 5, ..token }, now).is_err());
/// ```
#[derive(Clone)]
pub struct RevocationList(Arc<Shared>);

/// The treatment of tokens while the revocation log cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StalePolicy {
    /// Tokens are accepted until `exp`. A fault of the store rejects no request.
    #[default]
    ServeUntilExpiry,
    /// Tokens are rejected if the list is older than `after`, and before the list is first loaded.
    /// A revoked token is then accepted for at most the time `after`.
    Refuse {
        /// The maximum age of the list, in whole seconds.
        after: Duration,
    },
}

struct Shared {
    ledger: Ledger,
    /// The time at which the log was last read to its end, in seconds, or [`NEVER`] before the
    /// first time.
    synced: AtomicU64,
    stale: StalePolicy,
    /// The epoch of the site, or [`NEVER`] if no epoch was read.
    epoch: AtomicU64,
    /// Higher epochs up to this one were looked up, and the site has none of them.
    refused_epoch: AtomicU64,
    /// The highest epoch of the tokens that were checked and had a higher epoch than the site.
    newer_epoch: AtomicU64,
    on_newer_epoch: OnceLock<Box<dyn Fn() + Send + Sync>>,
    watchers: Watchers,
}

impl RevocationList {
    /// Creates an empty list with [`StalePolicy::ServeUntilExpiry`]: while the log cannot be read,
    /// tokens are accepted until `exp`. A revoked token can then be accepted for some more minutes,
    /// but no valid request is rejected.
    pub fn new() -> Self {
        Self::with_stale_policy(StalePolicy::default())
    }

    /// Creates an empty list with another policy for a log that cannot be read.
    pub fn with_stale_policy(stale: StalePolicy) -> Self {
        Self(Arc::new(Shared {
            ledger: Ledger::new(),
            synced: AtomicU64::new(NEVER),
            stale,
            epoch: AtomicU64::new(NEVER),
            refused_epoch: AtomicU64::new(0),
            newer_epoch: AtomicU64::new(0),
            on_newer_epoch: OnceLock::new(),
            watchers: Watchers::new(),
        }))
    }

    /// Checks whether a token is accepted at `now`.
    ///
    /// # Errors
    /// Returns [`Revoked`] with its [`RevokedKind`].
    pub fn check(&self, token: &TokenFacts<'_>, now: UnixTime) -> Result<(), Revoked> {
        self.check_entries(token)?;
        if self.is_too_old(now) { Err(Revoked(RevokedKind::Outdated)) } else { Ok(()) }
    }

    /// Checks the epoch and the entries, without the age of the list.
    pub(super) fn check_entries(&self, token: &TokenFacts<'_>) -> Result<(), Revoked> {
        self.check_epoch(token.epoch)?;
        self.0.ledger.look_up(token).map_or(Ok(()), |kind| Err(Revoked(kind)))
    }

    /// Returns whether the list is older than its policy allows.
    pub(super) fn is_too_old(&self, now: UnixTime) -> bool {
        match self.0.stale {
            StalePolicy::ServeUntilExpiry => false,
            StalePolicy::Refuse { after } => self.staleness(now).is_none_or(|age| age > after),
        }
    }

    fn check_epoch(&self, epoch: u64) -> Result<(), Revoked> {
        let known = self.0.epoch.load(Ordering::Acquire);
        if epoch == known || known == NEVER {
            return Ok(());
        }
        if epoch < known || epoch <= self.0.refused_epoch.load(Ordering::Acquire) {
            return Err(Revoked(RevokedKind::Epoch));
        }
        self.0.newer_epoch.fetch_max(epoch, Ordering::AcqRel);
        if let Some(notify) = self.0.on_newer_epoch.get() {
            notify();
        }
        Err(Revoked(RevokedKind::NewerEpoch))
    }

    /// Sets the epoch of the site. Tokens with a lower epoch are revoked from now on. It never
    /// lowers an epoch that was set before. Before the first call, no epoch is checked.
    ///
    /// `looked_up` is the value of [`newer_epoch`](Self::newer_epoch) before the store was read, or
    /// 0 if the store was not read for it. Higher epochs up to it are revoked too, because the site
    /// has none of them.
    pub fn raise_epoch(&self, epoch: u64, looked_up: u64) {
        let raise = |known| (known == NEVER || known < epoch).then_some(epoch);
        let raised = self.0.epoch.fetch_update(Ordering::AcqRel, Ordering::Acquire, raise);
        self.0.refused_epoch.fetch_max(looked_up, Ordering::AcqRel);
        // The error is the case that the epoch is not higher.
        if raised.is_ok() {
            self.0.watchers.wake_all();
        }
    }

    /// Returns the highest epoch of all tokens that were checked and had a higher epoch than the
    /// site, or 0.
    pub fn newer_epoch(&self) -> u64 {
        self.0.newer_epoch.load(Ordering::Acquire)
    }

    /// Returns the epoch of the site, or `None` if it was not set.
    pub fn epoch(&self) -> Option<u64> {
        Some(self.0.epoch.load(Ordering::Acquire)).filter(|epoch| *epoch != NEVER)
    }

    /// Calls this function when a token has a higher epoch than the site, so that the store is read
    /// again. Only the first call of this method has an effect.
    pub fn on_newer_epoch(&self, notify: impl Fn() + Send + Sync + 'static) {
        // The error is the case that a function was set before.
        let _ = self.0.on_newer_epoch.set(Box::new(notify));
    }

    /// Revokes every token of the account with a `gen` below `number`. It never lowers a number
    /// that was raised before.
    ///
    /// `forget_after` is the latest `exp` that such a token can have.
    pub fn revoke_below(&self, user_id: &str, number: u32, forget_after: UnixTime) {
        // No number is below 0, so there is nothing to revoke.
        if number > 0 {
            self.put(Kind::Account, user_id, Entry::new(number, forget_after));
        }
    }

    /// Makes every token of the account with a `gen` below `number` stale: it is not accepted, and
    /// the session must be refreshed. It never lowers a number that was raised before.
    ///
    /// `forget_after` is the latest `exp` that such a token can have.
    pub fn stale_below(&self, user_id: &str, number: u32, forget_after: UnixTime) {
        if number > 0 {
            self.put(Kind::Stale, user_id, Entry::new(number, forget_after));
        }
    }

    /// Revokes every token of the session.
    ///
    /// `forget_after` is the latest `exp` that such a token can have.
    pub fn end_session(&self, session: &str, forget_after: UnixTime) {
        self.put(Kind::Session, session, Entry::new(1, forget_after));
    }

    fn put(&self, kind: Kind, name: &str, entry: Entry) {
        self.0.ledger.put(kind, name, entry);
        // A waiter of an account waits under one key, for its revocation and for its staleness.
        let watched = match kind {
            Kind::Account | Kind::Stale => Kind::Account,
            Kind::Session => Kind::Session,
        };
        self.0.watchers.wake(self.0.ledger.key(watched, name));
    }

    /// Returns the keys under which a token is revoked: those of its account and its session.
    pub(super) fn keys_of(&self, token: &TokenFacts<'_>) -> [Option<u64>; 2] {
        let ledger = &self.0.ledger;
        let session = token.session.map(|session| ledger.key(Kind::Session, session));
        [Some(ledger.key(Kind::Account, token.user_id)), session]
    }

    pub(super) fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    /// Begins to maintain the list: the caller adds the revocations of the site from now on and
    /// calls [`Maintenance::tick`] about every second. Without it,
    /// [`Identity::revoked`](crate::Identity::revoked) completes immediately.
    pub fn maintain(&self) -> Maintenance {
        Maintenance::new(self.clone())
    }

    /// Returns the number of futures of [`Identity::revoked`](crate::Identity::revoked) that wait.
    pub fn waiting(&self) -> usize {
        self.0.watchers.len()
    }

    /// Drops all entries. Call it only after [`raise_epoch`](Self::raise_epoch) with a higher
    /// epoch, which revokes every token that an entry revokes.
    pub fn clear(&self) {
        self.0.ledger.clear();
    }

    /// Drops the entries whose `forget_after` is before `now`.
    pub fn forget(&self, now: UnixTime) {
        self.0.ledger.forget(now);
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.ledger.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the memory that the entries use, in bytes.
    pub fn size(&self) -> usize {
        self.0.ledger.size()
    }

    /// Records that the log was read to its end at this time.
    pub fn synced(&self, at: UnixTime) {
        self.0.synced.store(at.as_secs(), Ordering::Relaxed);
    }

    /// Marks the list as outdated until the next call of [`synced`](Self::synced), because the
    /// store cannot be relied on: it was restored, or its clock differs.
    pub fn outdated(&self) {
        self.0.synced.store(NEVER, Ordering::Relaxed);
    }

    /// Returns the time since the log was last read to its end, or `None` if it was never read. If
    /// the clock was set back since then, returns how far `now` is before that time, so that the
    /// list does not look current.
    pub fn staleness(&self, now: UnixTime) -> Option<Duration> {
        match self.0.synced.load(Ordering::Relaxed) {
            NEVER => None,
            at => {
                let at = UnixTime::from_secs(at);
                Some(now.since(at).max(at.since(now)))
            }
        }
    }
}

impl Default for RevocationList {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("len", &self.len())
            .field("stale", &self.0.stale)
            .finish_non_exhaustive()
    }
}

const NEVER: u64 = u64::MAX;
