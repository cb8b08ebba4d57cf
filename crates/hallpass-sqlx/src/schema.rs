//! The steps of a schema, and what is wrong where they cannot be taken.
//!
//! The loop over them is each store's own, and not sqlx's: that takes no lock on SQLite, so two
//! processes that start together would run a step twice; its future is not `Send`; and its macro
//! brings a proc-macro crate.

use std::{error::Error, fmt};

use crate::error::StoreError;

/// One step: a file of the folder `migrations`.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Step 1 first. What was published is never changed or moved: a change of the schema is a further
/// step.
macro_rules! steps {
    ($folder:literal: $($file:literal)+) => {
        [$($crate::schema::Step { name: $file, sql: include_str!(concat!("../../migrations/", $folder, "/", $file)) }),+]
    };
}
pub(crate) use steps;

/// The schema could not be brought up to date.
#[derive(Debug)]
pub struct MigrateError(Cause);

#[derive(Debug)]
enum Cause {
    Newer { found: u32, known: usize },
    Failed(StoreError),
}

impl MigrateError {
    /// The database is at step `found`, which may be none of these.
    pub(crate) fn unless_known(found: u32, steps: &[Step]) -> Result<(), Self> {
        match usize::try_from(found) {
            Ok(step) if step <= steps.len() => Ok(()),
            _ => Err(Self(Cause::Newer { found, known: steps.len() })),
        }
    }
}

impl From<StoreError> for MigrateError {
    fn from(source: StoreError) -> Self {
        Self(Cause::Failed(source))
    }
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Cause::Newer { found, known } => write!(
                f,
                "the database is at schema step {found}, and this version of hallpass knows {known}: start a newer version"
            ),
            Cause::Failed(_) => {
                f.write_str("the tables of hallpass could not be brought up to date")
            }
        }
    }
}

impl Error for MigrateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Cause::Newer { .. } => None,
            Cause::Failed(source) => Some(source),
        }
    }
}
