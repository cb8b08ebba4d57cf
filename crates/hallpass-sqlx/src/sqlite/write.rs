//! A write transaction: it queues with the other writers, and holds the write lock from its start.

use hallpass_accounts::{AccountId, Actor, BrowserHash, SessionId};
use sqlx::SqliteConnection;
use tokio::sync::OwnedSemaphorePermit;

use super::{SqliteStore, connection::Pooled, sql::Statement};
use crate::error::{StoreError, StoreErrorKind};

/// Finds a session's row if it belongs to the account. The write lock protects the row.
pub(super) const LOCK_SESSION: &str =
    "SELECT 1 FROM hallpass_sessions WHERE id = $1 AND account_id = $2";

/// A transaction that holds the write lock. It is rolled back if it is dropped without
/// [`commit`](Self::commit).
pub(super) struct Write(Option<Open>);

struct Open {
    pooled: Pooled,
    /// The next writer's turn begins after the end of this transaction.
    turn: OwnedSemaphorePermit,
}

impl Write {
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        match &mut self.0 {
            Some(open) => Ok(open.pooled.connection()),
            None => Err(StoreError::from_driver(sqlx::Error::WorkerCrashed)),
        }
    }

    /// As [`Pooled::prepared`].
    pub(super) fn prepared<'q>(&self, statement: Statement<'q>) -> Statement<'q> {
        statement
    }

    /// As [`Pooled::checked`].
    pub(super) fn checked<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        match &mut self.0 {
            Some(open) => open.pooled.checked(result),
            None => result.map_err(StoreError::from_driver),
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let committed = sqlx::query("COMMIT").execute(self.connection()?).await;
        self.checked(committed)?;
        self.0 = None;
        Ok(())
    }

    /// Returns [`StoreErrorKind::ReadOnly`] if this connection opened the file at a moment when it
    /// was read-only. Such a connection stays read-only, and its `BEGIN IMMEDIATE` takes no lock
    /// and returns no error. So a statement follows that deletes no row but needs the lock.
    async fn begin(&mut self) -> Result<(), StoreError> {
        const BEGIN: &str = "BEGIN IMMEDIATE; DELETE FROM hallpass_account_state WHERE FALSE";
        let begun = sqlx::query(BEGIN).execute(self.connection()?).await;
        match begun {
            // The first migration creates the table.
            Err(error) if is_missing_table(&error) => Ok(()),
            begun => self.checked(begun).map(drop),
        }
    }

    /// Has no effect: this transaction holds the file's one lock.
    pub(super) async fn lock_browsers(
        &mut self,
        _browsers: &[&BrowserHash],
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().starts_with("no such table"))
}

impl Drop for Write {
    /// Rolls back on another task, because this needs to wait. A call that was dropped may have
    /// left a statement to the connection's thread: the rollback is after it.
    fn drop(&mut self) {
        let Some(Open { mut pooled, turn }) = self.0.take() else { return };
        tokio::spawn(async move {
            let ended = sqlx::query("ROLLBACK").execute(pooled.connection()).await;
            // Without a transaction SQLite has rolled back by itself, or a commit was not awaited.
            if ended.is_err() {
                pooled.close_at_the_end();
            }
            drop((pooled, turn));
        });
    }
}

impl SqliteStore {
    /// Runs a change of one statement. Returns the number of changed rows.
    pub(super) async fn change(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let changed = write.change(statement).await?;
        write.commit().await?;
        Ok(changed)
    }

    /// Takes the file's one lock, which also protects the account.
    pub(super) async fn write_to(&self, _account: &AccountId) -> Result<Write, StoreError> {
        self.write().await
    }

    /// As [`write_to`](Self::write_to).
    pub(super) async fn write_to_both(
        &self,
        _account: &AccountId,
        _by: Option<&Actor>,
    ) -> Result<Write, StoreError> {
        self.write().await
    }

    /// As [`write_to`](Self::write_to).
    pub(super) async fn write_to_account_of(
        &self,
        _session: &SessionId,
    ) -> Result<Write, StoreError> {
        self.write().await
    }

    /// As [`write_to`](Self::write_to).
    pub(super) async fn write_to_key(&self, _key: &str) -> Result<Write, StoreError> {
        self.write().await
    }

    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let turn = self.turn.clone().acquire_owned().await;
        // The semaphore is never closed.
        let mut turn = turn.map_err(|_| StoreError::from_driver(sqlx::Error::PoolClosed))?;
        // Each connection of the pool may be read-only.
        let mut others = self.pool.size();
        loop {
            let pooled = self.connect().await?;
            let mut write = Write(Some(Open { pooled, turn }));
            let Err(error) = write.begin().await else { return Ok(write) };
            let again = error.kind() == StoreErrorKind::ReadOnly && others > 0;
            match write.0.take_if(|open| again && open.pooled.may_close()) {
                Some(open) => {
                    others -= 1;
                    open.pooled.close().await;
                    turn = open.turn;
                }
                None => return Err(error),
            }
        }
    }
}
