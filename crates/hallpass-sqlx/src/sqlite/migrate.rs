//! The schema, step by step, and what brings a database up to date.
//!
//! The loop is our own. sqlx's takes no lock on SQLite, so two processes that start together would run a step twice; and its
//! macro brings a proc-macro crate with it.

use std::{error::Error, fmt};

use super::{
    SqliteStore, column,
    statement::{get, sql},
};
use crate::StoreError;

impl SqliteStore {
    /// Brings the tables up to date. Does nothing where they are.
    ///
    /// [`open`](Self::open) does this by itself. Any number of processes may call it at the same time: all of it is one
    /// transaction that holds the write lock, so each step runs once and a crash leaves nothing half done.
    ///
    /// # Errors
    /// The database does not answer, or was written by a newer version of this crate.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut write = self.write().await?;
        let record = sql("CREATE TABLE IF NOT EXISTS hallpass_migrations \
             (step INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT");
        write.change(record).await?;
        let latest = sql("SELECT step FROM hallpass_migrations ORDER BY step DESC LIMIT 1");
        let latest = write.row(latest).await?;
        let done: u32 = latest.map_or(Ok(0), |row| column::to_unsigned(get(&row, "step")?))?;
        if usize::try_from(done).is_ok_and(|done| done > STEPS.len()) {
            return Err(MigrateError(Cause::Newer(done)));
        }
        for (number, step) in (1..).zip(&STEPS).filter(|(number, _)| *number > done) {
            write.script(step.sql).await?;
            let record = sql("INSERT INTO hallpass_migrations (step, name) VALUES (?1, ?2)");
            write.change(record.bind(number).bind(step.name)).await?;
        }
        Ok(write.commit().await?)
    }
}

/// The schema could not be brought up to date.
#[derive(Debug)]
pub struct MigrateError(Cause);

#[derive(Debug)]
enum Cause {
    Newer(u32),
    Failed(StoreError),
}

impl From<StoreError> for MigrateError {
    fn from(source: StoreError) -> Self {
        Self(Cause::Failed(source))
    }
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Cause::Newer(step) => write!(
                f,
                "the database is at schema step {step}, and this version of hallpass knows {}: start a newer version",
                STEPS.len()
            ),
            Cause::Failed(_) => f.write_str("the tables of hallpass could not be brought up to date"),
        }
    }
}

impl Error for MigrateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Cause::Newer(_) => None,
            Cause::Failed(source) => Some(source),
        }
    }
}

struct Step {
    name: &'static str,
    sql: &'static str,
}

macro_rules! steps {
    ($($file:literal)+) => {
        [$(Step { name: $file, sql: include_str!(concat!("../../migrations/sqlite/", $file)) }),+]
    };
}

/// Step 1 first. What was published is never changed or moved: a change of the schema is a further step.
static STEPS: [Step; 6] = steps![
    "0001_accounts.sql" "0002_second_factors.sql" "0003_sessions.sql" "0004_feed.sql" "0005_attempts.sql"
    "0006_refreshes.sql"
];
