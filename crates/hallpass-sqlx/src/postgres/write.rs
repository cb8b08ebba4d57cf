//! A write transaction and its lock.
//!
//! SQLite has one write lock, and PostgreSQL one per row. A transaction first takes the lock that
//! decides its order: the account's row. No other writer changes the values
//! that it reads afterwards, because every writer takes this lock first. Locks are taken in a fixed
//! order, so there are no deadlocks.

use hallpass_accounts::{AccountId, Actor, BrowserHash, SessionId};
use sqlx::{
    AssertSqlSafe, PgConnection, Postgres, Transaction, pool::PoolConnection, postgres::PgRow,
};

use super::{
    PostgresStore,
    sql::{Statement, account::state, sql},
};
use crate::{
    error::StoreError,
    own_users::{OwnRow, Parameter},
    pooler::Pooler,
};

/// Locks a session's row if it belongs to the account. The account's row is locked before.
pub(super) const LOCK_SESSION: &str = "SELECT refresh_hash, consumed, created_at, refreshed_at, idle_at, expires_at, methods, \
     authenticated_at, EXISTS (SELECT 1 FROM hallpass_two_factor f WHERE f.account_id = $2) \
     AS has_second_factor FROM hallpass_sessions WHERE id = $1 AND account_id = $2 \
     FOR NO KEY UPDATE";

/// A transaction that holds its lock. It is rolled back if it is dropped without
/// [`commit`](Self::commit).
pub(super) struct Write {
    transaction: Transaction<'static, Postgres>,
    own_row: Option<Box<OwnRow>>,
    prepares: Prepares,
}

/// How statements are prepared.
#[derive(Clone, Copy)]
enum Prepares {
    /// Under a name, once per connection.
    Once,
    /// Without a name, for each use. Behind a pooler in transaction mode a name may belong to
    /// another client's statement.
    EachTime,
}

impl Prepares {
    fn prepared(self, statement: Statement<'_>) -> Statement<'_> {
        match self {
            Self::Once => statement,
            Self::EachTime => statement.persistent(false),
        }
    }
}

impl Write {
    /// Returns the row of the site's own users table, if the site has one.
    pub(super) fn own_row(&self) -> Option<&OwnRow> {
        self.own_row.as_deref()
    }

    pub(super) fn own_row_mut(&mut self) -> Option<&mut OwnRow> {
        self.own_row.as_deref_mut()
    }

    pub(super) fn prepared<'q>(&self, statement: Statement<'q>) -> Statement<'q> {
        self.prepares.prepared(statement)
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

    /// Waits for other commands that take a role away of which one account must remain.
    pub(super) async fn lock_kept_roles(&mut self) -> Result<(), StoreError> {
        self.row(sql("SELECT pg_advisory_xact_lock($1)").bind(KEPT_ROLES)).await.map(drop)
    }
}

/// The number of the lock of [`Write::lock_kept_roles`]: `hallpass` in ASCII.
const KEPT_ROLES: i64 = 0x6861_6c6c_7061_7373;

/// The first 8 bytes. To choose a cookie with a given number takes 2⁶⁴ attempts.
fn lock_number(browser: &BrowserHash) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *browser.as_bytes();
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A connection of the pool, for a few statements. It is returned to the pool when it is dropped.
/// The pool itself closes a broken connection.
///
/// sqlx prepares a statement and runs it in two steps. A pooler in transaction mode may change the
/// connection in between, so both steps are then in one transaction.
pub(super) enum Pooled {
    Statement(PoolConnection<Postgres>),
    Transaction(Box<Write>),
}

impl Pooled {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        match self {
            Self::Statement(connection) => connection,
            Self::Transaction(write) => &mut write.transaction,
        }
    }

    pub(super) fn prepared<'q>(&self, statement: Statement<'q>) -> Statement<'q> {
        match self {
            Self::Statement(_) => statement,
            Self::Transaction(write) => write.prepared(statement),
        }
    }

    /// Ends the transaction of the statements, if there is one.
    pub(super) async fn finish<T>(self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        let value = result.map_err(StoreError::from_driver)?;
        if let Self::Transaction(write) = self {
            write.commit().await?;
        }
        Ok(value)
    }

    pub(super) async fn row(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<PgRow>, StoreError> {
        let statement = self.prepared(statement);
        statement.fetch_optional(self.connection()).await.map_err(StoreError::from_driver)
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
        let statement = self.prepared(statement);
        match statement.fetch_all(self.connection()).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(RACED) => Ok(None),
            rows => rows.map(Some).map_err(StoreError::from_driver),
        }
    }
}

/// serialization_failure, see <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const RACED: &str = "40001";

