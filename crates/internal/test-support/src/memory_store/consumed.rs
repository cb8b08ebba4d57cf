//! Consumed one-time values.

use std::collections::btree_map::Entry;

use hallpass_accounts::{ConsumeOutcome, ConsumedStore, OneTimeHash, OneTimePurpose};
use hallpass_core::UnixTime;

use super::{Down, MemoryStore};

impl ConsumedStore for MemoryStore {
    type Error = Down;

    async fn consume(
        &self,
        purpose: OneTimePurpose,
        hash: &OneTimeHash,
        expires: UnixTime,
    ) -> Result<ConsumeOutcome, Down> {
        Ok(match self.lock()?.consumed.entry((purpose.as_str(), *hash)) {
            Entry::Occupied(_) => ConsumeOutcome::AlreadyConsumed,
            Entry::Vacant(free) => {
                free.insert(expires);
                ConsumeOutcome::Consumed
            }
        })
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, Down> {
        let mut state = self.lock()?;
        let mut over: Vec<_> = state
            .consumed
            .iter()
            .map(|(key, expires)| (*expires, *key))
            .filter(|(expires, _)| *expires <= now)
            .collect();
        over.sort_unstable();
        over.truncate(limit as usize);
        for (_, key) in &over {
            state.consumed.remove(key);
        }
        Ok(over.len() as u64)
    }
}
