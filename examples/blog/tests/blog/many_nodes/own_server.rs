//! A PostgreSQL server that a test starts and may kill, with its own port and data.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use hallpass_test_support::process::{Process, await_listener, free_address, within};
use hallpass_test_support::scratch::Scratch;

pub(super) struct OwnPostgres {
    scratch: Scratch,
    address: SocketAddr,
    process: Process,
}

impl OwnPostgres {
    pub(super) fn start() -> Self {
        let scratch = Scratch::new();
        as_postgres(Command::new("chown").args(["-R", "postgres"]).arg(scratch.directory()), false);
        let mut make = postgres_program("initdb");
        as_postgres(
            make.args(["--auth", "trust", "--username", "postgres", "--no-sync", "-D"])
                .arg(scratch.path("data")),
            true,
        );
        let address = free_address();
        let process = run_postgres(&scratch, address);
        Self { scratch, address, process }
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres?sslmode=disable", self.address)
    }

    /// Kills the postmaster with SIGKILL, and waits one second for the end of its child processes.
    pub(super) fn kill(&mut self) {
        self.process.kill();
        let pid = self.scratch.read("data/postmaster.pid");
        let pid = pid.lines().next().unwrap_or_default().to_owned();
        let _ = Command::new("kill").args(["-9", &pid]).stderr(Stdio::null()).status();
        std::thread::sleep(Duration::from_secs(1));
    }

    pub(super) fn start_again(&mut self) {
        self.process = run_postgres(&self.scratch, self.address);
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run_postgres(scratch: &Scratch, address: SocketAddr) -> Process {
    let port = address.port().to_string();
    let mut server = postgres_program("postgres");
    server
        .arg("-D")
        .arg(scratch.path("data"))
        .args(["-p", &port, "-h", "127.0.0.1", "-k"])
        .arg(scratch.directory());
    let process = Process::start(server.stdout(Stdio::null()).stderr(Stdio::null()));
    await_listener(address);
    // PostgreSQL opens the port before its recovery has ended.
    within(Duration::from_secs(30), "PostgreSQL starts", || {
        let mut ask = Command::new("pg_isready");
        ask.args(["-h", "127.0.0.1", "-p", &port]).stdout(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    });
    process
}

/// Returns a command for a program of the newest installed PostgreSQL. The command runs as the user
/// `postgres`, because PostgreSQL does not run as root.
fn postgres_program(name: &str) -> Command {
    let mut versions: Vec<_> =
        fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed").flatten().collect();
    versions.sort_by_key(std::fs::DirEntry::file_name);
    let program = versions.last().expect("a version of PostgreSQL").path().join("bin").join(name);
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    command
}

fn as_postgres(command: &mut Command, must: bool) {
    let done = command.stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    assert!(done || !must, "{command:?}");
}
