//! The SQL of both databases. This module is compiled twice, as part of `sqlite` and of `postgres`,
//! with the types of each.
//!
//! It is not generic, because sqlx's bounds on values (`Encode`, `Decode`, `Type`) are per
//! database, and each function here would repeat a dozen of them. The driver's types and errors do
//! not leave this module.

pub(super) mod account;
mod password;
pub(super) mod revocation;
mod session;
mod two_factor;

use sqlx::{Decode, Row as _, Type, query::Query};

use super::{
    Arguments, Database, Row, Store,
    write::{LOCK_SESSION, Write},
};
use crate::{column, error::StoreError};

impl Write {
    /// Runs a statement. Returns the number of changed rows.
    pub(crate) async fn change(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let changed = statement.execute(self.connection()).await;
        changed.map(|result| result.rows_affected()).map_err(StoreError::from_driver)
    }

    /// Runs several statements.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), StoreError> {
        let run = sqlx::raw_sql(text).execute(self.connection()).await;
        run.map(drop).map_err(StoreError::from_driver)
    }

    pub(crate) async fn row(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<Row>, StoreError> {
        statement.fetch_optional(self.connection()).await.map_err(StoreError::from_driver)
    }
}

impl Store {
    pub(crate) async fn row(&self, statement: Statement<'_>) -> Result<Option<Row>, StoreError> {
        statement.fetch_optional(&self.pool).await.map_err(StoreError::from_driver)
    }

    pub(crate) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        statement.fetch_all(&self.pool).await.map_err(StoreError::from_driver)
    }
}

/// A statement with its values, prepared once per connection.
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
