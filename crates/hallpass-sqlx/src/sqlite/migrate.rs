//! The schema, step by step, and what brings a database up to date.

use super::{
    SqliteStore, column,
    statement::{get, sql},
};
use crate::{
    MigrateError,
    schema::{Step, steps},
};

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
        MigrateError::unless_known(done, &STEPS)?;
        for (number, step) in (1..).zip(&STEPS).filter(|(number, _)| *number > done) {
            write.script(step.sql).await?;
            let record = sql("INSERT INTO hallpass_migrations (step, name) VALUES (?1, ?2)");
            write.change(record.bind(number).bind(step.name)).await?;
        }
        Ok(write.commit().await?)
    }
}

static STEPS: [Step; 7] = steps!["sqlite":
    "0001_accounts.sql" "0002_second_factors.sql" "0003_sessions.sql" "0004_feed.sql" "0005_attempts.sql"
    "0006_refreshes.sql" "0007_drift.sql"
];
