//! Child processes: a program that a test starts, a server that prints where it listens, and this
//! test binary once more for one ignored test.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A child process. Dropping it kills it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a program.
    ///
    /// # Panics
    /// The program cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Takes the standard input.
    ///
    /// # Panics
    /// It is not piped, or was taken before.
    #[must_use]
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.0.stdin.take().expect("standard input is piped")
    }

    /// Takes the standard output.
    ///
    /// # Panics
    /// It is not piped, or was taken before.
    #[must_use]
    pub fn take_stdout(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.0.stdout.take().expect("standard output is piped"))
    }

    /// Sends a signal by its name, such as `TERM`.
    ///
    /// # Panics
    /// The process has ended.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.0.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("a shell").success(), "{kill}");
    }

    /// Waits until the process ends.
    ///
    /// # Panics
    /// It still runs after this time.
    pub fn wait(&mut self, at_most: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("the process is ours") {
                return status;
            }
            assert!(start.elapsed() < at_most, "still running after {at_most:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the process with SIGKILL and waits until it has ended.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A process that has printed the address on which it listens. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    /// The process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it prints after that line.
    pub output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a server and waits for its first line, `listening on http://` and an address.
    ///
    /// # Panics
    /// The first line is another one, or there is none.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut process = Process::start(command.stdout(Stdio::piped()));
        let mut output = process.take_stdout();
        let mut line = String::new();
        output.read_line(&mut line).expect("a line in UTF-8");
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("not a ready line: {line:?}"));
        Self { process, address, output }
    }
}

/// This test binary, to be started again for one ignored test, which is named by its path.
///
/// # Panics
/// The binary's own path is not known.
#[must_use]
pub fn this_test(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    command
}

/// An address of this machine whose port is free at this moment.
///
/// # Panics
/// No port is free.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// Waits until somebody listens on an address.
///
/// # Panics
/// Nobody does within 30 seconds.
#[track_caller]
pub fn await_listener(address: SocketAddr) {
    let listens = || TcpStream::connect(address).is_ok();
    within(Duration::from_secs(30), &format!("a server on {address}"), listens);
}

/// Waits until something holds. It is asked every 50 milliseconds.
///
/// # Panics
/// It does not hold within this time.
#[track_caller]
pub fn within(bound: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < bound, "not within {bound:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_server_is_started_once_it_has_printed_its_address() {
        let ready = "echo listening on http://127.0.0.1:81; echo more; exec sleep 60";
        let mut server = Server::start(&mut shell(ready));
        assert_eq!(server.address, ([127, 0, 0, 1], 81).into());
        let mut line = String::new();
        server.output.read_line(&mut line).expect("a line");
        assert_eq!(line, "more\n");
        server.process.signal("TERM");
        assert!(!server.process.wait(Duration::from_secs(10)).success());
    }

    #[test]
    #[should_panic(expected = "not a ready line")]
    fn a_server_that_prints_something_else_is_not_started() {
        let _ = Server::start(&mut shell("echo out of memory"));
    }

    #[test]
    #[should_panic(expected = "still running")]
    fn a_process_that_does_not_end_is_not_awaited_forever() {
        Process::start(&mut shell("exec sleep 60")).wait(Duration::from_millis(50));
    }

    #[test]
    fn a_free_address_can_be_listened_on() {
        let address = free_address();
        let _listener = TcpListener::bind(address).expect("it is free");
        await_listener(address);
    }
}
