//! Compares the facts of the store at two reads, to detect a failover, a restored backup, a replica
//! and a wrong clock.

use std::sync::atomic::Ordering;

use hallpass_core::Role;

use super::{Position, RevocationSync};
use crate::{
    event::Event,
    revocation::readiness::Readiness,
    site::{recent::FURTHEST_BEHIND, store::StoreFacts, time::FURTHEST_APART},
    store::StoreFault,
};

/// The result of comparing the facts of a store.
pub(super) enum Verdict {
    Continue,
    /// From the start, because the position belongs to the store as it was before.
    ReadAgain,
    NotReady(Readiness),
}

impl<R: Role> RevocationSync<R> {
    /// Compares the facts of the store with those of the last read.
    pub(super) async fn judge(
        &self,
        facts: &StoreFacts,
        position: &Position,
    ) -> Result<Verdict, StoreFault> {
        if facts.is_replica {
            return Ok(Verdict::NotReady(Readiness::Replica));
        }
        if let Some(known) = &position.known {
            // Before the nodes have recorded a failover, the store may be behind. See below.
            let is_recorded = facts.observed.is_none() || facts.recorded == facts.observed;
            if is_recorded && is_after_failover(known, facts) {
                self.write_again().await?;
                return Ok(Verdict::ReadAgain);
            }
            let is_changed = facts.recorded != known.recorded
                || facts.highest < known.highest
                || facts.epoch < known.epoch;
            if facts.store_id != known.store_id || (is_recorded && is_changed) {
                if !is_recorded || facts.epoch <= known.epoch {
                    return Ok(Verdict::NotReady(Readiness::Restored));
                }
                // An operator has accepted the store. Every token that this list could reject has a
                // lower epoch. Numbers may be lower in the store than in the list, which would
                // reject them for ever.
                let list = &self.accounts.settings().revocation_list;
                list.raise_epoch(facts.epoch, 0);
                list.clear();
                self.accounts.stores().recent.clear();
                return Ok(Verdict::ReadAgain);
            }
        }
        let (Some(site), Some(observed)) = (&self.accounts.stores().site, &facts.observed) else {
            return Ok(Verdict::Continue);
        };
        let stores = self.accounts.stores();
        match &facts.recorded {
            Some(recorded) if recorded == observed => Ok(Verdict::Continue),
            None if facts.is_older_copy || has_recorded(position.known.as_ref()) => {
                Ok(Verdict::NotReady(Readiness::Restored))
            }
            None => {
                // The first node of a new store. If another node was faster, the next read shows
                // it.
                stores.within_bound(site.record_incarnation(None, observed)).await?;
                Ok(Verdict::ReadAgain)
            }
            Some(recorded) if recorded.identity != observed.identity => {
                Ok(Verdict::NotReady(Readiness::Restored))
            }
            Some(recorded) => {
                // A replica has taken over. Only a node that was ready before has the revocations
                // that it may have lost.
                let was_ready = position.known.as_ref().is_some_and(|known| {
                    known.recorded.as_ref() == Some(recorded) && self.was_ready()
                });
                if !was_ready {
                    return Ok(Verdict::NotReady(Readiness::Failover));
                }
                if self.is_far_behind(facts) {
                    return Ok(Verdict::NotReady(Readiness::Restored));
                }
                self.write_again().await?;
                let recorded = site.record_incarnation(Some(recorded), observed);
                stores.within_bound(recorded).await?;
                Ok(Verdict::ReadAgain)
            }
        }
    }

    /// Returns whether the last read that reached the store found this node ready.
    fn was_ready(&self) -> bool {
        let found = Readiness::from_number(self.log.readiness.load(Ordering::Relaxed));
        found == Readiness::Ready
    }

    /// Returns whether the log is further behind than a replica that takes over may be.
    fn is_far_behind(&self, facts: &StoreFacts) -> bool {
        self.accounts.stores().recent.lag_of(facts.newest) > FURTHEST_BEHIND
    }

    /// Writes the latest revocations of this node again. Entries that the store still has do not
    /// change it.
    async fn write_again(&self) -> Result<(), StoreFault> {
        let stores = self.accounts.stores();
        let Some(site) = &stores.site else { return Ok(()) };
        let lost = stores.recent.all();
        for account in stores.within_bound(site.write_again(&lost)).await? {
            self.accounts.events().happened(Event::ChangeLost { account });
        }
        Ok(())
    }

    /// Takes over the time of the store, and compares the clocks.
    pub(super) fn clock_verdict(&self, facts: &StoreFacts) -> Readiness {
        let accounts = &self.accounts;
        if !accounts.settings().clock.is_system() {
            return Readiness::Ready;
        }
        accounts.store_time().set(facts.now);
        let now = accounts.now();
        #[cfg(feature = "metrics")]
        crate::event::metric::clock_difference(now, facts.now);
        let apart = now.since(facts.now).max(facts.now.since(now));
        if apart > FURTHEST_APART { Readiness::ClockDiffers } else { Readiness::Ready }
    }
}

/// Returns whether the nodes had recorded an incarnation of the store. A store that has lost it is
/// a copy from before.
fn has_recorded(known: Option<&StoreFacts>) -> bool {
    known.is_some_and(|known| known.recorded.is_some())
}

/// Returns whether the nodes have recorded a replica that took over. An earlier timeline is that of
/// a backup.
fn is_after_failover(known: &StoreFacts, facts: &StoreFacts) -> bool {
    let (Some(before), Some(after)) = (&known.recorded, &facts.recorded) else { return false };
    known.store_id == facts.store_id
        && before.identity == after.identity
        && before.timeline < after.timeline
}
