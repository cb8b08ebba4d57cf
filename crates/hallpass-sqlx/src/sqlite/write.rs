//! A write transaction: it queues with the other writers, and holds the write lock from its start.

use hallpass_accounts::{
    AccountId, Actor, BrowserHash, NewSession, OpenOutcome, RefreshOutcome, Rotation, SessionId,
};
use sqlx::{Executor as _, SqlStr, Sqlite, SqliteConnection, Type};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    SqliteStore,
    connection::Pooled,
    sql::{Statement, account::state},
};
use crate::{
    error::{StoreError, StoreErrorKind},
    own_users::{OwnRow, Parameter},
};

/// Finds a session's row if it belongs to the account. The write lock protects the row.
pub(super) const LOCK_SESSION: &str = "SELECT refresh_hash, consumed, created_at, refreshed_at, idle_at, expires_at, methods, \
     authenticated_at, EXISTS (SELECT 1 FROM hallpass_two_factor f WHERE f.account_id = $2) \
     AS has_second_factor FROM hallpass_sessions WHERE id = $1 AND account_id = $2";

/// A transaction that holds the write lock. It is rolled back if it is dropped without
/// [`commit`](Self::commit).
pub(super) struct Write {
    open: Option<Open>,
    own_row: Option<Box<OwnRow>>,
}

struct Open {
    pooled: Pooled,
    /// The next writer's turn begins after the end of this transaction.
    turn: OwnedSemaphorePermit,
}

impl Write {
    /// Returns the row of the site's own users table, if the site has one.
    pub(super) fn own_row(&self) -> Option<&OwnRow> {
        self.own_row.as_deref()
    }

    pub(super) fn own_row_mut(&mut self) -> Option<&mut OwnRow> {
        self.own_row.as_deref_mut()
    }

    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        match &mut self.open {
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
        match &mut self.open {
            Some(open) => open.pooled.checked(result),
            None => result.map_err(StoreError::from_driver),
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let committed = sqlx::query("COMMIT").execute(self.connection()?).await;
        self.checked(committed)?;
        self.open = None;
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
    #[expect(clippy::unused_async, reason = "PostgreSQL has a function of this name that waits")]
    pub(super) async fn lock_kept_roles(&mut self) -> Result<(), StoreError> {
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
        let Some(Open { mut pooled, turn }) = self.open.take() else { return };
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
    /// Prepares a statement of the site: its table and its columns must be in this database. The
    /// types of the parameters are those of its later uses, because the connection keeps the
    /// statement.
    pub(crate) async fn check_statement(
        &self,
        text: &'static str,
        parameters: &[Parameter],
    ) -> Result<(), StoreError> {
        let type_of = |parameter: &Parameter| match parameter {
            Parameter::Text => <String as Type<Sqlite>>::type_info(),
            Parameter::Integer => <i64 as Type<Sqlite>>::type_info(),
        };
        let types: Vec<_> = parameters.iter().map(type_of).collect();
        let mut pooled = self.connect().await?;
        let connection = pooled.connection();
        let prepared = connection.prepare_with(SqlStr::from_static(text), &types).await.map(drop);
        pooled.checked(prepared)
    }

    /// Returns `None`: the file's lock is taken in this process, without a round trip.
    #[expect(clippy::unused_async, reason = "PostgreSQL has a function of this name that waits")]
    pub(super) async fn open_in_one_statement(
        &self,
        _session: &NewSession,
    ) -> Result<Option<OpenOutcome>, StoreError> {
        Ok(None)
    }

    /// As [`open_in_one_statement`](Self::open_in_one_statement).
    #[expect(clippy::unused_async, reason = "PostgreSQL has a function of this name that waits")]
    pub(super) async fn refresh_in_one_statement(
        &self,
        _session: &SessionId,
        _rotation: &Rotation,
    ) -> Result<Option<RefreshOutcome>, StoreError> {
        Ok(None)
    }

    /// Runs a change of one statement. Returns the number of changed rows.
    pub(super) async fn change(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let changed = write.change(statement).await?;
        write.commit().await?;
        Ok(changed)
    }

    /// Runs two changes in one transaction, which is one write to the disk.
    pub(super) async fn change_both(
        &self,
        first: Statement<'_>,
        second: Statement<'_>,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        write.change(first).await?;
        write.change(second).await?;
        write.commit().await
    }

    /// Takes the file's one lock, which also protects the account.
    pub(super) async fn write_to(&self, _account: &AccountId) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        state::check(&mut write).await?;
        Ok(write)
    }

    /// As [`write_to`](Self::write_to).
    pub(super) async fn write_to_browsers(
        &self,
        account: &AccountId,
        _browsers: &[&BrowserHash],
    ) -> Result<Write, StoreError> {
        self.write_to(account).await
    }

    /// As [`write_to`](Self::write_to).
    pub(super) async fn write_to_both(
        &self,
        account: &AccountId,
        _by: Option<&Actor>,
    ) -> Result<Write, StoreError> {
        self.write_to(account).await
    }

    /// As [`write_to`](Self::write_to).
    pub(super) async fn write_to_account_of(
        &self,
        _session: &SessionId,
    ) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        state::check(&mut write).await?;
        Ok(write)
    }

    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let waiting = self.state.waiting.begin();
        let turn = self.turn.clone().acquire_owned().await;
        drop(waiting);
        // The semaphore is never closed.
        let mut turn = turn.map_err(|_| StoreError::from_driver(sqlx::Error::PoolClosed))?;
        // Each connection of the pool may be read-only.
        let mut others = self.pool.size();
        loop {
            let pooled = self.connect().await?;
            let open = Some(Open { pooled, turn });
            let mut write = Write { open, own_row: self.own_row.clone() };
            let Err(error) = write.begin().await else { return Ok(write) };
            let again = error.kind() == StoreErrorKind::ReadOnly && others > 0;
            match write.open.take_if(|open| again && open.pooled.may_close()) {
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
