//! Operator commands, which any site adds with one line: `user`, `sessions`, `keys`, `migrate`,
//! `prune` and `doctor`. The site's program runs them before it starts the site.
//!
//! - A command opens an existing database and an existing key file, or fails with one line that
//!   names the path. It creates neither. A command in the wrong directory that created an empty
//!   database would report success and change nothing.
//! - A command may run while servers run. A change of an account is written to the revocation log
//!   in its transaction, so it takes effect on each server within 5 seconds. A server reads a
//!   changed key file within a second.
//! - A command starts no background task and serves no request.
//! - Each change is an [`Event`](crate::Event) whose actor is the operator. It is sent to the
//!   site's [`on_event`](crate::HallpassBuilder::on_event) and to `tracing`.
//!
//! [`Hallpass::cli`] is the line for a site that starts with [`Hallpass::open`]. [`run`] is the
//! line for a site that starts with its own [`HallpassBuilder`]. [`Command`] leaves the end of the
//! program to the caller.
//!
//! Each group of commands is one file here. The exit status is 0 after success, 1 after a failure,
//! and 2 if the arguments are not a command.

mod arguments;
mod doctor;
mod error;
mod keys;
mod output;
mod reencryption;
mod site;
mod store;
mod user;

use std::{
    convert::Infallible,
    error::Error,
    process::{self, ExitCode},
};

use hallpass_accounts::{AccountStore, Cursor, RevocationLog as _};
use hallpass_core::Role;
use hallpass_sqlx::SqlStore;

pub use self::arguments::{Command, UsageError};
use self::{
    arguments::Group,
    error::{CommandError, one_line},
    output::{Output, Status},
    site::Site,
};
use crate::{builder::HallpassBuilder, hallpass::Hallpass, open::builder_on};

impl<R: Role> Hallpass<R> {
    /// Runs the operator command in the arguments of the process, and exits. Returns if there are
    /// no arguments, so that the site starts.
    ///
    /// The database and the key file are those of [`Hallpass::open`] with the same `url`. Both must
    /// exist.
    ///
    /// ```no_run
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Guest, Admin }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// Hallpass::<SiteRole>::cli("sqlite://site.db").await; // cargo run -- user make-admin alice
    /// let hallpass = Hallpass::<SiteRole>::open("sqlite://site.db").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cli(url: &str) {
        run(url, async |store| Ok::<_, Infallible>(builder_on::<R>(store))).await;
    }
}

/// Runs the operator command in the arguments of the process, and exits. Returns if there are no
/// arguments, so that the site starts.
///
/// `site` returns the settings of the site on the opened database. The site uses the same function
/// for its start, so that each setting is written once:
///
/// ```no_run
/// # use hallpass::{Hallpass, HallpassBuilder, Role, StartError, store::SqlStore};
/// # #[derive(Role)] enum SiteRole { Guest, Admin }
/// async fn site(store: SqlStore) -> Result<HallpassBuilder<SiteRole, SqlStore>, StartError> {
///     Ok(Hallpass::builder(store).key_file("keys.json").issuer("https://site.example").everything())
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// hallpass::cli::run("sqlite://site.db", site).await;
/// let hallpass = site(SqlStore::open("sqlite://site.db").await?).await?.start().await?;
/// # Ok(())
/// # }
/// ```
pub async fn run<R, S, E>(
    url: &str,
    site: impl AsyncFnOnce(SqlStore) -> Result<HallpassBuilder<R, S>, E>,
) where
    R: Role,
    S: AccountStore,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    if let Some(command) = Command::from_env() {
        process::exit(command.execute(url, site).await.code());
    }
}

impl Command {
    /// Runs the command on the database at `url`, and returns the exit status of the process.
    /// `site` returns the settings of the site, as for [`run`].
    ///
    /// The result is printed to standard output. An error is printed to standard error, in one
    /// line.
    pub async fn run<R, S, E>(
        self,
        url: &str,
        site: impl AsyncFnOnce(SqlStore) -> Result<HallpassBuilder<R, S>, E>,
    ) -> ExitCode
    where
        R: Role,
        S: AccountStore,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.execute(url, site).await.into()
    }

    async fn execute<R, S, E>(
        self,
        url: &str,
        site: impl AsyncFnOnce(SqlStore) -> Result<HallpassBuilder<R, S>, E>,
    ) -> Status
    where
        R: Role,
        S: AccountStore,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let Self { program, json, group } = self;
        let output = Output::new(json);
        let outcome = match group {
            // It opens each part itself, because each part may be the fault that it reports.
            Group::Doctor(accept) if accept.is_none() => doctor::run(url, site, output).await,
            Group::Doctor(accept) => {
                on_site(url, site, async |site| store::accept(accept, site, output).await).await
            }
            Group::User(command) => {
                on_site(url, site, async |site| user::run(command, site, output).await).await
            }
            Group::Keys(command) => {
                on_site(url, site, async |site| keys::run(command, site, output).await).await
            }
            Group::Sessions(command) => {
                on_site(url, site, async |site| store::sessions(command, site, output).await).await
            }
            Group::Migrate => {
                on_site(url, site, async |site| store::migrate(site, output).await).await
            }
            Group::Prune => on_site(url, site, async |site| store::prune(site, output).await).await,
        };
        match outcome {
            Ok(status) => status,
            // In `site user list | head` the reader closes the pipe early, which is not a failure.
            Err(CommandError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Status::Done
            }
            Err(error) => {
                eprintln!("{program}: {}", one_line(&error));
                Status::Failed
            }
        }
    }
}

/// Opens the site, runs a command on it, and closes its database.
async fn on_site<R, S, E>(
    url: &str,
    site: impl AsyncFnOnce(SqlStore) -> Result<HallpassBuilder<R, S>, E>,
    command: impl AsyncFnOnce(Site<R>) -> Result<Status, CommandError>,
) -> Result<Status, CommandError>
where
    R: Role,
    S: AccountStore,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let site = Site::open(url, site).await?;
    let store = site.store.clone();
    let outcome = command(site).await;
    // A read records the end of the revocation log in the side file of a SQLite database. Without
    // it, a copy from before this command is not noticed if the servers stop immediately
    // (`a_restored_sqlite_file_is_accepted_as_the_guide_says`). The command itself has succeeded.
    let _facts = store.read_after(Cursor::START).await;
    store.close().await;
    outcome
}
