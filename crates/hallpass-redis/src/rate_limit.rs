//! Counts attempts by compare-and-set.
//!
//! [`RateLimit`] computes the new state, in one place for all stores. The new state is written
//! **only if the stored state is still the one that was read**. Otherwise the operation starts
//! again. Each of many concurrent attempts on one key writes at most once, and an attempt on a
//! blocked key writes nothing. So an attempt starts again at most once per attempt that is allowed.

use std::{num::ParseIntError, time::Duration};

use hallpass_accounts::{
    AttemptOutcome, AttemptState, LimitedKey, RateLimit, RateLimitStore, TakeAllOutcome,
};
use hallpass_core::UnixTime;
use redis::Cmd;

use crate::{error::RedisStoreError, store::RedisStore};

impl RateLimitStore for RedisStore {
    type Error = RedisStoreError;

    async fn try_take(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<AttemptOutcome, RedisStoreError> {
        let key = self.attempts_key(key);
        let before = self.load(&key).await?;
        self.take_from(&key, before, policy, now).await
    }

    async fn give_back(
        &self,
        key: &str,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<(), RedisStoreError> {
        let key = self.attempts_key(key);
        loop {
            let before = self.load(&key).await?;
            let after = policy.give_back(before.as_deref().map(read).transpose()?, now);
            if self.swap(&key, before, after, policy, now).await? == Swapped::Yes {
                return Ok(());
            }
        }
    }

    /// Reads every key before it writes one, so that an attempt with a blocked key writes nothing.
    /// Each key has a command of its own, because the keys of one command must have one hash slot
    /// on a cluster.
    async fn try_take_all(
        &self,
        keys: &[LimitedKey<'_>],
        now: UnixTime,
    ) -> Result<TakeAllOutcome, RedisStoreError> {
        let (mut found, mut states) = (Vec::new(), Vec::new());
        for key in keys {
            let name = self.attempts_key(key.key);
            let before = self.load(&name).await?;
            states.push(before.as_deref().map(read).transpose()?);
            found.push((name, before));
        }
        let (_, outcome) = LimitedKey::take_all(keys, &states, now);
        if outcome != TakeAllOutcome::Allowed {
            return Ok(outcome);
        }
        for ((number, key), (name, before)) in keys.iter().enumerate().zip(found) {
            let taken = self.take_from(&name, before, key.limit, now).await?;
            if let AttemptOutcome::Blocked { retry_after } = taken {
                self.settle(&[], keys.get(..number).unwrap_or_default(), now).await?;
                return Ok(TakeAllOutcome::Blocked { key: number, retry_after });
            }
        }
        Ok(TakeAllOutcome::Allowed)
    }

    async fn scope(&self, store_id: &str) -> Result<(), RedisStoreError> {
        Self::scope(self, store_id)
    }

    async fn clear(&self, key: &str) -> Result<(), RedisStoreError> {
        self.line.ask(redis::cmd("DEL").arg(self.attempts_key(key))).await
    }
}

#[derive(PartialEq, Eq)]
enum Swapped {
    Yes,
    No,
}

impl RedisStore {
    async fn load(&self, key: &str) -> Result<Option<String>, RedisStoreError> {
        self.line.ask(redis::cmd("GET").arg(key)).await
    }

    /// Counts one attempt on a key that was read as `before`.
    async fn take_from(
        &self,
        key: &str,
        mut before: Option<String>,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<AttemptOutcome, RedisStoreError> {
        loop {
            let state = before.as_deref().map(read).transpose()?;
            let (after, attempted) = policy.take(state, now);
            if state == Some(after)
                || self.swap(key, before, Some(after), policy, now).await? == Swapped::Yes
            {
                return Ok(attempted);
            }
            before = self.load(key).await?;
        }
    }

    async fn swap(
        &self,
        key: &str,
        before: Option<String>,
        after: Option<AttemptState>,
        policy: &RateLimit,
        now: UnixTime,
    ) -> Result<Swapped, RedisStoreError> {
        let life = after.map_or(0, |state| {
            policy.forgotten_at(&state).since(now).saturating_add(MARGIN).as_secs()
        });
        let (before, after) = (before.unwrap_or_default(), after.map(write).unwrap_or_default());
        Ok(match self.line.ask(&swap(key, &before, &after, life)).await? {
            0 => Swapped::No,
            _ => Swapped::Yes,
        })
    }
}

/// Returns the command that replaces the value `before` of the key by `after`. The key then expires
/// after `life`, in seconds.
pub(crate) fn swap(key: &str, before: &str, after: &str, life: u64) -> Cmd {
    let mut swap = redis::cmd("EVAL");
    // The server uses its own clock, and only to delete keys. The maximum is 68 years.
    swap.arg(SWAP).arg(1).arg(key).arg(before).arg(after).arg(life.min(u64::from(u32::MAX / 2)));
    swap
}

/// In the arguments, an empty text means that the key does not exist.
const SWAP: &str = "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end \
    if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end \
    return 1";
/// A key is kept this much longer than its attempts count, so that the differences between the
/// clocks of nodes do not shorten a wait.
const MARGIN: Duration = Duration::from_secs(60);

fn write(state: AttemptState) -> String {
    format!("{} {} {}", state.count, state.last.as_secs(), state.blocked_until.as_secs())
}

fn read(text: &str) -> Result<AttemptState, RedisStoreError> {
    let mut numbers = text.split(' ').map(str::parse::<u64>);
    let mut next = || match numbers.next() {
        Some(number) => number.map_err(|error: ParseIntError| RedisStoreError::corrupt(error)),
        None => Err(RedisStoreError::corrupt("the state of attempts is not three numbers")),
    };
    Ok(AttemptState {
        count: u32::try_from(next()?).map_err(RedisStoreError::corrupt)?,
        last: UnixTime::from_secs(next()?),
        blocked_until: UnixTime::from_secs(next()?),
    })
}
