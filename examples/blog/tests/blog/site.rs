//! The blog's process, in a directory of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use hallpass_test_support::http::client::Client;
use hallpass_test_support::postgres::Schema;
use hallpass_test_support::process::{Server, within};
use hallpass_test_support::scratch::Scratch;

/// The published bound within which an operator's word holds on a running server.
pub(crate) const BOUND: Duration = Duration::from_secs(5);

/// What a server wrote to standard error, in its directory.
const LOG: &str = "log";

pub(crate) struct Site {
    server: Server,
    pub(crate) address: SocketAddr,
    /// The same tests on PostgreSQL: `BLOG_TESTS_ON=postgres://…` names a database in which each
    /// test makes a schema of its own.
    schema: Option<Schema>,
    scratch: Scratch,
}

impl Site {
    /// Starts a blog on a free port, over an empty directory, and waits for its ready line.
    pub(crate) fn start() -> Self {
        let scratch = Scratch::new();
        let schema = std::env::var("BLOG_TESTS_ON").ok().map(|server| Schema::on(&server));
        let server = run(&scratch, schema.as_ref());
        Self { address: server.address, server, schema, scratch }
    }

    /// Stops the process by a signal and starts it again over the same files.
    pub(crate) fn restart(&mut self) {
        self.stop("TERM");
        self.run_again();
    }

    /// A second process of the same site, over the same files.
    pub(crate) fn neighbour(&self) -> Server {
        run(&self.scratch, self.schema.as_ref())
    }

    /// Ends the process where it stands and starts it again over the same files.
    pub(crate) fn kill_and_restart(&mut self) {
        self.server.process.kill();
        self.run_again();
    }

    fn run_again(&mut self) {
        self.server = self.neighbour();
        self.address = self.server.address;
    }

    /// Sends a signal and waits for the end, at most the ten seconds of the contract and one more.
    pub(crate) fn stop(&mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.wait(Duration::from_secs(11))
    }

    pub(crate) fn signal(&self, signal: &str) {
        self.server.process.signal(signal);
    }

    pub(crate) fn wait(&mut self, at_most: Duration) -> ExitStatus {
        self.server.process.wait(at_most)
    }

    /// The blog's program with no setting but those of this directory.
    pub(crate) fn command(&self) -> Command {
        command(&self.scratch, self.schema.as_ref())
    }

    /// Runs an operator's command beside the server; panics unless it succeeds.
    pub(crate) fn operator(&self, arguments: &[&str]) -> String {
        let output = self.operator_output(arguments);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(
            output.status.success(),
            "{arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    pub(crate) fn operator_output(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("the blog runs")
    }

    pub(crate) fn browser(&self) -> Client {
        Client::browser(self.address)
    }

    pub(crate) fn script(&self) -> Client {
        Client::script(self.address)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.process.kill();
        let log = self.scratch.read(LOG);
        if std::thread::panicking() {
            eprintln!("the blog's log:\n{log}");
        } else {
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}

/// The blog that is tested: the one on axum, or its neighbour, whose own test this file is part of,
/// too.
pub(crate) const PROGRAM: &str =
    match (option_env!("CARGO_BIN_EXE_blog"), option_env!("CARGO_BIN_EXE_blog-actix")) {
        (Some(program), _) | (None, Some(program)) => program,
        (None, None) => panic!("cargo names the program to test"),
    };

fn command(scratch: &Scratch, schema: Option<&Schema>) -> Command {
    let mut command = command_of(Path::new(PROGRAM), scratch);
    if let Some(schema) = schema {
        command.env("DATABASE_URL", schema.url());
    }
    command
}

/// A program that takes the blog's settings, with none but those of this directory.
pub(crate) fn command_of(program: &Path, scratch: &Scratch) -> Command {
    let mut command = Command::new(program);
    command.current_dir(scratch.directory()).env("BLOG_ADDR", "127.0.0.1:0");
    for name in ["DATABASE_URL", "BLOG_KEYS", "BLOG_PROXIES", "REDIS_URL", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
}

fn run(scratch: &Scratch, schema: Option<&Schema>) -> Server {
    Server::start(command(scratch, schema).stderr(scratch.append(LOG)))
}

/// Tries until it holds, at most the published bound; what takes longer is a broken promise.
#[track_caller]
pub(crate) fn within_bound(what: &str, holds: impl FnMut() -> bool) {
    within(BOUND, what, holds);
}
