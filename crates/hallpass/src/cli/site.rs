//! The site that a command runs on: its database, its settings and its engine.

use std::{error::Error, path};

use hallpass_accounts::{
    Account, AccountStore, Accounts, AccountsError, Cursor, Event, EventActor, RevocationLog,
    RevocationSync, Username,
};
use hallpass_core::{Clock, Role, SystemClock, UnixTime};
use hallpass_sqlx::SqlStore;

use super::error::CommandError;
use crate::{
    builder::{HallpassBuilder, KeySource},
    key_file::KeyFile,
    start::CheckedSettings,
};

/// An opened database, and the settings of its site. No key was read yet.
pub(super) struct Site<R> {
    pub(super) store: SqlStore,
    /// The database in messages: an absolute path, or the name of the database and its server.
    pub(super) database: String,
    pub(super) checked: CheckedSettings<R>,
}

impl<R: Role> Site<R> {
    pub(super) async fn open<S, E>(
        url: &str,
        site: impl AsyncFnOnce(SqlStore) -> Result<HallpassBuilder<R, S>, E>,
    ) -> Result<Self, CommandError>
    where
        S: AccountStore,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::on(SqlStore::open_existing(url).await?, site).await
    }

    pub(super) async fn on<S, E>(
        store: SqlStore,
        site: impl AsyncFnOnce(SqlStore) -> Result<HallpassBuilder<R, S>, E>,
    ) -> Result<Self, CommandError>
    where
        S: AccountStore,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let builder =
            site(store.clone()).await.map_err(|error| CommandError::Site(error.into()))?;
        let mut checked = builder.check()?;
        if let KeySource::File(file) = &checked.keys
            && let Ok(absolute) = path::absolute(file.path())
        {
            checked.keys = KeySource::File(KeyFile::new(absolute));
        }
        Ok(Self { database: store.location(), store, checked })
    }

    /// Returns the key file. Its path is absolute, so that a message shows the directory.
    pub(super) fn key_file(&self) -> Result<&KeyFile, CommandError> {
        match &self.checked.keys {
            KeySource::File(file) => Ok(file),
            KeySource::Ring(_) | KeySource::Drawn => Err(CommandError::NoKeyFile),
        }
    }

    /// Reports a change that an operator made to the keys or to the database.
    pub(super) fn report(&self, operation: &'static str) {
        self.checked.settings.report(Event::Maintenance { operation, actor: EventActor::Operator });
    }

    /// Returns the time of the store, which dates keys and changes: the clock of the machine on
    /// which an operator runs a command may be wrong. Tables of another step cannot return the
    /// time, so the clock of this machine dates the keys of such a site.
    pub(super) async fn now(&self) -> Result<UnixTime, CommandError> {
        let failed = |error| CommandError::of_store(&self.database, error);
        let step = self.store.schema().await.map_err(failed)?;
        if step.found != step.latest {
            return Ok(SystemClock.now());
        }
        let page = self.store.read_after(Cursor::START).await.map_err(failed)?;
        Ok(page.facts.map_or_else(|| SystemClock.now(), |facts| facts.now))
    }

    /// Checks that the tables are at the step of this program.
    pub(super) async fn check_tables(&self) -> Result<(), CommandError> {
        let database = self.database.clone();
        let step = self.store.schema().await;
        let step = step.map_err(|error| CommandError::of_store(&database, error))?;
        match step.found {
            found if found == step.latest => Ok(()),
            0 => Err(CommandError::NoTables { database }),
            found if found < step.latest => Err(CommandError::OldTables { database, step }),
            _ => Err(CommandError::NewTables { database, step }),
        }
    }

    /// Checks the step of the tables, reads the keys and takes over the time of the store. Commands
    /// that read or change rows begin with this.
    pub(super) async fn engine(self) -> Result<Engine<R>, CommandError> {
        self.check_tables().await?;
        let Self { store, database, checked } = self;
        let accounts = checked.accounts().await?;
        let time = RevocationSync::new(&accounts).take_time().await;
        time.map_err(|error| CommandError::of_store(&database, error))?;
        Ok(Engine { store, database, accounts })
    }
}

/// The engine of the site, on an up-to-date database.
pub(super) struct Engine<R> {
    pub(super) store: SqlStore,
    pub(super) database: String,
    pub(super) accounts: Accounts<R>,
}

impl<R: Role> Engine<R> {
    pub(super) async fn find(&self, name: &str) -> Result<Account, CommandError> {
        let username = Username::parse(name)
            .map_err(|source| CommandError::Username { name: name.to_owned(), source })?;
        let account = self.accounts.find(&username).await.map_err(|error| self.failed(error))?;
        account.ok_or_else(|| CommandError::NoSuchUser {
            database: self.database.clone(),
            name: name.to_owned(),
        })
    }

    pub(super) fn failed(&self, error: AccountsError) -> CommandError {
        CommandError::of_accounts(&self.database, error)
    }

    pub(super) fn store_failed(&self, error: impl Error + Send + Sync + 'static) -> CommandError {
        CommandError::of_store(&self.database, error)
    }
}
