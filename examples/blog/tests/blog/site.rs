//! A process of the blog in its own directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use hallpass_test_support::http::client::Client;
use hallpass_test_support::postgres::Schema;
use hallpass_test_support::process::{Server, within};
use hallpass_test_support::scratch::Scratch;

/// The documented bound: an operator's command takes effect on a running server within this time.
pub(crate) const BOUND: Duration = Duration::from_secs(5);

/// The file with the standard error of the server, in its directory.
const LOG: &str = "log";

pub(crate) struct Site {
    server: Server,
    pub(crate) address: SocketAddr,
    /// The schema of this test, if the tests run on PostgreSQL: `BLOG_TESTS_ON=postgres://…` names
    /// the database, and each test creates its own schema.
    schema: Option<Schema>,
    scratch: Scratch,
}

impl Site {
    /// Starts a blog on a free port in an empty directory, and waits for its ready line.
    pub(crate) fn start() -> Self {
        let scratch = Scratch::new();
        let schema = std::env::var("BLOG_TESTS_ON").ok().map(|server| Schema::on(&server));
        let server = run(&scratch, schema.as_ref());
        Self { address: server.address, server, schema, scratch }
    }

    /// Starts a blog whose process may have at most this many open files and connections.
    pub(crate) fn start_with_descriptors(limit: u32) -> Self {
        let scratch = Scratch::new();
        let schema = std::env::var("BLOG_TESTS_ON").ok().map(|server| Schema::on(&server));
        let limited = format!("ulimit -n {limit} && exec \"$0\"");
        let mut command = command_of(Path::new("sh"), &scratch);
        command.args(["-c", &limited, PROGRAM]);
        if let Some(schema) = &schema {
            command.env("DATABASE_URL", schema.url());
        }
        let server = Server::start(command.stderr(scratch.append(LOG)));
        Self { address: server.address, server, schema, scratch }
    }

    /// Stops the process with SIGTERM and starts it again with the same files.
    pub(crate) fn restart(&mut self) {
        self.stop("TERM");
        self.run_again();
    }

    /// Starts a second process of the same site, with the same files.
    pub(crate) fn neighbour(&self) -> Server {
        run(&self.scratch, self.schema.as_ref())
    }

    /// Kills the process with SIGKILL and starts it again with the same files.
    pub(crate) fn kill_and_restart(&mut self) {
        self.server.process.kill();
        self.run_again();
    }

    fn run_again(&mut self) {
        self.server = self.neighbour();
        self.address = self.server.address;
    }

    /// Sends a signal and waits for the exit, at most 11 seconds: the 10 seconds of the contract
    /// and one more.
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

    /// Returns a command for the blog's program that has only the settings of this directory.
    pub(crate) fn command(&self) -> Command {
        command(&self.scratch, self.schema.as_ref())
    }

    /// Runs an operator's command while the server is running, and panics if the command fails.
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

/// The program that is tested: the blog on axum, or the blog on actix-web, whose test also includes
/// this file.
pub(crate) const PROGRAM: &str =
    match (option_env!("CARGO_BIN_EXE_blog"), option_env!("CARGO_BIN_EXE_blog-actix")) {
        (Some(program), _) | (None, Some(program)) => program,
        (None, None) => panic!("cargo does not name the program to test"),
    };

fn command(scratch: &Scratch, schema: Option<&Schema>) -> Command {
    let mut command = command_of(Path::new(PROGRAM), scratch);
    if let Some(schema) = schema {
        command.env("DATABASE_URL", schema.url());
    }
    command
}

/// Returns a command for a program that reads the blog's settings. The command has only the
/// settings of this directory.
pub(crate) fn command_of(program: &Path, scratch: &Scratch) -> Command {
    let mut command = Command::new(program);
    command.current_dir(scratch.directory()).env("BLOG_ADDR", "127.0.0.1:0");
    for name in
        ["DATABASE_URL", "BLOG_KEYS", "BLOG_PROXIES", "BLOG_REFUSE_AFTER", "REDIS_URL", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    command
}

fn run(scratch: &Scratch, schema: Option<&Schema>) -> Server {
    Server::start(command(scratch, schema).stderr(scratch.append(LOG)))
}

/// Repeats `holds` until it returns `true`, and panics after the documented bound.
#[track_caller]
pub(crate) fn within_bound(what: &str, holds: impl FnMut() -> bool) {
    within(BOUND, what, holds);
}
