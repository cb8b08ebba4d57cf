//! Counts attempts by compare-and-set, without a transaction of several statements.
//!
//! A first statement reads the states of the keys. It takes no lock, and it is the only statement
//! of a blocked attempt: a flood on one blocked name delays nobody else. A second statement writes
//! the new states of the keys whose stored states are still those that were read. For the other
//! keys, the operation starts again. Of many concurrent attempts on one key each writes at most
//! once, so the loop ends after at most as many rounds as attempts are allowed.
//!
//! The second statement locks its rows in the order of their keys. So two of them cannot wait for
//! each other.

use hallpass_accounts::{
    AttemptOutcome, AttemptState, LimitedKey, RateLimit, RateLimitStore, TakeAllOutcome,
};
use hallpass_core::UnixTime;

use super::{
    PostgresStore,
    sql::{
        get,
        rate_limit::{CLEAR, PRUNE, read},
        sql,
    },
};
use crate::{column, error::StoreError};

impl RateLimitStore for PostgresStore {
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
        self.change(sql(CLEAR).bind(key)).await.map(drop)
    }

    async fn try_take_all(
        &self,
        keys: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<TakeAllOutcome, StoreError> {
        let mut left = keys.to_vec();
        while !left.is_empty() {
            let before = self.load_states(&left).await?;
            let (after, outcome) = LimitedKey::take_all(&left, &before, now);
            if let TakeAllOutcome::Blocked { key, retry_after } = outcome {
                let taken: Vec<_> =
                    keys.iter().filter(|key| !left.contains(key)).copied().collect();
                self.settle(&[], &taken, now).await?;
                let blocked = left.get(key);
                let key = keys.iter().position(|key| Some(key) == blocked).unwrap_or_default();
                return Ok(TakeAllOutcome::Blocked { key, retry_after });
            }
            let mut changes = Changes::default();
            for ((key, before), after) in left.iter().zip(before).zip(after) {
                changes.swap(key, before, Some(after));
            }
            let written = self.write_states(changes).await?.unwrap_or_default();
            left.retain(|key| !written.iter().any(|written| written == key.key));
        }
        Ok(TakeAllOutcome::Allowed)
    }

    async fn settle(
        &self,
        mut cleared: &[&str],
        given_back: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let mut left = given_back.to_vec();
        loop {
            let before = match left.as_slice() {
                [] => Vec::new(),
                left => self.load_states(left).await?,
            };
            let mut changes = Changes::default();
            for key in cleared {
                changes.clear(key);
            }
            let mut changed = Vec::new();
            for (key, before) in left.into_iter().zip(before) {
                // A key without a state has no attempt to subtract.
                if before.is_some() {
                    changes.swap(&key, before, key.limit.give_back(before, now));
                    changed.push(key);
                }
            }
            if changes.keys.is_empty() {
                return Ok(());
            }
            if let Some(written) = self.write_states(changes).await? {
                cleared = &[];
                changed.retain(|key| !written.iter().any(|written| written == key.key));
            }
            if cleared.is_empty() && changed.is_empty() {
                return Ok(());
            }
            left = changed;
        }
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, now, limit).await
    }
}

