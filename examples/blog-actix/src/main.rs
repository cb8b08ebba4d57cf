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

use blog::{Command, Config};
use tracing_subscriber::filter::LevelFilter;

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = std::iter::successors(error.source(), |cause| (*cause).source());
            let line = causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"));
            eprintln!("blog-actix: {line}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let command = Command::parse(std::env::args().skip(1))?;
    let config = Config::from_env()?;
    match command {
        Command::Serve => {
            tracing_subscriber::fmt()
                .with_writer(io::stderr)
                .with_max_level(LevelFilter::WARN)
                .init();
            serve::serve(&config).await
        }
        Command::Operator(order) => Ok(order.run(&config, &mut io::stdout()).await?),
    }
}
