//! The schema, step by step, and what brings a database up to date.
//!
//! The list stands here by hand: `sqlx::migrate!` would bring sqlx's macros, which read a database at compile time.

use std::{error::Error, fmt};

use sqlx::{
    SqlSafeStr,
    migrate::{self, Migration, MigrationType, Migrator},
};

use super::SqliteStore;
use crate::StoreError;

impl SqliteStore {
    /// Brings the tables up to date. Does nothing where they are.
    ///
    /// [`open`](Self::open) does this by itself. Any number of processes may call it at the same time: all of it is one
    /// transaction that holds the write lock, so each step runs once and a crash leaves nothing half done.
    ///
    /// # Errors
    /// The database does not answer, was written by a newer version of this crate, or its record of steps was changed.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut write = self.write().await.map_err(MigrateError::failed)?;
        migrator().run(write.connection()).await.map_err(MigrateError::from_driver)?;
        write.commit().await.map_err(MigrateError::failed)
    }
}

/// The schema could not be brought up to date.
#[derive(Debug)]
pub struct MigrateError {
    cause: Cause,
    source: Box<dyn Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug)]
enum Cause {
    Newer(i64),
    Changed(i64),
    Failed,
}

impl MigrateError {
    fn failed(source: StoreError) -> Self {
        Self { cause: Cause::Failed, source: source.into() }
    }

    fn from_driver(error: migrate::MigrateError) -> Self {
        let cause = match error {
            migrate::MigrateError::VersionMissing(step) => Cause::Newer(step),
            migrate::MigrateError::VersionMismatch(step) => Cause::Changed(step),
            _ => Cause::Failed,
        };
        Self { cause, source: error.into() }
    }
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Cause::Newer(step) => write!(
                f,
                "the database knows schema step {step}, which this version of hallpass does not: start a newer version"
            ),
            Cause::Changed(step) => write!(
                f,
                "schema step {step} was applied with another text than this version's: restore {TABLE} from a backup"
            ),
            Cause::Failed => f.write_str("the tables of hallpass could not be brought up to date"),
        }
    }
}

impl Error for MigrateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// Not sqlx's own `_sqlx_migrations`: that one is the application's.
const TABLE: &str = "hallpass_migrations";

fn migrator() -> Migrator {
    macro_rules! step {
        ($version:literal, $name:literal, $file:literal) => {
            Migration::new(
                $version,
                $name.into(),
                MigrationType::Simple,
                include_str!(concat!("../../migrations/sqlite/", $file)).into_sql_str(),
                false,
            )
        };
    }
    let mut migrator = Migrator::with_migrations(vec![
        step!(1, "accounts", "0001_accounts.sql"),
        step!(2, "second factors", "0002_second_factors.sql"),
        step!(3, "sessions", "0003_sessions.sql"),
        step!(4, "feed", "0004_feed.sql"),
        step!(5, "attempts", "0005_attempts.sql"),
    ]);
    migrator.dangerous_set_table_name(TABLE);
    migrator
}
