//! The schema, step by step, and what brings a database up to date.

use super::{
    PostgresStore, column,
    statement::{get, sql},
};
use crate::{
    MigrateError,
    schema::{Step, steps},
};

impl PostgresStore {
    /// Brings the tables up to date, in the first schema of the connection's `search_path`. Does nothing where they are.
    ///
    /// [`open`](Self::open) does this by itself. Any number of processes may call it at the same time: all of it is one
    /// transaction that holds a lock, so each step runs once and a crash leaves nothing half done.
    ///
    /// # Errors
    /// The database does not answer, or was written by a newer version of this crate.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut write = self.write().await?;
        // Another process's steps may take long, and so may these.
        write.script("SET LOCAL statement_timeout = 0").await?;
        // Two transactions that create one table at the same time would not wait for each other: one of them fails.
        write.row(sql("SELECT pg_advisory_xact_lock(730482301)")).await?;
        let record =
            "CREATE TABLE IF NOT EXISTS hallpass_migrations (step BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
        // A notice that the table is there is not worth a line in the log of each start.
        write.script("SET LOCAL client_min_messages = warning").await?;
        write.script(record).await?;
        let latest = write.row(sql("SELECT step FROM hallpass_migrations ORDER BY step DESC LIMIT 1")).await?;
        let done: u32 = latest.map_or(Ok(0), |row| column::to_unsigned(get(&row, "step")?))?;
        MigrateError::unless_known(done, &STEPS)?;
        for (number, step) in (1..).zip(&STEPS).filter(|(number, _)| *number > done) {
            write.script(step.sql).await?;
            let record = sql("INSERT INTO hallpass_migrations (step, name) VALUES ($1, $2)");
            write.change(record.bind(i64::from(number)).bind(step.name)).await?;
        }
        Ok(write.commit().await?)
    }
}

static STEPS: [Step; 7] = steps!["postgres":
    "0001_accounts.sql" "0002_second_factors.sql" "0003_sessions.sql" "0004_feed.sql" "0005_attempts.sql"
    "0006_refreshes.sql" "0007_drift.sql"
];
