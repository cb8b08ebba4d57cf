//! The entries of the revocation list. Readers look up without a lock; writers hold a mutex.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, PoisonError},
};

use crate::{
    revocation::{
        outcome::{RevokedKind, TokenFacts},
        table::{Entry, Full, Table},
    },
    shared::{AtomicU64, Mutex, MutexGuard, Ordering, Seed, Swap},
    time::unix_time::UnixTime,
};

pub(super) struct Ledger {
    /// A [`Summary`], so that a check of an empty ledger is one load.
    summary: AtomicU64,
    table: Swap<Table>,
    /// The mutex of the writers. Readers never lock it.
    writing: Mutex<()>,
    seed: Seed,
}

/// The kind of an entry. An account and a session with the same name have different keys.
#[derive(Clone, Copy, Hash)]
pub(super) enum Kind {
    /// Tokens of the account below the number are revoked.
    Account,
    /// Tokens of the account below the number are stale.
    Stale,
    /// Tokens of the session are revoked.
    Session,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            summary: AtomicU64::new(0),
            table: Swap::from_pointee(Table::with_room_for(0)),
            writing: Mutex::new(()),
            seed: Seed::new(),
        }
    }

    /// Returns the kind of revocation of a token, or `None` if it is not revoked.
    pub(super) fn look_up(&self, token: &TokenFacts<'_>) -> Option<RevokedKind> {
        let mut summary = self.summary();
        if summary.has_entries() {
            let revoked = self.find(token);
            if revoked.is_some() {
                return revoked;
            }
            // Read the summary again: if an entry was dropped before the table was read, the
            // horizon was moved before that.
            summary = self.summary();
        }
        summary.covers(token.expires_at).then_some(RevokedKind::Forgotten)
    }

    fn find(&self, token: &TokenFacts<'_>) -> Option<RevokedKind> {
        let table = self.table.load();
        let account = self.key(Kind::Account, token.user_id);
        let is_below = |key| table.find(key).is_some_and(|entry| entry.number() > token.generation);
        if is_below(account) {
            return Some(RevokedKind::Generation);
        }
        let ended = token.session.and_then(|session| table.find(self.key(Kind::Session, session)));
        if ended.is_some() {
            return Some(RevokedKind::Session);
        }
        is_below(stale_key(account)).then_some(RevokedKind::Stale)
    }

    pub(super) fn put(&self, kind: Kind, name: &str, entry: Entry) {
        let key = self.key(kind, name);
        let _writing = self.write();
        let table = self.table.load();
        if let Err(Full) = table.put(key, entry) {
            let larger = table.rebuilt(1);
            // The new table has room for one more entry.
            let _ = larger.put(key, entry);
            self.table.store(Arc::new(larger));
        }
        self.publish(self.summary().with_entries(true));
    }

    pub(super) fn forget(&self, now: UnixTime) {
        let _writing = self.write();
        let table = self.table.load();
        let Some(horizon) = table.latest_over(now) else {
            return;
        };
        // Publish the horizon before the entries are dropped: a reader that does not find an entry
        // then reads the horizon.
        self.publish(self.summary().with_horizon(horizon));
        table.drop_over(now);
        self.publish(self.summary().with_entries(table.live() > 0));
        if table.is_too_large() {
            self.table.store(Arc::new(table.rebuilt(0)));
        }
    }

    pub(super) fn clear(&self) {
        let _writing = self.write();
        self.table.store(Arc::new(Table::with_room_for(0)));
        self.publish(self.summary().with_entries(false));
    }

    pub(super) fn len(&self) -> usize {
        self.table.load().live()
    }

    /// Returns the size in bytes.
    pub(super) fn size(&self) -> usize {
        self.table.load().size()
    }

    /// Loads the summary with Acquire: a reader that sees the flag also sees the entry in the
    /// table.
    fn summary(&self) -> Summary {
        Summary::from_bits(self.summary.load(Ordering::Acquire))
    }

    /// Stores the summary. The caller must hold the mutex of [`write`](Self::write).
    fn publish(&self, summary: Summary) {
        self.summary.store(summary.bits(), Ordering::Release);
    }

    /// Locks the mutex. A poisoned mutex is used as it is: a writer that panicked left no partial
    /// entry, because each entry is one atomic store.
    fn write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the key of an entry. It is never 0, which marks an empty slot.
    pub(super) fn key(&self, kind: Kind, name: &str) -> u64 {
        if let Kind::Stale = kind {
            return stale_key(self.key(Kind::Account, name));
        }
        let mut hasher = self.seed.build_hasher();
        kind.hash(&mut hasher);
        name.hash(&mut hasher);
        hasher.finish().max(1)
    }
}

/// Returns the key of an account's other entry, without a second hash: a reader looks up both.
fn stale_key(account: u64) -> u64 {
    (account ^ STALE).max(1)
}

/// Random bits, so that an account's two entries are in different places.
const STALE: u64 = 0x9d3c_51a7_60e2_f84b;

/// The data that a reader needs before a lookup, in one word: whether there are entries, and the
/// horizon.
///
/// The horizon is the latest `forget_after` of all entries that were dropped, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Summary(u64);

impl Summary {
    const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    const fn bits(self) -> u64 {
        self.0
    }

    const fn has_entries(self) -> bool {
        self.0 & ENTRIES != 0
    }

    const fn with_entries(self, some: bool) -> Self {
        let horizon = self.0 & HORIZON;
        Self(if some { horizon | ENTRIES } else { horizon })
    }

    /// Moves the horizon. It never moves back.
    fn with_horizon(self, seconds: u32) -> Self {
        let horizon = (self.0 & HORIZON).max(u64::from(seconds));
        Self(self.0 & ENTRIES | horizon)
    }

    /// Returns whether a token with this expiry may have been revoked by an entry that was dropped.
    const fn covers(self, expires_at: UnixTime) -> bool {
        expires_at.as_secs() <= self.0 & HORIZON
    }
}

const ENTRIES: u64 = 1 << 63;
const HORIZON: u64 = u32::MAX as u64;
