//! The revocations that this node has seen lately, so that it can write them again into a store
//! that lost them in a failover.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hallpass_core::UnixTime;

use crate::{account::AccountId, revocation::store::Revocation, session::session_id::SessionId};

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
    /// The newest entry that was dropped.
    dropped: Option<UnixTime>,
}

impl Recent {
    /// Adds a revocation, unless it is one that [`forget`](Self::forget) would drop: a node that
    /// starts reads a log of many hours.
    pub(crate) fn add(&self, change: &Revocation, now: UnixTime) {
        let mut entries = self.lock();
        entries.newest = entries.newest.max(Some(change.at()));
        if change.at() < kept_since(now) {
            entries.dropped = entries.dropped.max(Some(change.at()));
            return;
        }
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

    /// Returns how far a log is behind these entries. `logged` is the time of its newest entry. If
    /// the log is empty, it is at least as far behind as the oldest entry that it should have.
    pub(crate) fn lag_of(&self, logged: Option<UnixTime>) -> Duration {
        let entries = self.lock();
        let all = entries.revoked.values().chain(entries.stale.values());
        let all = all.chain(entries.sessions.values()).map(Revocation::at);
        let logged = logged.or(entries.dropped).or(all.min());
        match (entries.newest, logged) {
            (Some(newest), Some(logged)) => newest.since(logged),
            _ => Duration::ZERO,
        }
    }

    /// Forgets everything, because the store that the entries belong to was replaced.
    pub(crate) fn clear(&self) {
        *self.lock() = Entries::default();
    }

    /// Drops the entries that a failover cannot lose: if the store's log is further behind, it is a
    /// restored backup.
    pub(crate) fn forget(&self, now: UnixTime) {
        let before = kept_since(now);
        let mut entries = self.lock();
        let mut dropped = entries.dropped;
        let mut stays = |change: &Revocation| {
            if change.at() < before {
                dropped = dropped.max(Some(change.at()));
            }
            change.at() >= before
        };
        entries.revoked.retain(|_, change| stays(change));
        entries.stale.retain(|_, change| stays(change));
        entries.sessions.retain(|_, change| stays(change));
        entries.dropped = dropped;
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

fn kept_since(now: UnixTime) -> UnixTime {
    now.saturating_sub(KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revoked(name: &str, number: u32, seconds: u64) -> Revocation {
        Revocation::RevokedBelow {
            account: AccountId::new(name),
            number,
            disabled: false,
            at: UnixTime::from_secs(seconds),
        }
    }

    #[test]
    fn newest_revocation_of_each_account_is_kept_for_six_minutes() {
        let recent = Recent::default();
        for change in [revoked("a", 2, 1000), revoked("a", 1, 1001), revoked("b", 1, 1300)] {
            recent.add(&change, change.at());
        }
        let mut all = recent.all();
        all.sort_by_key(Revocation::at);
        assert_eq!(all, [revoked("a", 2, 1000), revoked("b", 1, 1300)]);
        recent.forget(UnixTime::from_secs(1000 + 361));
        assert_eq!(recent.all(), [revoked("b", 1, 1300)]);
    }

    #[test]
    fn lag_of_an_empty_log_is_that_of_the_oldest_missing_entry() {
        let at = UnixTime::from_secs;
        let recent = Recent::default();
        assert_eq!(recent.lag_of(None), Duration::ZERO);
        recent.add(&revoked("a", 1, 1000), at(1000));
        assert_eq!(
            recent.lag_of(None),
            Duration::ZERO,
            "the first revocation of the site was lost"
        );
        recent.add(&revoked("b", 1, 1400), at(1400));
        assert_eq!(recent.lag_of(Some(at(1390))), Duration::from_secs(10));
        assert_eq!(recent.lag_of(None), Duration::from_secs(400));
        recent.forget(at(1400));
        assert_eq!(recent.lag_of(None), Duration::from_secs(400), "dropped, but it was in the log");
    }
    #[test]
    fn old_entries_of_a_long_log_are_not_kept() {
        let (recent, now) = (Recent::default(), UnixTime::from_secs(2000));
        for (place, name) in ["a", "b", "c"].into_iter().enumerate() {
            recent.add(&revoked(name, 1, 1000 + place as u64), now);
        }
        assert_eq!(recent.all(), []);
        assert_eq!(recent.lag_of(None), Duration::ZERO, "the newest entry that was dropped");
        recent.add(&revoked("d", 1, 1900), now);
        assert_eq!(recent.all(), [revoked("d", 1, 1900)]);
        assert_eq!(recent.lag_of(None), Duration::from_secs(1900 - 1002));
    }
}
