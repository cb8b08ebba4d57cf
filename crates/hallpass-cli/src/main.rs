//! `hallpass`: keys, tokens, one-time codes and password hashes from the shell.
//!
//! The command has no checks of its own: it uses the verifier of the middleware for tokens, and the
//! argon2 code of the login for passwords. A secret is never an argument, because every process
//! list would show it. Secrets are read from a file or from standard input.

#![forbid(unsafe_code)]

mod input;
mod keys;
mod named_role;
mod password;
mod report;
mod token;
mod token_lines;
mod totp;
mod verdict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::{CommandError, Report, one_line};

/// Keys, tokens, one-time codes and password hashes of hallpass. Secrets are read from files and
/// standard input, never from arguments.
#[derive(Parser)]
#[command(name = "hallpass", version)]
struct Cli {
    /// Print JSON, one value per line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create and change key rings
    #[command(subcommand)]
    Keys(keys::Command),
    /// Sign, verify and inspect tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Create authenticator secrets, and codes from them
    #[command(subcommand)]
    Totp(totp::Command),
    /// Hash and check passwords
    #[command(subcommand)]
    Password(password::Command),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let report = Report::new(cli.json);
    let outcome = match cli.command {
        Command::Keys(command) => keys::run(command, report),
        Command::Token(command) => token::run(command, report),
        Command::Totp(command) => totp::run(command, report),
        Command::Password(command) => password::run(command, report),
    };
    match outcome {
        Ok(code) => code,
        // In `hallpass … | head` the reader closes the pipe early, which is not a failure.
        Err(CommandError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("hallpass: {}", one_line(&error));
            ExitCode::from(2)
        }
    }
}
