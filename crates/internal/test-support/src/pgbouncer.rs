//! A PgBouncer that a test starts, kills and starts again, with the settings of the guide. It
//! requires the program `pgbouncer`, version 1.18 or later.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    process::{Process, await_listener, free_address},
    scratch::Scratch,
};

/// A PgBouncer in front of the server in `DATABASE_URL`. Dropping it kills the process.
#[derive(Debug)]
pub struct PgBouncer {
    scratch: Scratch,
    address: SocketAddr,
    process: Process,
}

impl PgBouncer {
    /// Starts a PgBouncer on a free port and waits until it listens.
    ///
    /// The settings are those of the guide. `pool_mode` and `default_pool_size` replace the values
    /// there. `further` are settings after them, one per line.
    ///
    /// # Panics
    /// Panics if `DATABASE_URL` is not set, if the guide has no settings, or if PgBouncer does not
    /// listen within 30 seconds.
    #[must_use]
    pub fn start(pool_mode: &str, default_pool_size: u32, further: &str) -> Self {
        let (scratch, address) = (Scratch::new(), free_address());
        let server = std::env::var("DATABASE_URL").expect("set DATABASE_URL");
        let users = scratch.path("userlist.txt");
        let users = users.display();
        // A later line replaces an earlier one.
        let settings = format!(
            "{}\n[databases]\n* = {}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             unix_socket_dir =\nauth_file = {users}\nlog_connections = 0\nlog_disconnections = 0\n\
             admin_users = {USER}\npool_mode = {pool_mode}\n\
             default_pool_size = {default_pool_size}\n{further}\n",
            settings_of_the_guide(),
            target(&server),
            address.port(),
        );
        write(&scratch.path("pgbouncer.ini"), &settings);
        write(&scratch.path("userlist.txt"), &format!("\"{USER}\" \"{PASSWORD}\"\n"));
        let process = run(&scratch, address);
        Self { scratch, address, process }
    }

    /// Returns the URL of a database of the server, through this PgBouncer.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@{}/{database}?sslmode=disable", self.address)
    }

    /// Kills the process with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts PgBouncer again on the same port.
    ///
    /// # Panics
    /// Panics if it does not listen within 30 seconds.
    pub fn start_again(&mut self) {
        self.process = run(&self.scratch, self.address);
    }
}

/// The user of the clients. PgBouncer connects to the server as the user in `DATABASE_URL`.
const USER: &str = "site";
const PASSWORD: &str = "only-for-tests";

/// Returns the first block of `ini` on the page of the guide.
fn settings_of_the_guide() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/guide/src/postgresql.md");
    let page = fs::read_to_string(page).expect("the guide is next to the crates");
    let block = page.split_once("```ini\n").and_then(|(_, rest)| rest.split_once("```"));
    block.expect("the page has a block of settings").0.to_owned()
}

/// Returns the server of a URL, as PgBouncer's settings name it. The client names the database.
fn target(url: &str) -> String {
    let rest = url.split_once("://").expect("the URL has a scheme").1;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').expect("DATABASE_URL names a user");
    let (host, port) = host.rsplit_once(':').unwrap_or((host, "5432"));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let password =
        if password.is_empty() { String::new() } else { format!(" password={password}") };
    format!("host={host} port={port} user={user}{password}")
}

fn run(scratch: &Scratch, address: SocketAddr) -> Process {
    let mut command = Command::new(program());
    // PgBouncer does not run as root.
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if is_root {
        command.args(["-u", "nobody"]);
    }
    let log = fs::File::create(scratch.path("log")).expect("the directory can be written");
    command.arg("-q").arg(scratch.path("pgbouncer.ini"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let process = Process::start(&mut command);
    await_listener(address);
    process
}

/// Debian installs the program into a directory that is not in every `PATH`.
fn program() -> PathBuf {
    let debian = PathBuf::from("/usr/sbin/pgbouncer");
    if debian.exists() { debian } else { "pgbouncer".into() }
}

/// Writes a file that the user of PgBouncer can read.
fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the directory can be written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_names_the_server_without_the_database() {
        for (url, expected) in [
            ("postgres://root@127.0.0.1:5432/test", "host=127.0.0.1 port=5432 user=root"),
            ("postgres://a:b@h/c?d=e", "host=h port=5432 user=a password=b"),
        ] {
            assert_eq!(target(url), expected);
        }
    }

    #[test]
    fn guide_has_settings_for_pgbouncer() {
        let settings = settings_of_the_guide();
        assert!(settings.contains("pool_mode = transaction"), "{settings}");
        assert!(!settings.contains("ignore_startup_parameters"), "none is needed: {settings}");
    }
}
