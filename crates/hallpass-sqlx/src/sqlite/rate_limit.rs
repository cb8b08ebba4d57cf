//! Counts attempts in one transaction, which holds the file's one lock before it reads. An attempt
//! on a blocked key is found by a read before that, and waits for no other writer.

use hallpass_accounts::{
    AttemptOutcome, AttemptState, LimitedKey, RateLimit, RateLimitStore, TakeAllOutcome,
};
use hallpass_core::UnixTime;

use super::{
    SqliteStore,
    sql::{
        rate_limit::{CLEAR, PRUNE, read},
        sql,
    },
    write::Write,
};
use crate::{column, error::StoreError};

impl RateLimitStore for SqliteStore {
    type Error = StoreError;

    async fn try_take(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<AttemptOutcome, StoreError> {
        Ok(self.try_take_all(&[LimitedKey::new(key, policy)], now).await?.into())
    }

    async fn give_back(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        self.settle(&[], &[LimitedKey::new(key, policy)], now).await
    }

    async fn clear(&self, key: &str) -> Result<(), StoreError> {
        self.settle(&[key], &[], UnixTime::from_secs(0)).await
    }

    async fn try_take_all(
        &self,
        keys: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<TakeAllOutcome, StoreError> {
        let mut before = Vec::new();
        for key in keys {
            let row = self.row(sql(LOAD).bind(key.key)).await?;
            before.push(row.as_ref().map(read).transpose()?);
        }
        let (_, blocked @ TakeAllOutcome::Blocked { .. }) =
            LimitedKey::take_all(keys, &before, now)
        else {
            return self.take_all(keys, now).await;
        };
        Ok(blocked)
    }

    async fn settle(
        &self,
        cleared: &[&str],
        given_back: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        for key in cleared {
            delete(&mut write, key).await?;
        }
        for key in given_back {
            let before = load(&mut write, key.key).await?;
            match key.limit.give_back(before, now) {
                Some(after) => store(&mut write, key, after).await?,
                None => delete(&mut write, key.key).await?,
            }
        }
        write.commit().await
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, now, limit).await
    }
}

impl SqliteStore {
    /// Decides again under the lock, because another writer may have been first.
    async fn take_all(
        &self,
        keys: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<TakeAllOutcome, StoreError> {
        let mut write = self.write().await?;
        let mut before = Vec::new();
        for key in keys {
            before.push(load(&mut write, key.key).await?);
        }
        let (after, outcome) = LimitedKey::take_all(keys, &before, now);
        if let TakeAllOutcome::Allowed = outcome {
            for (key, state) in keys.iter().zip(after) {
                store(&mut write, key, state).await?;
            }
            write.commit().await?;
        }
        Ok(outcome)
    }
}

const LOAD: &str = "SELECT count, last_at, blocked_until FROM hallpass_rate_limits WHERE key = $1";

async fn load(write: &mut Write, key: &str) -> Result<Option<AttemptState>, StoreError> {
    let row = write.row(sql(LOAD).bind(key)).await?;
    row.as_ref().map(read).transpose()
}

async fn store(
    write: &mut Write,
    key: &LimitedKey<'_>,
    state: AttemptState,
) -> Result<(), StoreError> {
    let upsert = sql("INSERT INTO hallpass_rate_limits (key, count, last_at, blocked_until, forget_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO UPDATE SET count = excluded.count, \
         last_at = excluded.last_at, blocked_until = excluded.blocked_until, forget_at = excluded.forget_at")
    .bind(key.key)
    .bind(i64::from(state.count))
    .bind(column::from_time(state.last))
    .bind(column::from_time(state.blocked_until))
    .bind(column::from_time(key.limit.forgotten_at(&state)));
    write.change(upsert).await.map(drop)
}

async fn delete(write: &mut Write, key: &str) -> Result<(), StoreError> {
    write.change(sql(CLEAR).bind(key)).await.map(drop)
}
