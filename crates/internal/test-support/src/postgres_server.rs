//! PostgreSQL servers that a test starts, pauses, kills and promotes, each with its own port and
//! data. They require the programs of PostgreSQL 13 or later in the directory of the distribution
//! or in `PATH`.

use std::{
    fs,
    io::BufRead,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::process::{Process, free_address, within};

/// A server. Dropping it stops the server and removes its data.
#[derive(Debug)]
pub struct PostgresServer {
    directory: String,
    address: SocketAddr,
}

impl PostgresServer {
    /// Starts a new primary on a free port.
    ///
    /// # Panics
    /// Panics if the server does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a new primary with more lines for `postgresql.conf`.
    ///
    /// # Panics
    /// Panics if the server does not start.
    #[must_use]
    pub fn start_with(settings: &str) -> Self {
        let server = Self { directory: directory(), address: free_address() };
        let data = server.data();
        run(&program("initdb"), &["-D", &data, "-U", "hallpass", "-A", "trust", "-N"]);
        let replication = "wal_level = replica\nhot_standby = on\nmax_wal_senders = 5";
        server.configure(&format!("{replication}\n{settings}"));
        server.launch();
        server
    }

    /// Starts a replica that follows this server.
    ///
    /// # Panics
    /// Panics if the replica does not start.
    #[must_use]
    pub fn replica(&self) -> Self {
        let server = Self { directory: directory(), address: free_address() };
        let from = format!("host=127.0.0.1 port={} user=hallpass", self.address.port());
        let data = server.data();
        run(
            &program("pg_basebackup"),
            &["-D", &data, "-d", &from, "-R", "-X", "stream", "-c", "fast"],
        );
        server.launch();
        server
    }

    fn configure(&self, settings: &str) {
        let text = format!("{settings}\nfsync = off\nunix_socket_directories = ''\n");
        let line = format!("cat >> {}/postgresql.conf <<'END'\n{text}END", self.data());
        run("bash", &["-c", &line]);
    }

    fn launch(&self) {
        let options = format!("-p {} -c listen_addresses=127.0.0.1", self.address.port());
        let log = format!("{}/log", self.directory);
        let data = self.data();
        run(&program("pg_ctl"), &["-D", &data, "-l", &log, "-o", &options, "-w", "start"]);
    }

    fn data(&self) -> String {
        format!("{}/data", self.directory)
    }

    /// Returns the host and the port, for a proxy.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the URL of the database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Returns the URL of the database for another user.
    #[must_use]
    pub fn url_of(&self, user: &str) -> String {
        self.url().replacen("hallpass", user, 1)
    }

    /// Returns the same URL with the address of a proxy instead of the server's.
    #[must_use]
    pub fn url_through(&self, proxy: SocketAddr) -> String {
        url(proxy)
    }

    /// Runs a statement with `psql` and returns its rows.
    ///
    /// # Panics
    /// Panics if the server rejects the statement.
    pub fn query(&self, sql: &str) -> String {
        let output = run(&program("psql"), &["-X", "-q", "-A", "-t", "-d", &self.url(), "-c", sql]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Returns the log of the server.
    ///
    /// # Panics
    /// Panics if the log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        let log = run("cat", &[&format!("{}/log", self.directory)]);
        String::from_utf8_lossy(&log.stdout).into_owned()
    }

    /// Makes the server log every statement from now on, for [`statements`](Self::statements).
    ///
    /// # Panics
    /// Panics if the server does not log statements within 30 seconds.
    pub fn log_statements(&self) {
        self.query("ALTER SYSTEM SET log_line_prefix = '%a|'");
        self.query("ALTER SYSTEM SET log_statement = 'all'");
        self.query("SELECT pg_reload_conf()");
        let is_set = "SELECT current_setting('log_statement')";
        within(Duration::from_secs(30), "statements are logged", || self.query(is_set) == "all");
    }

    /// Returns the statements that the connections with this `application_name` have sent since
    /// [`log_statements`](Self::log_statements), in order, as the server logged them.
    ///
    /// # Panics
    /// Panics if the log cannot be read.
    #[must_use]
    pub fn statements(&self, application: &str) -> Vec<String> {
        let log = self.log();
        let of_application = format!("{application}|LOG:  ");
        let statement = |line: &str| {
            let line = line.strip_prefix(&of_application)?;
            let text = match line.strip_prefix("statement: ") {
                Some(text) => text,
                // The name of a prepared statement follows.
                None => line.strip_prefix("execute ")?.split_once(": ")?.1,
            };
            Some(text.to_owned())
        };
        log.lines().filter_map(statement).collect()
    }

    /// Waits until this replica has everything that the primary has committed.
    ///
    /// # Panics
    /// Panics if the replica is still behind after 30 seconds.
    pub fn await_all_of(&self, primary: &Self) {
        let position = primary.query("SELECT pg_current_wal_flush_lsn()");
        let has = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
        within(Duration::from_secs(30), "the replica has everything", || self.query(&has) == "t");
    }

    /// Makes this replica stop receiving, so that it is behind from now on.
    ///
    /// # Panics
    /// Panics if the replica still receives after 30 seconds.
    pub fn stop_receiving(&self) {
        self.query("ALTER SYSTEM SET primary_conninfo = ''");
        self.query("SELECT pg_reload_conf()");
        let receivers = "SELECT count(*) FROM pg_stat_wal_receiver";
        within(Duration::from_secs(30), "no receiver runs", || self.query(receivers) == "0");
    }

    /// Makes this replica take over.
    ///
    /// # Panics
    /// Panics if it is not a primary after 30 seconds.
    pub fn promote(&self) {
        assert_eq!(self.query("SELECT pg_promote(TRUE, 30)"), "t");
    }

    /// Ends the server as a crash does, without a checkpoint.
    ///
    /// # Panics
    /// Panics if the server does not run.
    pub fn kill(&self) {
        let data = self.data();
        run(&program("pg_ctl"), &["-D", &data, "-m", "immediate", "-w", "stop"]);
    }

    /// Starts the server again after [`kill`](Self::kill).
    ///
    /// # Panics
    /// Panics if the server does not start.
    pub fn start_again(&self) {
        self.launch();
    }

    /// Stops all processes of the server with SIGSTOP: open connections stay, new ones are accepted
    /// by the system, and nothing is answered.
    ///
    /// # Panics
    /// Panics if the server does not run.
    pub fn pause(&self) {
        self.signal_all("STOP");
    }

    /// Lets the server continue after [`pause`](Self::pause).
    ///
    /// # Panics
    /// Panics if the server does not run.
    pub fn resume(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, signal: &str) {
        let file = fs::read_to_string(format!("{}/postmaster.pid", self.data()));
        let file = file.expect("the server runs");
        let postmaster = file.lines().next().unwrap_or_default();
        // First the process that starts the others.
        run("kill", &[&format!("-{signal}"), postmaster]);
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        for child in fs::read_to_string(children).expect("a process of Linux").split_whitespace() {
            // A child may just have ended.
            let _ = command("kill", &[&format!("-{signal}"), child]).output();
        }
    }

    /// Starts a client that holds a connection, as this user, until it is dropped. `None` if the
    /// server rejects it.
    ///
    /// # Panics
    /// Panics if `psql` does not start.
    #[must_use]
    pub fn idle_client(&self, user: &str) -> Option<Process> {
        let url = self.url_of(user);
        let arguments = ["-X", "-q", "-A", "-t", "-d", &url, "-c", "SELECT 1", "-f", "-"];
        let mut psql = command(&program("psql"), &arguments);
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::start(&mut psql);
        let mut line = String::new();
        process.take_stdout().read_line(&mut line).expect("the output is UTF-8");
        (line == "1\n").then_some(process)
    }

    /// Dumps the database into a file and returns its path.
    ///
    /// # Panics
    /// Panics if the dump fails.
    #[must_use]
    pub fn dump(&self) -> String {
        let file = format!("{}/dump", self.directory);
        run(&program("pg_dump"), &["-d", &self.url(), "-f", &file]);
        file
    }

    /// Replaces all tables by those of a dump.
    ///
    /// # Panics
    /// Panics if the dump cannot be restored.
    pub fn restore(&self, dump: &str) {
        self.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        let url = self.url();
        run(&program("psql"), &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &url, "-f", dump]);
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let data = self.data();
        let stop = ["-D", &data, "-m", "immediate", "-w", "stop"];
        // The test may have ended the server already.
        let _ended = command(&program("pg_ctl"), &stop).output();
        let _removed = command("rm", &["-rf", &self.directory]).output();
    }
}

fn url(address: SocketAddr) -> String {
    format!("postgres://hallpass@{address}/postgres?sslmode=disable")
}

/// Creates a directory that belongs to the user of the server.
fn directory() -> String {
    let output = run("mktemp", &["-d"]);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Returns the newest installed version of a program, or its name, which `PATH` resolves.
fn program(name: &str) -> String {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin").join(name)))
        })
        .filter(|(_, path)| path.exists())
        .collect();
    versions.sort();
    versions.pop().map_or_else(|| name.to_owned(), |(_, path)| path.display().to_string())
}

/// PostgreSQL does not run as root.
fn command(program: &str, arguments: &[&str]) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let mut command = if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir("/").stdin(Stdio::null());
    command
}

/// Runs a program. `pg_ctl` leaves the server running, which would keep a pipe open, so the output
/// goes to files.
fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = command(program, arguments);
    if program.ends_with("pg_ctl") {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().expect("the program runs");
        assert!(status.success(), "{program} {arguments:?}: {status}");
        return Output { status, stdout: Vec::new(), stderr: Vec::new() };
    }
    let output = command.output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {} {errors}", output.status);
    output
}
