//! A write transaction and its lock.
//!
//! SQLite has one write lock, and PostgreSQL one per row. A transaction first takes the lock that
//! decides its order: the account's row. No other writer changes the values
//! that it reads afterwards, because every writer takes this lock first. Locks are taken in a fixed
//! order, so there are no deadlocks.

use hallpass_accounts::{AccountId, Actor, BrowserHash, SessionId};
use sqlx::{PgConnection, Postgres, Transaction, pool::PoolConnection, postgres::PgRow};

use super::{
    PostgresStore,
    sql::{Statement, account::state, sql},
};
use crate::{error::StoreError, own_users::OwnRow};

/// Locks a session's row if it belongs to the account. The account's row is locked before.
pub(super) const LOCK_SESSION: &str =
    "SELECT 1 FROM hallpass_sessions WHERE id = $1 AND account_id = $2 FOR NO KEY UPDATE";

/// A transaction that holds its lock. It is rolled back if it is dropped without
/// [`commit`](Self::commit).
pub(super) struct Write {
    transaction: Transaction<'static, Postgres>,
    own_row: Option<OwnRow>,
}

impl Write {
    /// Returns the row of the site's own users table, if the site has one.
    pub(super) fn own_row(&self) -> Option<&OwnRow> {
        self.own_row.as_ref()
    }

    pub(super) fn own_row_mut(&mut self) -> Option<&mut OwnRow> {
        self.own_row.as_mut()
    }

    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        Ok(&mut self.transaction)
    }

    pub(super) fn checked<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(StoreError::from_driver)
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(StoreError::from_driver)
    }

    /// Locks browsers, after the row of the account: logins of other accounts in these browsers
    /// wait. The locks are on numbers, because a browser may have no row yet.
    ///
    /// The numbers are sorted. Otherwise two logins that replace each other's cookie would wait for
    /// each other.
    pub(super) async fn lock_browsers(
        &mut self,
        browsers: &[&BrowserHash],
    ) -> Result<(), StoreError> {
        let mut numbers: Vec<i64> = browsers.iter().map(|browser| lock_number(browser)).collect();
        numbers.sort_unstable();
        for number in numbers {
            self.row(sql("SELECT pg_advisory_xact_lock($1)").bind(number)).await?;
        }
        Ok(())
    }
}

/// The first 8 bytes. To choose a cookie with a given number takes 2⁶⁴ attempts.
fn lock_number(browser: &BrowserHash) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *browser.as_bytes();
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A connection of the pool, for reads. It is returned to the pool when it is dropped. The pool
/// itself closes a broken connection.
pub(super) struct Pooled(PoolConnection<Postgres>);

impl Pooled {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    pub(super) fn checked<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(StoreError::from_driver)
    }

    pub(super) async fn row(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<PgRow>, StoreError> {
        let row = statement.fetch_optional(self.connection()).await;
        self.checked(row)
    }

    /// Runs a statement that compares before it writes, and returns its rows.
    ///
    /// Returns `None` if another transaction changed the rows meanwhile, at a stricter isolation
    /// level than READ COMMITTED, which may be the default of an application's pool. Nothing was
    /// written then.
    pub(super) async fn rows_unless_raced(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<Vec<PgRow>>, StoreError> {
        match statement.fetch_all(self.connection()).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(RACED) => Ok(None),
            rows => self.checked(rows).map(Some),
        }
    }
}

/// serialization_failure, see <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const RACED: &str = "40001";

impl PostgresStore {
    pub(super) async fn connect(&self) -> Result<Pooled, StoreError> {
        self.acquire().await.map(Pooled)
    }

    /// As [`Pooled::rows_unless_raced`], for a statement that is one transaction.
    pub(super) async fn rows_unless_raced(
        &self,
        statement: Statement<'_>,
    ) -> Result<Option<Vec<PgRow>>, StoreError> {
        self.connect().await?.rows_unless_raced(statement).await
    }

    /// Runs a change of one statement, which is one transaction. Returns the number of changed
    /// rows.
    pub(super) async fn change(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let mut connection = self.acquire().await?;
        let changed = statement.execute(&mut *connection).await;
        changed.map(|result| result.rows_affected()).map_err(StoreError::from_driver)
    }

    /// Locks the account's row. An account that does not exist has no lock, and its changes have no
    /// effect.
    ///
    /// The lock is the one that an update takes. The foreign keys of sessions and factors do not
    /// wait for it.
    pub(super) async fn write_to(&self, account: &AccountId) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let lock =
            sql("SELECT 1 FROM hallpass_account_state WHERE account_id = $1 FOR NO KEY UPDATE");
        write.row(lock.bind(account.as_str())).await?;
        state::check(&mut write).await?;
        Ok(write)
    }

    /// Locks the rows of the account and of the actor who commands the change, in the order of
    /// their ids. Otherwise two administrators who change each other would wait for each other.
    pub(super) async fn write_to_both(
        &self,
        account: &AccountId,
        by: Option<&Actor>,
    ) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let lock =
            sql("SELECT 1 FROM hallpass_account_state WHERE account_id = $1 OR account_id = $2 \
             ORDER BY account_id FOR NO KEY UPDATE");
        let by = by.map(|actor| actor.account.as_str());
        write.change(lock.bind(account.as_str()).bind(by)).await?;
        state::check(&mut write).await?;
        Ok(write)
    }

    /// Locks the row of the account that has this session.
    pub(super) async fn write_to_account_of(
        &self,
        session: &SessionId,
    ) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let lock = sql("SELECT 1 FROM hallpass_account_state \
             WHERE account_id = (SELECT account_id FROM hallpass_sessions WHERE id = $1) FOR NO KEY UPDATE");
        write.row(lock.bind(session.to_string())).await?;
        state::check(&mut write).await?;
        Ok(write)
    }

    /// Begins a transaction without a lock. The isolation level is explicit, because an
    /// application's pool may default to another one, at which a statement would not read changes
    /// that were committed while it waited.
    ///
    /// It begins in a task of its own. If it were dropped between the server's `BEGIN` and sqlx's
    /// count of it, the connection would return to the pool inside an open transaction, and the
    /// next user of the connection would lose its writes
    /// (`an_enrolment_dropped_at_any_await_is_whole_or_nothing`).
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let pool = self.pool.clone();
        let begin =
            tokio::spawn(
                async move { pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await },
            );
        let waiting = self.acquiring.waiting.begin();
        let begun = begin.await.unwrap_or(Err(sqlx::Error::WorkerCrashed));
        drop(waiting);
        match begun {
            Ok(transaction) => Ok(Write { transaction, own_row: self.own_row.clone() }),
            Err(error) => Err(self.acquire_error(error).await),
        }
    }
}
