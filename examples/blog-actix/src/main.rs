//! The example blog on actix-web. It uses the library of `blog` and has the same accounts, posts,
//! templates, operator's commands and login.
//!
//! `cargo run -p blog-actix`, with the settings of `blog`.

mod failure;
mod fields;
mod pages;
mod routes;
mod serve;
mod visit;

use std::{error::Error, io, process::ExitCode};

use blog::{Config, Site};
use hallpass::cli::Command;
use tracing_subscriber::filter::LevelFilter;

#[actix_web::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let line = causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"));
        eprintln!("blog-actix: {line}");
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
    tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(LevelFilter::WARN).init();
    serve::serve(&config).await?;
    Ok(ExitCode::SUCCESS)
}
