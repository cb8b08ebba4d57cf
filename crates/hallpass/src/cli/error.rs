//! The reason that a command failed, printed in one line.

use std::{error::Error, io};

use hallpass_accounts::{AccountsError, AccountsErrorKind, UsernameError};
use hallpass_core::PublicOriginError;
use hallpass_sqlx::{MigrateError, SchemaStep, StoreOpenError};

use crate::{key_file::KeyFileError, start::StartError};

type Cause = Box<dyn Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error(transparent)]
    Open(#[from] StoreOpenError),
    #[error("the settings of the site cannot be used")]
    Site(#[source] Cause),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(
        "the keys of this site are not in a file: change them where the program reads them, or start the site with .key_file(…)"
    )]
    NoKeyFile,
    #[error(
        "the database {database} has no tables of hallpass: check the address, or run the command migrate"
    )]
    NoTables { database: String },
    #[error(
        "the database {database} is at schema step {}, but this program requires step {}: run the command migrate", step.found, step.latest
    )]
    OldTables { database: String, step: SchemaStep },
    #[error(
        "the database {database} is at schema step {}, but this program has only {}: run a newer version of the program", step.found, step.latest
    )]
    NewTables { database: String, step: SchemaStep },
    #[error("the tables in {database} were not changed")]
    Migrate { database: String, source: MigrateError },
    #[error("the database {database} did not run the command: check it, then try again")]
    Store { database: String, source: Cause },
    #[error("the change was not made in {database}")]
    Change { database: String, source: AccountsError },
    #[error("{name:?} is not a user name")]
    Username { name: String, source: UsernameError },
    #[error(
        "no account in {database} has the name {name:?}: the command user list prints all names"
    )]
    NoSuchUser { database: String, name: String },
    #[error("no second factor is on for the account {name:?} in {database}: nothing was changed")]
    NoFactor { database: String, name: String },
    #[error("{name:?} is not a role of this site: use {known}")]
    UnknownRole { name: String, known: String },
    #[error("this site has no role with the name \"admin\": use user set-role with one of {known}")]
    NoAdminRole { known: String },
    #[error(
        "the address of this site in the browser is not known: call .public_origin(…) in the program, or add --origin https://site.example"
    )]
    NoOrigin,
    #[error("the option --origin cannot be used")]
    Origin(#[source] PublicOriginError),
    #[error("the password cannot be read from standard input: write it as one line of text")]
    Password(#[source] io::Error),
    #[error("the result cannot be written to standard output")]
    Output(#[from] io::Error),
}

impl CommandError {
    /// Returns the error of an engine call. If a store failed, only the causes are kept, because
    /// the error itself asks a visitor for another attempt in a second.
    pub(super) fn of_accounts(database: &str, error: AccountsError) -> Self {
        let database = database.to_owned();
        match (error.kind(), error.source()) {
            (AccountsErrorKind::Unavailable { .. }, Some(cause)) => {
                Self::Store { database, source: one_line(cause).into() }
            }
            _ => Self::Change { database, source: error },
        }
    }

    pub(super) fn of_store(database: &str, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Store { database: database.to_owned(), source: Box::new(source) }
    }
}

/// Returns an error and its causes in one line. A cause whose text the line already contains is
/// left out, and line breaks in a driver's message are replaced with spaces.
pub(super) fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(below) = cause {
        let text = below.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = below.source();
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_and_causes_are_one_line_without_repetition() {
        let driver = io::Error::other("disk I/O error\n  at page 7");
        let error = CommandError::of_store("/srv/site.db", driver);
        assert_eq!(
            one_line(&error),
            "the database /srv/site.db did not run the command: check it, then try again: \
             disk I/O error at page 7"
        );
        let error = CommandError::Site("the settings of the site cannot be used".into());
        assert_eq!(one_line(&error), "the settings of the site cannot be used");
    }
}
