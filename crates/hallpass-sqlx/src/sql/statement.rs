//! One SQL statement, and a column of what it answers.

use sqlx::{Decode, Row as _, Type, query::Query};

use super::{Arguments, Database, Row};
use crate::error::StoreError;

/// A statement with its values, prepared once for each connection.
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
