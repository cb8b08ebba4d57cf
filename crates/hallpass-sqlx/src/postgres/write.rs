//! One write transaction, and whose turn it is.
//!
//! SQLite has one write lock, and PostgreSQL one for each row. So a transaction here begins with
//! the lock that decides its order: the account's row, or the counted key. What it reads afterwards
//! nobody else changes until it ends, since everybody takes this lock first; and as there is only
//! one to wait for, no two transactions wait for each other.

use hallpass_accounts::{AccountId, Actor, SessionId};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{
    PostgresStore,
    sql::{Statement, sql},
};
use crate::error::StoreError;

/// Locks a session's row, where the account has it. The account's row is locked before.
pub(super) const LOCK_SESSION: &str =
    "SELECT 1 FROM hallpass_sessions WHERE id = $1 AND account_id = $2 FOR NO KEY UPDATE";

/// A transaction that has its turn. Dropped without [`commit`](Self::commit), it is rolled back.
pub(super) struct Write {
    transaction: Transaction<'static, Postgres>,
}

impl Write {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(StoreError::from_driver)
    }
}

impl PostgresStore {
    /// A change that is one statement, and so one transaction. Answers how many rows were changed.
    pub(super) async fn change(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let changed = statement.execute(&self.pool).await;
        changed.map(|result| result.rows_affected()).map_err(StoreError::from_driver)
    }

    /// Waits for the account's turn. An account that is not there has none, and its changes change
    /// nothing.
    ///
    /// The lock is the one that an update takes, which the foreign keys of sessions and factors do
    /// not wait for.
    pub(super) async fn write_to(&self, account: &AccountId) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let lock = sql("SELECT 1 FROM hallpass_accounts WHERE id = $1 FOR NO KEY UPDATE");
        write.row(lock.bind(account.as_str())).await?;
        Ok(write)
    }

    /// Waits for the turns of the account and of whoever commands the change. Always in the order
    /// of their ids: two administrators who change each other would otherwise wait for each
    /// other.
    pub(super) async fn write_to_both(
        &self,
        account: &AccountId,
        by: Option<&Actor>,
    ) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let lock = sql(
            "SELECT 1 FROM hallpass_accounts WHERE id = $1 OR id = $2 ORDER BY id FOR NO KEY UPDATE",
        );
        let by = by.map(|actor| actor.account.as_str());
        write.change(lock.bind(account.as_str()).bind(by)).await?;
        Ok(write)
    }

    /// Waits for the turn of the account whose session this is.
    pub(super) async fn write_to_account_of(
        &self,
        session: &SessionId,
    ) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let lock = sql("SELECT 1 FROM hallpass_accounts \
             WHERE id = (SELECT account_id FROM hallpass_sessions WHERE id = $1) FOR NO KEY UPDATE");
        write.row(lock.bind(session.to_string())).await?;
        Ok(write)
    }

    /// Waits for the key's turn. It is a lock on a number, since the key may have no row yet; two
    /// keys that share the number wait for each other and do no other harm.
    pub(super) async fn write_to_key(&self, key: &str) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let lock = sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 7304823))");
        write.row(lock.bind(key)).await?;
        Ok(write)
    }

    /// A transaction without a turn. Its level is said, because an application's pool may default
    /// to another, at which a statement would not see what was committed while it waited.
    ///
    /// It begins in a task of its own. Were it dropped between the server's `BEGIN` and sqlx's
    /// counting of it, the connection would go back to the pool inside a transaction that
    /// nobody ends, and whoever got it next would lose what it wrote
    /// (`an_enrolment_dropped_at_any_await_is_whole_or_nothing`).
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let pool = self.pool.clone();
        let begin =
            tokio::spawn(
                async move { pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await },
            );
        let begun = begin.await.unwrap_or(Err(sqlx::Error::WorkerCrashed));
        Ok(Write { transaction: begun.map_err(StoreError::from_driver)? })
    }
}
