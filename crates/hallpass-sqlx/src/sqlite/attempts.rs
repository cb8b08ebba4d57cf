//! Counting attempts. The write lock is taken before the count is read, so the next reader sees it raised.

use hallpass_core::UnixTime;
use hallpass_signin::{AttemptPolicy, AttemptState, Attempted, Attempts};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{SqliteStore, column};
use crate::StoreError;

impl Attempts for SqliteStore {
    type Error = StoreError;

    async fn try_take(&self, key: &str, policy: &AttemptPolicy, now: UnixTime) -> Result<Attempted, StoreError> {
        let mut write = self.write().await?;
        let before = load(write.connection(), key).await?;
        let (after, attempted) = policy.take(before, now);
        // A blocked attempt changes nothing, so a flood of them costs no write to the disk.
        if before != Some(after) {
            store(write.connection(), key, after, policy).await?;
            forget_some(write.connection(), now).await?;
            write.commit().await?;
        }
        Ok(attempted)
    }

    async fn give_back(&self, key: &str, policy: &AttemptPolicy, now: UnixTime) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let before = load(write.connection(), key).await?;
        match policy.give_back(before, now) {
            Some(after) => store(write.connection(), key, after, policy).await?,
            None => delete(write.connection(), key).await?,
        }
        write.commit().await
    }

    async fn clear(&self, key: &str) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        delete(write.connection(), key).await?;
        write.commit().await
    }
}

async fn load(connection: &mut SqliteConnection, key: &str) -> Result<Option<AttemptState>, StoreError> {
    let query = "SELECT count, last_at, blocked_until FROM hallpass_attempts WHERE key = ?1";
    let query = sqlx::query(query).bind(key);
    let row = query.fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &SqliteRow) -> Result<AttemptState, StoreError> {
    Ok(AttemptState {
        count: column::to_unsigned(row.try_get("count")?)?,
        last: column::to_time(row.try_get("last_at")?)?,
        blocked_until: column::to_time(row.try_get("blocked_until")?)?,
    })
}

async fn store(
    connection: &mut SqliteConnection,
    key: &str,
    state: AttemptState,
    policy: &AttemptPolicy,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO hallpass_attempts (key, count, last_at, blocked_until, forget_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO UPDATE SET count = excluded.count, \
         last_at = excluded.last_at, blocked_until = excluded.blocked_until, forget_at = excluded.forget_at",
    )
    .bind(key)
    .bind(state.count)
    .bind(column::from_time(state.last))
    .bind(column::from_time(state.blocked_until))
    .bind(column::from_time(policy.forgotten_at(&state)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn delete(connection: &mut SqliteConnection, key: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM hallpass_attempts WHERE key = ?1").bind(key).execute(connection).await?;
    Ok(())
}

/// Each new row pays for the removal of a few old ones: the table stays the size of one period of quiet, and no call
/// ever pays for all of them.
async fn forget_some(connection: &mut SqliteConnection, now: UnixTime) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM hallpass_attempts WHERE rowid IN \
         (SELECT rowid FROM hallpass_attempts WHERE forget_at <= ?1 LIMIT 10)",
    )
    .bind(column::from_time(now))
    .execute(connection)
    .await?;
    Ok(())
}
