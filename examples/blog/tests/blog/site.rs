//! The blog's process, in a directory of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;

/// The published bound within which an operator's word holds on a running server.
pub(crate) const BOUND: Duration = Duration::from_secs(5);

/// What a server wrote to standard error, in its directory.
const LOG: &str = "log";

pub(crate) struct Site {
    directory: PathBuf,
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Site {
    /// Starts a blog on a free port, over an empty directory, and waits for its ready line.
    pub(crate) fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("blog-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).expect("a directory of this test's own");
        on_postgres(|server| psql(server, &format!("CREATE SCHEMA {}", schema(&directory))));
        let (child, address) = run(&directory);
        Self { directory, child, address }
    }

    /// Stops the process by a signal and starts it again over the same files.
    pub(crate) fn restart(&mut self) {
        self.stop("TERM");
        (self.child, self.address) = run(&self.directory);
    }

    /// A second process of the same site, over the same files.
    pub(crate) fn neighbour(&self) -> Neighbour {
        let (child, address) = run(&self.directory);
        Neighbour { child, address }
    }

    /// Ends the process where it stands and starts it again over the same files.
    pub(crate) fn kill_and_restart(&mut self) {
        self.child.kill().expect("the process is ours");
        self.child.wait().expect("it ended");
        (self.child, self.address) = run(&self.directory);
    }

    /// Sends a signal and waits for the end, at most the ten seconds of the contract and one more.
    pub(crate) fn stop(&mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.wait(Duration::from_secs(11))
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", self.child.id())]).status();
        assert!(sent.expect("sh").success());
    }

    pub(crate) fn wait(&mut self, at_most: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process is ours") {
                return status;
            }
            assert!(start.elapsed() < at_most, "still running after {at_most:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs an operator's command beside the server; panics unless it succeeds.
    pub(crate) fn operator(&self, arguments: &[&str]) -> String {
        let output = self.operator_output(arguments);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    pub(crate) fn operator_output(&self, arguments: &[&str]) -> Output {
        command(&self.directory).args(arguments).output().expect("the blog runs")
    }

    pub(crate) fn browser(&self) -> Client {
        Client::browser(self.address)
    }

    pub(crate) fn script(&self) -> Client {
        Client::script(self.address)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// A process beside a [`Site`]'s.
pub(crate) struct Neighbour {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = fs::read_to_string(self.file(LOG)).unwrap_or_default();
        on_postgres(|server| psql(server, &format!("DROP SCHEMA {} CASCADE", schema(&self.directory))));
        let _ = fs::remove_dir_all(&self.directory);
        if std::thread::panicking() {
            eprintln!("the blog's log:\n{log}");
        } else {
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}

/// The blog that is tested: the one on axum, or its neighbour, whose own test this file is part of, too.
pub(crate) const PROGRAM: &str = match (option_env!("CARGO_BIN_EXE_blog"), option_env!("CARGO_BIN_EXE_blog-actix")) {
    (Some(program), _) | (None, Some(program)) => program,
    (None, None) => panic!("cargo names the program to test"),
};

/// The blog's program with no setting but those of this directory.
pub(crate) fn command(directory: &Path) -> Command {
    command_of(Path::new(PROGRAM), directory)
}

/// A program that takes the blog's settings, with none but those of this directory.
pub(crate) fn command_of(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env("BLOG_ADDR", "127.0.0.1:0");
    for name in ["DATABASE_URL", "BLOG_KEYS", "BLOG_PROXIES", "REDIS_URL", "RUST_LOG"] {
        command.env_remove(name);
    }
    on_postgres(|server| {
        command.env("DATABASE_URL", format!("{server}?options[search_path]={}", schema(directory)));
    });
    command
}

/// The same tests on PostgreSQL: `BLOG_TESTS_ON=postgres://…` names a database in which each test makes a schema of its own.
fn on_postgres(act: impl FnOnce(&str)) {
    if let Ok(server) = std::env::var("BLOG_TESTS_ON") {
        act(&server);
    }
}

fn schema(directory: &Path) -> String {
    directory.file_name().unwrap_or_default().to_string_lossy().replace('-', "_")
}

fn psql(server: &str, sql: &str) {
    let done = Command::new("psql").args(["-q", server, "-c", sql]).stderr(Stdio::null()).status();
    assert!(done.expect("psql runs").success() || std::thread::panicking(), "{sql}");
}

fn run(directory: &Path) -> (Child, SocketAddr) {
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.join(LOG)).expect("a log");
    let mut child = command(directory).stdout(Stdio::piped()).stderr(log).spawn().expect("the blog runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    let address = line.trim_end().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
    (child, address.unwrap_or_else(|| panic!("not the ready line: {line:?}")))
}

/// Tries until it holds, at most the published bound; what takes longer is a broken promise.
#[track_caller]
pub(crate) fn within_bound(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < BOUND, "not within {BOUND:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
