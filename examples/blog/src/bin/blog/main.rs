//! The example blog on axum. `blog` starts the server; `blog user …`, `blog keys …` and `blog
//! doctor` are the operator's commands of hallpass.
//!
//! If a command or the start fails, the program prints one line that names the problem and the fix,
//! and exits with a code other than 0.

mod failure;
mod fields;
mod people;
mod post_pages;
mod profile;
mod rejected;
mod routes;
mod serve;
mod visit;

use std::error::Error;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use blog::{Config, Site};
use hallpass::cli::Command;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        eprintln!("blog: {}", one_line(error.as_ref()));
        ExitCode::FAILURE
    })
}

async fn run() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let command = Command::from_env();
    let config = Config::from_env()?;
    if let Some(command) = command {
        let settings = async |store| Site::settings(&config, store).await;
        return Ok(command.run(&config.database_url, settings).await);
    }
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_max_level(LevelFilter::WARN)
        .init();
    serve::serve(&config).await?;
    Ok(ExitCode::SUCCESS)
}

/// Returns an error and its causes in one line. A cause whose text the line already contains is
/// left out, and line breaks in a driver's message are replaced with spaces.
fn one_line(error: &(dyn Error + 'static)) -> String {
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
