//! `hallpass`: keys, tokens, one-time codes and password hashes from the shell.
//!
//! It checks nothing of its own: tokens go through the verifier that stands behind the middleware,
//! passwords through the sign-in's own argon2. No secret is ever an argument, where every process
//! list would show it: secrets come from a file or from standard input.

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
    /// Print JSON, one value a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make and change key rings
    #[command(subcommand)]
    Keys(keys::Command),
    /// Sign, verify and look into tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Make authenticator secrets, and codes from them
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
        // Whoever read our output has seen enough: `hallpass … | head` is no failure.
        Err(CommandError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("hallpass: {}", one_line(&error));
            ExitCode::from(2)
        }
    }
}
