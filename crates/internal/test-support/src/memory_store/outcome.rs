//! Outcomes of forms.

use hallpass_accounts::{Outcome, OutcomeId, OutcomeStore, PutOutcome};
use hallpass_core::UnixTime;

use super::{Down, MemoryStore};

impl OutcomeStore for MemoryStore {
    async fn find(&self, id: &OutcomeId, now: UnixTime) -> Result<Option<Outcome>, Down> {
        let state = self.lock()?;
        Ok(state.outcomes.get(id).filter(|outcome| outcome.keep_until > now).cloned())
    }

    async fn put(&self, outcome: &Outcome) -> Result<PutOutcome, Down> {
        let mut state = self.lock()?;
        match state.outcomes.get(&outcome.id).filter(|kept| kept.keep_until > outcome.at) {
            Some(kept) => Ok(PutOutcome::Existing(Box::new(kept.clone()))),
            None => {
                state.outcomes.insert(outcome.id, outcome.clone());
                Ok(PutOutcome::Inserted)
            }
        }
    }

    async fn delete(&self, seen: &Outcome) -> Result<u64, Down> {
        let mut state = self.lock()?;
        let identity = |one: &Outcome| (one.at, one.revoked_below, one.session);
        if state.outcomes.get(&seen.id).is_some_and(|kept| identity(kept) == identity(seen)) {
            state.outcomes.remove(&seen.id);
            return Ok(1);
        }
        Ok(0)
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, Down> {
        let mut state = self.lock()?;
        let mut over: Vec<_> = state
            .outcomes
            .values()
            .map(|outcome| (outcome.keep_until, outcome.id))
            .filter(|(keep_until, _)| *keep_until <= now)
            .collect();
        over.sort_unstable();
        over.truncate(limit as usize);
        for (_, id) in &over {
            state.outcomes.remove(id);
        }
        Ok(over.len() as u64)
    }
}
