//! The steps of a schema, and the error if they cannot be applied.
//!
//! Each store has its own loop over the steps and does not use sqlx's. sqlx's takes no lock on
//! SQLite, so two processes that start together would run a step twice; its future is not `Send`;
//! and its macro adds a proc-macro crate.

use std::{error::Error, fmt};

use crate::error::StoreError;

/// One step: a file of the folder `migrations`.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Lists the steps, from step 1. A published step is never changed or moved: a change of the schema
/// is a new step.
macro_rules! steps {
    ($folder:literal: $($file:literal)+) => {
        [$($crate::schema::Step { name: $file, sql: include_str!(concat!("../../migrations/", $folder, "/", $file)) }),+]
    };
}
pub(crate) use steps;

/// The step of the schema at which the tables of a database are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SchemaStep {
    /// The last step that was applied, from 1. It is 0 if the database has no tables of hallpass.
    pub found: u32,
    /// The last step of this version of hallpass.
    pub latest: u32,
}

impl SchemaStep {
    pub(crate) fn new(found: u32, steps: &[Step]) -> Self {
        Self { found, latest: u32::try_from(steps.len()).unwrap_or(u32::MAX) }
    }
}

/// The schema could not be brought up to date.
#[derive(Debug)]
pub struct MigrateError(Cause);

#[derive(Debug)]
enum Cause {
    Newer { found: u32, known: usize },
    Failed(StoreError),
}

impl MigrateError {
    /// Returns an error if the database is at a step `found` that is not one of these.
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
                "the database is at schema step {found}, but this version of hallpass has only {known}: start a newer version"
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
