//! A write transaction: it queues with the other writers, and holds the write lock from its start.

use hallpass_accounts::{AccountId, Actor, BrowserHash, SessionId};
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use super::{SqliteStore, sql::Statement};
use crate::error::StoreError;

/// Finds a session's row if it belongs to the account. The write lock protects the row.
pub(super) const LOCK_SESSION: &str =
    "SELECT 1 FROM hallpass_sessions WHERE id = $1 AND account_id = $2";

/// A transaction that holds the write lock. It is rolled back if it is dropped without
/// [`commit`](Self::commit).
pub(super) struct Write {
    transaction: Transaction<'static, Sqlite>,
    _turn: OwnedSemaphorePermit,
}

impl Write {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(StoreError::from_driver)
    }

    /// Has no effect: this transaction holds the file's one lock.
    pub(super) async fn lock_browsers(
        &mut self,
        _browsers: &[&BrowserHash],
    ) -> Result<(), StoreError> {
        Ok(())
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

    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let turn = self.turn.clone().acquire_owned().await;
        // The semaphore is never closed.
        let turn = turn.map_err(|_| StoreError::from_driver(sqlx::Error::PoolClosed))?;
        let begun = self.pool.begin_with("BEGIN IMMEDIATE").await;
        Ok(Write { transaction: begun.map_err(StoreError::from_driver)?, _turn: turn })
    }
}