impl PostgresStore {
    /// Returns the states of the keys, in the order of the keys.
    async fn load_states(
        &self,
        keys: &[LimitedKey<'_>],
    ) -> Result<Vec<Option<AttemptState>>, StoreError> {
        let names: Vec<&str> = keys.iter().map(|key| key.key).collect();
        let rows = self.rows(sql(LOAD).bind(names)).await?;
        let mut states = vec![None; keys.len()];
        for row in &rows {
            let name: &str = get(row, "key")?;
            for (state, _) in states.iter_mut().zip(keys).filter(|(_, key)| key.key == name) {
                *state = Some(read(row)?);
            }
        }
        Ok(states)
    }

    /// Makes the changes whose states are still the expected ones. Returns the changed keys, or
    /// `None` as [`rows_unless_raced`](Self::rows_unless_raced) does.
    async fn write_states(&self, changes: Changes) -> Result<Option<Vec<String>>, StoreError> {
        let write = sql(SWAP)
            .bind(changes.keys)
            .bind(changes.unconditional)
            .bind(changes.old_count)
            .bind(changes.old_last)
            .bind(changes.old_blocked)
            .bind(changes.count)
            .bind(changes.last)
            .bind(changes.blocked)
            .bind(changes.forget);
        let Some(rows) = self.rows_unless_raced(write).await? else { return Ok(None) };
        rows.iter().map(|row| get(row, "key")).collect::<Result<_, _>>().map(Some)
    }
}

/// The columns of the changes. `None` in `old_count` is a key without a row, and in `count` a row
/// that is deleted.
#[derive(Default)]
struct Changes {
    keys: Vec<String>,
    unconditional: Vec<bool>,
    old_count: Vec<Option<i64>>,
    old_last: Vec<Option<i64>>,
    old_blocked: Vec<Option<i64>>,
    count: Vec<Option<i64>>,
    last: Vec<Option<i64>>,
    blocked: Vec<Option<i64>>,
    forget: Vec<Option<i64>>,
}

impl Changes {
    /// Adds a change that is made if the state is still `before`.
    fn swap(
        &mut self,
        key: &LimitedKey<'_>,
        before: Option<AttemptState>,
        after: Option<AttemptState>,
    ) {
        self.add(key.key, false, before, after);
        self.forget.push(after.map(|state| column::from_time(key.limit.forgotten_at(&state))));
    }

    /// Adds the deletion of a key in any state.
    fn clear(&mut self, key: &str) {
        self.add(key, true, None, None);
        self.forget.push(None);
    }

    fn add(
        &mut self,
        key: &str,
        unconditional: bool,
        before: Option<AttemptState>,
        after: Option<AttemptState>,
    ) {
        let count = |state: AttemptState| i64::from(state.count);
        let last = |state: AttemptState| column::from_time(state.last);
        let blocked = |state: AttemptState| column::from_time(state.blocked_until);
        self.keys.push(key.to_owned());
        self.unconditional.push(unconditional);
        self.old_count.push(before.map(count));
        self.old_last.push(before.map(last));
        self.old_blocked.push(before.map(blocked));
        self.count.push(after.map(count));
        self.last.push(after.map(last));
        self.blocked.push(after.map(blocked));
    }
}

const LOAD: &str =
    "SELECT key, count, last_at, blocked_until FROM hallpass_rate_limits WHERE key = ANY($1)";

/// `locked` are the rows that are changed. A row that another statement was changing is compared
/// again after the wait. A new row is inserted unless another statement has inserted it.
const SWAP: &str = "WITH change AS ( \
        SELECT * FROM unnest($1::text[], $2::boolean[], $3::bigint[], $4::bigint[], $5::bigint[], \
            $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) \
        AS c (key, unconditional, old_count, old_last, old_blocked, count, last_at, blocked_until, forget_at)), \
     locked AS MATERIALIZED ( \
        SELECT r.key FROM hallpass_rate_limits r JOIN change c ON r.key = c.key \
        WHERE c.unconditional OR (r.count = c.old_count AND r.last_at = c.old_last AND r.blocked_until = c.old_blocked) \
        ORDER BY r.key FOR UPDATE OF r), \
     updated AS ( \
        UPDATE hallpass_rate_limits r SET count = c.count, last_at = c.last_at, \
            blocked_until = c.blocked_until, forget_at = c.forget_at \
        FROM change c WHERE r.key = c.key AND c.count IS NOT NULL AND c.key IN (SELECT key FROM locked)), \
     deleted AS ( \
        DELETE FROM hallpass_rate_limits r USING change c \
        WHERE r.key = c.key AND c.count IS NULL AND c.key IN (SELECT key FROM locked)), \
     inserted AS ( \
        INSERT INTO hallpass_rate_limits (key, count, last_at, blocked_until, forget_at) \
        SELECT key, count, last_at, blocked_until, forget_at FROM change \
        WHERE old_count IS NULL AND count IS NOT NULL ORDER BY key \
        ON CONFLICT (key) DO NOTHING RETURNING key) \
     SELECT key FROM locked UNION ALL SELECT key FROM inserted";
