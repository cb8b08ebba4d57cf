//! One write transaction: the writers' turn, and the write lock from its start.

use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use super::SqliteStore;
use crate::StoreError;

/// A transaction that holds the write lock. Dropped without [`commit`](Self::commit), it is rolled back.
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
}

impl SqliteStore {
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let turn = self.turn.clone().acquire_owned().await;
        // Nobody closes the semaphore.
        let turn = turn.map_err(|_| StoreError::from_driver(sqlx::Error::PoolClosed))?;
        let begun = self.pool.begin_with("BEGIN IMMEDIATE").await;
        Ok(Write { transaction: begun.map_err(StoreError::from_driver)?, _turn: turn })
    }
}
