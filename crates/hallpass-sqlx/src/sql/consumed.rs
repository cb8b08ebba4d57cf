//! Records consumed one-time values. The primary key decides which call consumes a value.

use hallpass_accounts::{ConsumeOutcome, ConsumedStore, OneTimeHash, OneTimePurpose};
use hallpass_core::UnixTime;

use super::{Statement, Store, column, sql};
use crate::error::StoreError;

impl ConsumedStore for Store {
    type Error = StoreError;

    async fn consume(
        &self,
        purpose: OneTimePurpose,
        hash: &OneTimeHash,
        expires: UnixTime,
    ) -> Result<ConsumeOutcome, StoreError> {
        Ok(outcome(self.change(insert(purpose, hash, expires)).await?))
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, now, limit).await
    }
}

/// Returns the statement that consumes a value.
pub(super) fn insert(
    purpose: OneTimePurpose,
    hash: &OneTimeHash,
    expires: UnixTime,
) -> Statement<'_> {
    sql("INSERT INTO hallpass_consumed (purpose, hash, expires_at) \
         VALUES ($1, $2, $3) ON CONFLICT (purpose, hash) DO NOTHING")
    .bind(purpose.as_str())
    .bind(hash.as_bytes().as_slice())
    .bind(column::from_time(expires))
}

/// Returns the outcome of the statement, by the number of rows that it inserted.
pub(super) fn outcome(rows: u64) -> ConsumeOutcome {
    match rows {
        0 => ConsumeOutcome::AlreadyConsumed,
        _ => ConsumeOutcome::Consumed,
    }
}

/// Deletes up to `$2` rows.
const PRUNE: &str = delete_some!(
    "hallpass_consumed",
    "WHERE expires_at <= ",
    unestimated!("$1"),
    " ORDER BY expires_at LIMIT $2"
);