impl PostgresStore {
    /// Takes a connection for one statement.
    pub(super) async fn connect(&self) -> Result<Pooled, StoreError> {
        if self.route.pooler() != Pooler::Transaction {
            let connection = self.acquire().await?;
            // A new connection may have found a pooler.
            if self.route.pooler() != Pooler::Transaction {
                return Ok(Pooled::Statement(connection));
            }
        }
        self.write().await.map(|write| Pooled::Transaction(Box::new(write)))
    }

    /// As [`Pooled::rows_unless_raced`], for a statement that is one transaction.
    pub(super) async fn rows_unless_raced(
        &self,
        statement: Statement<'_>,
    ) -> Result<Option<Vec<PgRow>>, StoreError> {
        let mut pooled = self.connect().await?;
        let rows = pooled.rows_unless_raced(statement).await?;
        pooled.finish(Ok(rows)).await
    }

    /// Runs a change of one statement, which is one transaction. Returns the number of changed
    /// rows.
    pub(super) async fn change(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let mut pooled = self.connect().await?;
        let changed = pooled.prepared(statement).execute(pooled.connection()).await;
        pooled.finish(changed).await.map(|result| result.rows_affected())
    }

    /// Runs two changes, the second after the first is committed. It needs no lock and no
    /// transaction, so it costs two round trips.
    pub(super) async fn change_both(
        &self,
        first: Statement<'_>,
        second: Statement<'_>,
    ) -> Result<(), StoreError> {
        self.change(first).await?;
        self.change(second).await.map(drop)
    }

    /// Prepares a statement of the site: its table and its columns must be in this database.
    ///
    /// The name of a statement that the driver prepares would stay on the connection, which other
    /// clients also use behind a pooler.
    pub(crate) async fn check_statement(
        &self,
        text: &'static str,
        parameters: &[Parameter],
    ) -> Result<(), StoreError> {
        let types: Vec<_> = parameters
            .iter()
            .map(|parameter| match parameter {
                Parameter::Text => "text",
                Parameter::Integer => "bigint",
            })
            .collect();
        let types = types.join(", ");
        let script =
            format!("PREPARE hallpass_check ({types}) AS {text}; DEALLOCATE hallpass_check");
        let mut pooled = self.connect().await?;
        let checked = sqlx::raw_sql(AssertSqlSafe(script)).execute(pooled.connection()).await;
        pooled.finish(checked.map(drop)).await
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

    /// Locks the account's row, and then the browsers in the order of their numbers, in one
    /// statement. Without the account nothing is locked.
    pub(super) async fn write_to_browsers(
        &self,
        account: &AccountId,
        browsers: &[&BrowserHash],
    ) -> Result<Write, StoreError> {
        let mut write = self.write().await?;
        let mut numbers: Vec<i64> = browsers.iter().map(|browser| lock_number(browser)).collect();
        numbers.sort_unstable();
        let lock = sql("SELECT pg_advisory_xact_lock(number) FROM (SELECT 1 FROM \
             hallpass_account_state WHERE account_id = $1 FOR NO KEY UPDATE) locked, \
             unnest($2::bigint[]) number ORDER BY number");
        write.change(lock.bind(account.as_str()).bind(numbers)).await?;
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
    /// Behind a pooler in transaction mode the settings of a connection are those of the
    /// transaction, because the connection of the server is also used by other applications.
    ///
    /// It begins in a task of its own. If it were dropped between the server's `BEGIN` and sqlx's
    /// count of it, the connection would return to the pool inside an open transaction, and the
    /// next user of the connection would lose its writes
    /// (`an_enrolment_dropped_at_any_await_is_whole_or_nothing`).
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        let store = self.clone();
        let begin = tokio::spawn(async move {
            match store.begin().await {
                Err(error) if store.route.connects_again(&store.pool, &error) => {
                    store.begin().await
                }
                begun => begun,
            }
        });
        let waiting = self.acquiring.waiting.begin();
        let begun = begin.await.unwrap_or(Err(sqlx::Error::WorkerCrashed));
        drop(waiting);
        let transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => return Err(self.acquire_error(error).await),
        };
        // A new connection may have found a pooler.
        let prepares = match self.route.pooler() {
            Pooler::Transaction => Prepares::EachTime,
            _ => Prepares::Once,
        };
        Ok(Write { transaction, own_row: self.own_row.clone(), prepares })
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.route.await_idle(&self.pool).await;
        match self.route.pooler() {
            Pooler::Transaction => self.pool.begin_with(BEGIN_WITH_SETTINGS).await,
            _ => self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await,
        }
    }
}

/// The settings of [`PostgresStore::open`], until the end of the transaction. One message to the
/// server.
const BEGIN_WITH_SETTINGS: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL statement_timeout = 5000; SET LOCAL idle_in_transaction_session_timeout = 10000; \
     SELECT set_config('synchronous_commit', 'on', TRUE) \
     WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";
