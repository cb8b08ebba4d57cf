//! The operator's commands: each writes to the same database or key file as the server, which
//! notices within the published bound.

use std::io::{self, Write};
use std::time::Duration;

use hallpass::keys::{KeyFile, KeyFileError};
use hallpass::store::{AccountStore, AdministrationStore, StoreError};
use hallpass::{Account, AccountsError, Clock, Role, SystemClock, Username};

use crate::{Config, OpenError, Order, Site};

impl Order {
    /// Carries the command out and says what was done.
    ///
    /// # Errors
    /// One line for the operator; nothing was changed then.
    pub async fn run(&self, config: &Config, out: &mut impl Write) -> Result<(), OperatorError> {
        if *self == Self::RotateKeys {
            let ring = KeyFile::new(&config.keys).rotate(SystemClock.now(), ACCEPT_OLD_FOR)?;
            let id = ring.active().map(|key| key.id().to_string()).unwrap_or_default();
            writeln!(
                out,
                "{id} signs from now on; the key before it is accepted for another hour"
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
                    "{} is {} from the next sign-in on",
                    account.username(),
                    role.name()
                )?;
            }
            Self::SignOut { name } => {
                let account = find(&site, name).await?;
                site.hallpass.log_out_everywhere(account.id()).await?;
                writeln!(out, "{} is signed out everywhere", account.username())?;
            }
            Self::Disable { name } => {
                let account = find(&site, name).await?;
                site.hallpass.disable(account.id()).await?;
                writeln!(
                    out,
                    "{} is signed out everywhere and may not sign in again",
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

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// The settings name what cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nobody has this name.
    #[error("nobody is called {0:?}; `user list` shows who there is")]
    NoSuchUser(String),
    /// The database failed on the way.
    #[error("DATABASE_URL: the store failed")]
    Store(#[from] StoreError),
    /// The change could not be made.
    #[error("DATABASE_URL: the change could not be made")]
    Change(#[from] AccountsError),
    /// The key file cannot be used.
    #[error("BLOG_KEYS")]
    Keys(#[from] KeyFileError),
    /// What was done could not be said.
    #[error("nothing can be written to standard output")]
    Output(#[from] io::Error),
}

/// Four lives of an access token: nobody who is signed in notices.
const ACCEPT_OLD_FOR: Duration = Duration::from_secs(3600);
/// Accounts read at once.
const PAGE: u32 = 200;
