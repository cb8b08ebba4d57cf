//! Takes connections out of the pool, and closes those that failed.
//!
//! SQLite ends a transaction by itself when the disk is full, after an I/O error and when memory is
//! exhausted (<https://www.sqlite.org/lang_transaction.html>, "Response To Errors Within A
//! Transaction"). sqlx's `Transaction` still counts it as open and returns the connection to the
//! pool, where each later transaction fails until the process is restarted. So transactions are
//! begun and ended by statements here, and a connection that failed is never used again. Guarded by
//! the tests of `tests/store/faults.rs`.

use std::{
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Sqlite, SqliteConnection, pool::PoolConnection};

use super::{
    SqliteStore,
    place::{OpenedFile, Place},
    sql::Statement,
};
use crate::error::{StoreError, StoreErrorKind};

/// A connection of the pool. It is returned to the pool when it is dropped, or closed if it failed.
pub(super) struct Pooled {
    connection: PoolConnection<Sqlite>,
    /// A database in memory ends with its connection, so the connection stays open.
    keep: bool,
}

impl Pooled {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Returns the statement as it is: it is prepared once per connection.
    pub(super) fn prepared<'q>(&self, statement: Statement<'q>) -> Statement<'q> {
        statement
    }

    /// Ends the use of the connection for one statement.
    pub(super) async fn finish<T>(
        mut self,
        result: Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        self.checked(result)
    }

    /// Converts the error of a call. Closes the connection at the end if the call failed for
    /// another reason than its data.
    pub(super) fn checked<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            let error = StoreError::from_driver(error);
            if !matches!(error.kind(), StoreErrorKind::Refused | StoreErrorKind::Corrupt) {
                self.close_at_the_end();
            }
            error
        })
    }

    pub(super) fn close_at_the_end(&mut self) {
        if self.may_close() {
            self.connection.close_on_drop();
        }
    }

    pub(super) fn may_close(&self) -> bool {
        !self.keep
    }

    /// Closes the connection now.
    pub(super) async fn close(self) {
        // Nothing more can be done about a connection that cannot be closed.
        let _ = self.connection.close().await;
    }
}

impl SqliteStore {
    /// Returns an error if the file was moved, deleted or replaced since the store has opened it.
    ///
    /// The error names the path. A call takes a few microseconds and does not use a connection.
    /// Each read and each write of the store checks this too. Has no effect for a database in
    /// memory, and before the first use of an application's own pool.
    ///
    /// # Errors
    /// [`StoreErrorKind::Moved`], or [`StoreErrorKind::Unavailable`] if the directory cannot be
    /// read.
    pub fn check_file(&self) -> Result<(), StoreError> {
        match self.state.place.get() {
            Some(Place::File(file)) => file.check(),
            Some(Place::Memory) | None => Ok(()),
        }
    }

    /// Takes a connection out of the pool, on the file that was opened first.
    pub(super) async fn connect(&self) -> Result<Pooled, StoreError> {
        self.check_file()?;
        let waiting = self.state.waiting.begin();
        let acquired = self.pool.acquire().await;
        drop(waiting);
        let connection = acquired.map_err(|error| self.connect_error(error))?;
        let mut pooled = Pooled { connection, keep: false };
        self.locate(&mut pooled).await?;
        pooled.keep = matches!(self.state.place.get(), Some(Place::Memory));
        // The pool may have opened the connection after the check above, on another file.
        if let Err(error) = self.check_file() {
            pooled.close_at_the_end();
            return Err(error);
        }
        Ok(pooled)
    }

    /// Records where the database is, with the first connection.
    async fn locate(&self, pooled: &mut Pooled) -> Result<(), StoreError> {
        if self.state.place.get().is_some() {
            return Ok(());
        }
        let path = "SELECT file FROM pragma_database_list WHERE name = 'main'";
        let path = sqlx::query_scalar(path).fetch_optional(pooled.connection()).await;
        let path: Option<String> = pooled.checked(path)?;
        let place = match (path.filter(|path| !path.is_empty()), self.path()) {
            // SQLite has no path for a database in memory.
            (None, _) => Place::Memory,
            // SQLite's path has the targets of symbolic links, and a link may change, too.
            (Some(_), Some(path)) => Place::File(OpenedFile::at(path)?),
            (Some(path), None) => Place::File(OpenedFile::at(path.as_ref())?),
        };
        // Two first calls find the same place.
        let _ = self.state.place.set(place);
        Ok(())
    }

    /// Returns the error of the last attempt to connect instead of the pool's timeout, which hides
    /// the cause: while one call fails to connect, others wait for their turn to connect.
    fn connect_error(&self, error: sqlx::Error) -> StoreError {
        if matches!(error, sqlx::Error::PoolTimedOut)
            && let Some(last) = &*self.last_failure()
            && last.at.elapsed() < RECENT
        {
            let text = "no connection became free in time, and the last attempt to connect failed";
            return StoreError::new(last.kind, format!("{text}: {}", last.text));
        }
        let text = error.to_string();
        let keep = !matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed);
        let error = StoreError::from_driver(error);
        if keep {
            let failure = ConnectFailure { at: Instant::now(), kind: error.kind(), text };
            *self.last_failure() = Some(failure);
        }
        error
    }

    fn last_failure(&self) -> MutexGuard<'_, Option<ConnectFailure>> {
        self.state.connect_failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A failed attempt to connect.
#[derive(Debug)]
pub(super) struct ConnectFailure {
    at: Instant,
    kind: StoreErrorKind,
    text: String,
}

/// Longer than any wait for a connection, so that the failure of another call is found.
const RECENT: Duration = Duration::from_secs(5);
