//! The recent activity of accounts, in the order in which the rows were appended.

use hallpass_accounts::{AccountId, Activity, ActivityStore};
use hallpass_core::UnixTime;

use super::{Down, MemoryStore};

impl ActivityStore for MemoryStore {
    async fn record(&self, account: &AccountId, activity: &Activity) -> Result<(), Down> {
        let mut state = self.lock()?;
        if !state.rows.contains_key(account) {
            return Ok(());
        }
        state.activity.push((account.clone(), activity.clone()));
        let of_account = |(of, _): &(AccountId, Activity)| of == account;
        if state.activity.iter().filter(|row| of_account(row)).count()
            > Activity::MAX_PER_ACCOUNT as usize
            && let Some(first) = state.activity.iter().position(of_account)
        {
            state.activity.remove(first);
        }
        Ok(())
    }

    async fn recent(&self, account: &AccountId, limit: u32) -> Result<Vec<Activity>, Down> {
        let state = self.lock()?;
        let newest_first = state.activity.iter().rev().filter(|(of, _)| of == account);
        Ok(newest_first.map(|(_, row)| row.clone()).take(limit as usize).collect())
    }

    async fn prune(&self, before: UnixTime, limit: u32) -> Result<u64, Down> {
        let mut state = self.lock()?;
        let old = |state: &super::State| {
            let rows = state.activity.iter().enumerate().map(|(place, (_, row))| (row.at, place));
            rows.filter(|(at, _)| *at < before).min().map(|(_, place)| place)
        };
        let mut pruned = 0;
        while let Some(place) = old(&state).filter(|_| pruned < u64::from(limit)) {
            state.activity.remove(place);
            pruned += 1;
        }
        Ok(pruned)
    }
}
