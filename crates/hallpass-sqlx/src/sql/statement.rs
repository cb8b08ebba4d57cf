//! One SQL statement, and what it answers. The driver's types and errors end here.

use sqlx::{Decode, Row as _, Type, query::Query};

use super::{Arguments, Database, Row, Store, write::Write};
use crate::StoreError;

/// A statement with its values, prepared once for each connection.
pub(super) type Statement<'q> = Query<'q, Database, Arguments>;

pub(super) fn sql<'q>(text: &'static str) -> Statement<'q> {
    sqlx::query(text)
}

impl Write {
    /// Answers how many rows were changed.
    pub(super) async fn change(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let changed = statement.execute(self.connection()).await;
        changed.map(|result| result.rows_affected()).map_err(StoreError::from_driver)
    }

    /// Runs several statements.
    pub(super) async fn script(&mut self, text: &'static str) -> Result<(), StoreError> {
        let run = sqlx::raw_sql(text).execute(self.connection()).await;
        run.map(drop).map_err(StoreError::from_driver)
    }

    pub(super) async fn row(&mut self, statement: Statement<'_>) -> Result<Option<Row>, StoreError> {
        statement.fetch_optional(self.connection()).await.map_err(StoreError::from_driver)
    }
}

impl Store {
    pub(super) async fn row(&self, statement: Statement<'_>) -> Result<Option<Row>, StoreError> {
        statement.fetch_optional(&self.pool).await.map_err(StoreError::from_driver)
    }

    pub(super) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        statement.fetch_all(&self.pool).await.map_err(StoreError::from_driver)
    }
}

/// Reads a column of a row.
pub(super) fn get<'r, T>(row: &'r Row, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Database> + Type<Database>,
{
    row.try_get(column).map_err(StoreError::from_driver)
}
