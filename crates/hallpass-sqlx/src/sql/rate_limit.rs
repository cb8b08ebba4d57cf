//! The rows of counted attempts. Each database has its own module to count: PostgreSQL by
//! compare-and-set, SQLite under the file's lock.

use hallpass_accounts::AttemptState;

use super::{Row, column, get};
use crate::error::StoreError;

/// Deletes up to `$2` rows.
pub(crate) const PRUNE: &str = delete_some!(
    "hallpass_rate_limits",
    "WHERE forget_at <= ",
    unestimated!("$1"),
    " ORDER BY forget_at LIMIT $2"
);

/// Deletes a key.
pub(crate) const CLEAR: &str = "DELETE FROM hallpass_rate_limits WHERE key = $1";

pub(crate) fn read(row: &Row) -> Result<AttemptState, StoreError> {
    Ok(AttemptState {
        count: column::to_unsigned(get(row, "count")?)?,
        last: column::to_time(get(row, "last_at")?)?,
        blocked_until: column::to_time(get(row, "blocked_until")?)?,
    })
}
