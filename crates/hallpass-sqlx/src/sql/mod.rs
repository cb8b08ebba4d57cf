//! The SQL of both databases. This module is compiled twice, as part of `sqlite` and of `postgres`,
//! with the types of each.
//!
//! The module is not generic, because sqlx's bounds on values (`Encode`, `Decode`, `Type`) are per
//! database, and each function would repeat a dozen of them. Except in `from_pool`, no type and no
//! error of the driver is in a public signature.

/// Deletes the rows of a table that the end of a `SELECT` selects by an index. It waits for no row
/// that another transaction is changing.
macro_rules! delete_some {
    ($table:literal, $($select:tt)+) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            selected_rows!($table, $($select)+, skip_locked!())
        )
    };
}

/// A parameter, of which the planner of PostgreSQL does not use the value.
///
/// The planner compares a value with its statistics. If they are old, it expects a few rows where
/// there are a million, and then sorts the million for each piece of a thousand. Without the value
/// it expects a share of the table, and reads the index in its order
/// (`prune_with_old_statistics`).
macro_rules! unestimated {
    ($parameter:literal) => {
        concat!("(SELECT CAST(", $parameter, " AS BIGINT))")
    };
}

/// The condition that an account is enabled, and that its tokens of a generation are not revoked.
/// They may be stale. The argument is the parameter with the generation, such as `$2`.
macro_rules! accepts_generation {
    ($generation:literal) => {
        concat!(
            "NOT disabled AND revoked_below <= ",
            $generation,
            " AND (revoked_below >= ",
            $generation,
            " OR stale_below >= ",
            $generation,
            ")"
        )
    };
}

pub(super) mod account;
mod activity;
mod browser;
mod consumed;
mod outcome;
mod password;
pub(super) mod rate_limit;
pub(super) mod revocation;
pub(super) mod session;
pub(super) mod site;
mod two_factor;

use hallpass_core::UnixTime;
use sqlx::{Decode, Row as _, Type, query::Query};

use super::{
    Arguments, Database, Row, Store,
    write::{LOCK_SESSION, Write},
};
use crate::{column, error::StoreError};

impl Write {
    /// Runs a statement. Returns the number of changed rows.
    pub(crate) async fn change(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let changed = self.prepared(statement).execute(self.connection()?).await;
        self.checked(changed).map(|result| result.rows_affected())
    }

    /// Runs several statements.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), StoreError> {
        let run = sqlx::raw_sql(text).execute(self.connection()?).await;
        self.checked(run).map(drop)
    }

    pub(crate) async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        let rows = self.prepared(statement).fetch_all(self.connection()?).await;
        self.checked(rows)
    }

    pub(crate) async fn row(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<Row>, StoreError> {
        let row = self.prepared(statement).fetch_optional(self.connection()?).await;
        self.checked(row)
    }
}

impl Store {
    pub(crate) async fn row(&self, statement: Statement<'_>) -> Result<Option<Row>, StoreError> {
        let mut pooled = self.connect().await?;
        let row = pooled.prepared(statement).fetch_optional(pooled.connection()).await;
        pooled.finish(row).await
    }

    pub(crate) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        let mut pooled = self.connect().await?;
        let rows = pooled.prepared(statement).fetch_all(pooled.connection()).await;
        pooled.finish(rows).await
    }

    /// Runs a `delete_some!` whose `$1` is a time and whose `$2` is a limit. Returns the number of
    /// deleted rows.
    pub(crate) async fn delete_older(
        &self,
        delete: &'static str,
        time: UnixTime,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.change(sql(delete).bind(column::from_time(time)).bind(i64::from(limit))).await
    }
}

/// The last step of the schema that was applied.
pub(crate) const LATEST_STEP: &str =
    "SELECT step FROM hallpass_migrations ORDER BY step DESC LIMIT 1";

/// A statement with its values. It is prepared once per connection, or for each use
/// ([`Write::prepared`]).
pub(crate) type Statement<'q> = Query<'q, Database, Arguments>;

pub(crate) fn sql<'q>(text: &'static str) -> Statement<'q> {
    sqlx::query(text)
}

/// Reads a column of a row.
pub(crate) fn get<'r, T>(row: &'r Row, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Database> + Type<Database>,
{
    row.try_get(column).map_err(StoreError::from_driver)
}
