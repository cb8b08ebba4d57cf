//! The output of a command: a line for a person, or one JSON value per line; or the error.

use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
};

use hallpass::keys::KeyFileError;
use hallpass_accounts::NoRandomness;
use hallpass_core::{IssueError, KeyIdError, KeyRingError, OtpauthError, TotpSecretError};
use serde_json::Value;

#[derive(Clone, Copy)]
pub(crate) struct Report {
    json: bool,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints `value` if JSON was requested, else `text`.
    pub(crate) fn print(self, text: &str, value: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json { writeln!(out, "{value}") } else { writeln!(out, "{text}") }
    }
}

/// Why a command failed. A token or password that is rejected is a result, not an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error("the keys cannot be used")]
    KeyRing(#[from] KeyRingError),
    #[error(transparent)]
    KeyId(#[from] KeyIdError),
    #[error("{} cannot be read: name an existing file, or `-` for standard input", path.display())]
    Input { path: PathBuf, source: io::Error },
    #[error("{what} is not UTF-8 text: write it as text")]
    NotText { what: &'static str },
    #[error("{what} is empty: give it in a file or on standard input")]
    NoInput { what: &'static str },
    #[error("standard input has no token: write one token per line")]
    NoTokens,
    #[error(
        "the keys file is not JSON, at line {line}, column {column}: give a key ring or a JWK Set"
    )]
    NotJson { line: usize, column: usize },
    #[error("the file of `--claims` is not a JSON object, at line {line}, column {column}")]
    OwnClaims { line: usize, column: usize },
    #[error("{count} role names are too many: name at most 64")]
    TooManyRoles { count: usize },
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error(transparent)]
    TotpSecret(#[from] TotpSecretError),
    #[error(transparent)]
    Otpauth(#[from] OtpauthError),
    #[error(transparent)]
    Hash(#[from] hallpass_accounts::HashError),
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
}

/// Returns an error and its causes in one line.
pub(crate) fn one_line(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
