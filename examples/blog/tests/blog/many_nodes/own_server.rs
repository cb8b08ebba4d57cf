//! Servers of the test's own, which it may kill: on free ports, with data of their own.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(super) struct OwnPostgres {
    directory: PathBuf,
    port: u16,
    child: Child,
}

impl OwnPostgres {
    pub(super) fn start() -> Self {
        let directory = directory("postgres");
        as_postgres(Command::new("chown").args(["-R", "postgres"]).arg(&directory), false);
        let mut make = postgres_program("initdb");
        as_postgres(
            make.args(["--auth", "trust", "--username", "postgres", "--no-sync", "-D"]).arg(directory.join("data")),
            true,
        );
        let port = free_port();
        let child = run_postgres(&directory, port);
        Self { directory, port, child }
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// The postmaster gets a SIGKILL, and its children notice.
    pub(super) fn kill(&mut self) {
        kill(&mut self.child);
        let pid = fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
        let pid = pid.lines().next().unwrap_or_default().to_owned();
        let _ = Command::new("kill").args(["-9", &pid]).stderr(Stdio::null()).status();
        std::thread::sleep(Duration::from_secs(1));
    }

    pub(super) fn start_again(&mut self) {
        self.child = run_postgres(&self.directory, self.port);
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn run_postgres(directory: &Path, port: u16) -> Child {
    let mut server = postgres_program("postgres");
    server
        .arg("-D")
        .arg(directory.join("data"))
        .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
        .arg(directory);
    let child = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("postgres runs");
    await_port(port);
    // The port is open before a recovery ends.
    let ready = || {
        let mut ask = Command::new("pg_isready");
        ask.args(["-h", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    };
    let end = Instant::now() + Duration::from_secs(30);
    while !ready() {
        assert!(Instant::now() < end, "PostgreSQL does not start");
        std::thread::sleep(Duration::from_millis(100));
    }
    child
}

/// A program of the newest PostgreSQL here, as the user that it demands: it refuses root.
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

pub(super) struct OwnRedis {
    directory: PathBuf,
    port: u16,
    child: Child,
}

impl OwnRedis {
    pub(super) fn start() -> Self {
        let (directory, port) = (directory("redis"), free_port());
        let child = run_redis(&directory, port);
        Self { directory, port, child }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(super) fn kill(&mut self) {
        kill(&mut self.child);
    }

    pub(super) fn start_again(&mut self) {
        self.child = run_redis(&self.directory, self.port);
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn run_redis(directory: &Path, port: u16) -> Child {
    let mut server = Command::new("redis-server");
    server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(directory);
    let child = server.stdout(Stdio::null()).spawn().expect("redis-server runs");
    await_port(port);
    child
}

fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn directory(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("blog-{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let directory = std::env::temp_dir().join(name);
    fs::create_dir(&directory).expect("a directory of this test's own");
    directory
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn await_port(port: u16) {
    let end = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
