//! The arguments of the process.

use std::{ffi::OsString, fmt, path::Path, process};

use clap::{Parser, Subcommand, error::ErrorKind};

use super::{keys, store, user};

/// An operator command, parsed from the arguments of the process.
///
/// ```
/// use hallpass::cli::Command;
///
/// assert!(Command::parse(["site"])?.is_none(), "without arguments the site starts");
/// assert!(Command::parse(["site", "user", "make-admin", "alice"])?.is_some());
/// let error = Command::parse(["site", "user", "promote", "alice"]).unwrap_err();
/// assert!(error.to_string().contains("unrecognized subcommand 'promote'"));
/// # Ok::<(), hallpass::cli::UsageError>(())
/// ```
#[derive(Debug)]
pub struct Command {
    pub(super) program: String,
    pub(super) json: bool,
    pub(super) group: Group,
}

impl Command {
    /// Parses the arguments of the process. Returns `None` if the process has no arguments. If the
    /// arguments are not a command, prints the error and exits with 2. `--help` prints the help and
    /// exits with 0.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        Self::parse(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Parses arguments, of which the first is the name of the program. Returns `None` if there is
    /// no other argument. A site that has its own arguments calls this with the arguments that are
    /// for hallpass.
    ///
    /// # Errors
    /// Returns an error if the arguments are not a command, and for `--help`.
    pub fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Option<Self>, UsageError> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let program = program(arguments.first());
        if arguments.len() < 2 {
            return Ok(None);
        }
        match Arguments::try_parse_from(arguments) {
            Ok(Arguments { json, group }) => Ok(Some(Self { program, json, group })),
            Err(error) => Err(UsageError { program, error }),
        }
    }
}

/// The arguments are not an operator command, or request the help.
#[derive(Debug)]
pub struct UsageError {
    program: String,
    error: clap::Error,
}

impl UsageError {
    /// Prints the text and exits: with 0 after `--help`, otherwise with 2.
    pub fn exit(&self) -> ! {
        if self.is_help() {
            // There is nobody to report a failed print to.
            let _ = self.error.print();
        } else {
            eprintln!("{self}");
        }
        process::exit(self.error.exit_code())
    }

    fn is_help(&self) -> bool {
        matches!(
            self.error.kind(),
            ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        )
    }
}

/// The error in one line, which a log collector does not split. The help has several lines.
impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.error.render().to_string();
        if self.is_help() {
            return f.write_str(&text);
        }
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let words: Vec<_> = text.split_whitespace().collect();
        write!(f, "{}: {}", self.program, words.join(" "))
    }
}

impl std::error::Error for UsageError {}

fn program(argument: Option<&OsString>) -> String {
    let name = argument.and_then(|argument| Path::new(argument).file_name());
    name.map_or_else(|| "site".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Operator commands of this site. They work while the site runs, and take effect there within 5
/// seconds. Without a command, the site starts.
#[derive(Debug, Parser)]
struct Arguments {
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    group: Group,
}

#[derive(Debug, Subcommand)]
pub(super) enum Group {
    /// List, show and change accounts
    #[command(subcommand)]
    User(user::Command),
    /// End the sessions of the whole site
    #[command(subcommand)]
    Sessions(store::Sessions),
    /// Change the key file
    #[command(subcommand)]
    Keys(keys::Command),
    /// Apply the missing steps of the database schema, without a start of the site
    Migrate,
    /// Delete expired rows from the database
    Prune,
    /// Check the database, the keys and the notifications; exits with 1 if a check failed
    Doctor(store::Accept),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn error(line: &str) -> UsageError {
        Command::parse(line.split(' ')).unwrap_err()
    }

    #[test]
    fn definitions_of_the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn usage_errors_are_one_line_with_the_fix() {
        for (line, expected) in [
            ("/bin/site usr list", "site: unrecognized subcommand 'usr'"),
            ("site user set-role ann", "<ROLE>"),
            ("site user set-role ann admin --none", "cannot be used with"),
            ("site user list --limit 0", "0"),
            ("site keys rotate --accept-old-for soon", "soon"),
            ("site --json", "subcommand"),
            ("site --jsn user list", "--json"),
        ] {
            let error = error(line);
            let text = error.to_string();
            assert!(text.contains(expected) && !text.contains('\n'), "{line}: {text}");
            assert_eq!(error.error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn help_lists_the_commands_and_is_not_an_error() {
        for (line, commands) in [
            ("site --help", &["user", "sessions", "keys", "migrate", "prune", "doctor"][..]),
            (
                "site user --help",
                &["list", "show", "create", "set-role", "make-admin", "enable", "log-out"],
            ),
            (
                "site keys --help",
                &[
                    "rotate",
                    "publish",
                    "activate",
                    "rotate-encryption",
                    "replace-leaked",
                    "fingerprint",
                    "add-pepper",
                ],
            ),
            ("site sessions --help", &["end-all"]),
        ] {
            let error = error(line);
            assert_eq!(error.error.exit_code(), 0);
            let text = error.to_string();
            for command in commands {
                assert!(text.contains(&format!("\n  {command} ")), "{command} in {text}");
            }
        }
        // A group without a command shows its commands, and is an error.
        assert_eq!(error("site user").error.exit_code(), 2);
    }
}
