//! Counts attempts. The key, or the file of SQLite, is locked before the count is read, so the next
//! reader receives the raised count.

use hallpass_accounts::{AttemptOutcome, AttemptState, RateLimit, RateLimitStore};
use hallpass_core::UnixTime;

use super::{
    Row, Store, Write, column, {get, sql},
};
use crate::error::StoreError;

impl RateLimitStore for Store {
    type Error = StoreError;

    async fn try_take(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<AttemptOutcome, StoreError> {
        let mut write = self.write_to_key(key).await?;
        let before = load(&mut write, key).await?;
        let (after, attempted) = policy.take(before, now);
        // A blocked attempt changes nothing, so a flood of them causes no write to the disk.
        if before != Some(after) {
            store(&mut write, key, after, policy).await?;
            write.commit().await?;
        }
        Ok(attempted)
    }

    async fn give_back(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let mut write = self.write_to_key(key).await?;
        let before = load(&mut write, key).await?;
        match policy.give_back(before, now) {
            Some(after) => store(&mut write, key, after, policy).await?,
            None => delete(&mut write, key).await?,
        }
        write.commit().await
    }

    async fn clear(&self, key: &str) -> Result<(), StoreError> {
        let mut write = self.write_to_key(key).await?;
        delete(&mut write, key).await?;
        write.commit().await
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, now, limit).await
    }
}

/// Deletes up to `$2` rows.
const PRUNE: &str = delete_some!(
    "hallpass_rate_limits",
    "WHERE forget_at <= ",
    unestimated!("$1"),
    " ORDER BY forget_at LIMIT $2"
);

async fn load(write: &mut Write, key: &str) -> Result<Option<AttemptState>, StoreError> {
    let load = sql("SELECT count, last_at, blocked_until FROM hallpass_rate_limits WHERE key = $1");
    let row = write.row(load.bind(key)).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<AttemptState, StoreError> {
    Ok(AttemptState {
        count: column::to_unsigned(get(row, "count")?)?,
        last: column::to_time(get(row, "last_at")?)?,
        blocked_until: column::to_time(get(row, "blocked_until")?)?,
    })
}

async fn store(
    write: &mut Write,
    key: &str,
    state: AttemptState,
    policy: &RateLimit,
) -> Result<(), StoreError> {
    let upsert = sql("INSERT INTO hallpass_rate_limits (key, count, last_at, blocked_until, forget_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO UPDATE SET count = excluded.count, \
         last_at = excluded.last_at, blocked_until = excluded.blocked_until, forget_at = excluded.forget_at")
    .bind(key)
    .bind(i64::from(state.count))
    .bind(column::from_time(state.last))
    .bind(column::from_time(state.blocked_until))
    .bind(column::from_time(policy.forgotten_at(&state)));
    write.change(upsert).await.map(drop)
}

async fn delete(write: &mut Write, key: &str) -> Result<(), StoreError> {
    write.change(sql("DELETE FROM hallpass_rate_limits WHERE key = $1").bind(key)).await.map(drop)
}
