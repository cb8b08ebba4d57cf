//! The revocations that this node has seen lately, so that it can write them again into a store that
//! lost them in a failover.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hallpass_core::UnixTime;

use crate::{
    account::AccountId, revocation::store::Revocation, session::session_id::SessionId,
};

/// The newest revocation of each account, session and of the site.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    revoked: HashMap<AccountId, Revocation>,
    stale: HashMap<AccountId, Revocation>,
    sessions: HashMap<SessionId, Revocation>,
    epoch: Option<Revocation>,
    newest: Option<UnixTime>,
}

impl Recent {
    pub(crate) fn add(&self, change: &Revocation) {
        let mut entries = self.lock();
        entries.newest = entries.newest.max(Some(change.at()));
        match change {
            Revocation::RevokedBelow { account, number, .. } => {
                let known = entries.revoked.get(account);
                if known.is_none_or(|known| known.number() <= u64::from(*number)) {
                    entries.revoked.insert(account.clone(), change.clone());
                }
            }
            Revocation::StaleBelow { account, number, .. } => {
                let known = entries.stale.get(account);
                if known.is_none_or(|known| known.number() <= u64::from(*number)) {
                    entries.stale.insert(account.clone(), change.clone());
                }
            }
            Revocation::SessionEnded { session, .. } => {
                entries.sessions.insert(*session, change.clone());
            }
            Revocation::EpochRaised { epoch, .. } => {
                let known = entries.epoch.as_ref().map_or(0, Revocation::number);
                if known <= *epoch {
                    entries.epoch = Some(change.clone());
                }
            }
        }
    }

    /// Returns all entries. Their order has no meaning, because each raises a number or ends a
    /// session.
    pub(crate) fn all(&self) -> Vec<Revocation> {
        let entries = self.lock();
        let all = entries.revoked.values().chain(entries.stale.values());
        all.chain(entries.sessions.values()).chain(&entries.epoch).cloned().collect()
    }

    /// Returns the time of the newest entry that was ever added.
    pub(crate) fn newest(&self) -> Option<UnixTime> {
        self.lock().newest
    }

    /// Drops the entries that a failover cannot lose: if the store's log is further behind, it is a
    /// restored backup.
    pub(crate) fn forget(&self, now: UnixTime) {
        let before = now.saturating_sub(KEPT);
        let mut entries = self.lock();
        entries.revoked.retain(|_, change| change.at() >= before);
        entries.stale.retain(|_, change| change.at() >= before);
        entries.sessions.retain(|_, change| change.at() >= before);
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The largest distance by which a replica that takes over may be behind. A log that is further
/// behind belongs to a restored backup.
pub(crate) const FURTHEST_BEHIND: Duration = Duration::from_secs(5 * 60);
/// A minute more than that, for revocations whose transaction took long.
const KEPT: Duration = Duration::from_secs(6 * 60);
