//! The operator's commands. Each command writes to the database or the key file of the server. The
//! change takes effect on a running server within the documented bound.

use std::io::{self, Write};
use std::time::Duration;

use hallpass::keys::{KeyFile, KeyFileError};
use hallpass::store::{AccountStore, AdministrationStore, StoreError};
use hallpass::{Account, AccountsError, Clock, Role, SystemClock, Username};

use crate::{Config, OpenError, Order, Site};

impl Order {
    /// Runs the command and writes the result to `out`.
    ///
    /// # Errors
    /// If the command fails. Unless writing to `out` failed, nothing was changed.
    pub async fn run(&self, config: &Config, out: &mut impl Write) -> Result<(), OperatorError> {
        if *self == Self::RotateKeys {
            let ring = KeyFile::new(&config.keys).rotate(SystemClock.now(), ACCEPT_OLD_FOR)?;
            let id = ring.active().map(|key| key.id().to_string()).unwrap_or_default();
            writeln!(
                out,
                "new tokens are signed with key {id}; the previous key is accepted for one hour"
            )?;
            return Ok(());
        }
        let site = Site::open(config).await?;
        match self {
            Self::RotateKeys => {}
            Self::ListUsers => list(&site, out).await?,
            Self::SetRole { name, role } => {
                let account = find(&site, name).await?;
                site.hallpass.set_roles(account.id(), [*role]).await?;
                writeln!(
                    out,
                    "{} has the role {} from the next login",
                    account.username(),
                    role.name()
                )?;
            }
            Self::SignOut { name } => {
                let account = find(&site, name).await?;
                site.hallpass.log_out_everywhere(account.id()).await?;
                writeln!(out, "{} is logged out everywhere", account.username())?;
            }
            Self::Disable { name } => {
                let account = find(&site, name).await?;
                site.hallpass.disable(account.id()).await?;
                writeln!(
                    out,
                    "{} is logged out everywhere and can no longer log in",
                    account.username()
                )?;
            }
        }
        Ok(())
    }
}

async fn find(site: &Site, name: &str) -> Result<Account, OperatorError> {
    let nobody = || OperatorError::NoSuchUser(name.to_owned());
    let username = Username::parse(name).map_err(|_| nobody())?;
    site.store.by_username(&username).await?.ok_or_else(nobody)
}

async fn list(site: &Site, out: &mut impl Write) -> Result<(), OperatorError> {
    let mut after: Option<Username> = None;
    loop {
        let accounts = site.store.list(after.as_ref(), PAGE).await?;
        for account in &accounts {
            let factor = account.second_factor().map_or("password only", |_| "two-factor");
            let state = if account.disabled() { ", disabled" } else { "" };
            writeln!(
                out,
                "{}: {}, {factor}{state}",
                account.username(),
                account.roles().join(" ")
            )?;
        }
        match accounts.last() {
            Some(last) if accounts.len() == PAGE as usize => after = Some(last.username().clone()),
            _ => return Ok(()),
        }
    }
}

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// The database, the Redis server or the key file of the settings cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No account has this name.
    #[error("no account has the name {0:?}; `user list` prints all accounts")]
    NoSuchUser(String),
    /// The database failed during the command.
    #[error("DATABASE_URL: the store failed")]
    Store(#[from] StoreError),
    /// The change could not be made.
    #[error("DATABASE_URL: the change could not be made")]
    Change(#[from] AccountsError),
    /// The key file cannot be used.
    #[error("BLOG_KEYS")]
    Keys(#[from] KeyFileError),
    /// The result could not be written.
    #[error("the result cannot be written to standard output")]
    Output(#[from] io::Error),
}

/// Four times the lifetime of an access token, so that a rotation logs nobody out.
const ACCEPT_OLD_FOR: Duration = Duration::from_secs(3600);
/// Accounts per query.
const PAGE: u32 = 200;
