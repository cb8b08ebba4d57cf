//! `hallpass token`: sign, verify and inspect tokens.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Subcommand;
use hallpass::keys::KeyFile;
use hallpass_core::{Claims, Issuer, LoggedIn, Methods, UnixTime};
use serde_json::{Map, Value, json};

use crate::{
    input,
    named_role::NamedRole,
    report::{CommandError, Report},
    token_lines::TokenLines,
    verdict::{Judge, Names, Verify, inspect},
};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sign an access token for any user; only the key ring is needed
    Sign(Box<Sign>),
    /// Verify the tokens on standard input, one per line; prints one JSON verdict per line
    Verify(Box<Verify>),
    /// Show header and claims of the tokens on standard input, one per line. Verifies nothing
    Inspect,
}

#[derive(clap::Args)]
pub(crate) struct Sign {
    /// The key ring's file
    #[arg(long)]
    keys: PathBuf,
    #[command(flatten)]
    names: Names,
    /// The user name (`sub`)
    #[arg(long)]
    sub: String,
    /// The account's identifier
    #[arg(long)]
    user_id: String,
    /// Roles to grant, separated by commas
    #[arg(long, value_delimiter = ',')]
    roles: Vec<String>,
    /// Authentication methods of the login (RFC 8176), separated by commas
    #[arg(long, value_delimiter = ',', default_value = "pwd")]
    amr: Vec<String>,
    /// The session's identifier (`sid`)
    #[arg(long, default_value = "cli")]
    sid: String,
    /// The account's token generation (`gen`)
    #[arg(long = "gen", default_value_t = 0)]
    generation: u32,
    /// Time of the login, in Unix seconds; now by default
    #[arg(long)]
    auth_time: Option<u64>,
    /// Lifetime, in seconds
    #[arg(long, value_parser = input::span, default_value = "900")]
    lifetime: Duration,
    /// A file with a JSON object of additional claims
    #[arg(long)]
    claims: Option<PathBuf>,
    /// Unix time in seconds, instead of the current time
    #[arg(long)]
    now: Option<u64>,
}

pub(crate) fn run(command: Command, report: Report) -> Result<ExitCode, CommandError> {
    match command {
        Command::Sign(options) => sign(*options, report),
        Command::Verify(options) => verify(*options),
        Command::Inspect => each_line(|line| Ok(inspect(line))).map(|_| ExitCode::SUCCESS),
    }
}

fn sign(options: Sign, report: Report) -> Result<ExitCode, CommandError> {
    let (ring, now) = (KeyFile::new(options.keys).load()?, input::moment(options.now));
    let issuer =
        Issuer::new(ring, options.names.issuer, options.names.audience).lifetime(options.lifetime);
    let own: Map<String, Value> = match options.claims {
        Some(path) => {
            let text = input::secret(&path, "the claims")?;
            serde_json::from_str(&text).map_err(|error| CommandError::OwnClaims {
                line: error.line(),
                column: error.column(),
            })?
        }
        None => Map::new(),
    };
    let authenticated_at = options.auth_time.map_or(now, UnixTime::from_secs);
    let methods =
        options.amr.iter().fold(Methods::NONE, |sum, name| sum | Methods::from_name(name));
    let claims = Claims::new(&options.user_id, options.generation, authenticated_at)
        .with_username(&options.sub)
        .with_session(&*options.sid)
        .with_methods(methods);
    let who = LoggedIn::insecure_new(claims, NamedRole::name_all(options.roles)?);
    let token = issuer.issue_with(&who, &own, now)?;
    let value = json!({ "token": token.as_str(), "expires_at": token.expires_at().as_secs() });
    report.print(token.as_str(), &value)?;
    Ok(ExitCode::SUCCESS)
}

fn verify(options: Verify) -> Result<ExitCode, CommandError> {
    let (fail, judge) = (options.fail, Judge::new(options)?);
    let (mut read_any, mut refused) = (false, false);
    each_line(|line| {
        read_any = true;
        let verdict = judge.verdict(line);
        refused |= verdict.get("ok") != Some(&Value::Bool(true));
        Ok(verdict)
    })?;
    // A script whose input is empty by mistake must not take the success for a verified token.
    if fail && !read_any {
        return Err(CommandError::NoTokens);
    }
    Ok(if refused && fail { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Writes a line of JSON for each line of standard input. Flushes when no further input is
/// available, so that a program at the other end of a pipe can write and read in turn.
fn each_line(
    mut answer: impl FnMut(&[u8]) -> Result<Value, CommandError>,
) -> Result<(), CommandError> {
    let mut lines = TokenLines::new(io::stdin().lock());
    let mut out = io::BufWriter::new(io::stdout().lock());
    while let Some(line) = lines.next_line()? {
        writeln!(out, "{}", answer(line)?)?;
        if lines.must_wait() {
            out.flush()?;
        }
    }
    Ok(out.flush()?)
}
