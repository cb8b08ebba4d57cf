//! Child processes: a program that a test starts, a server that prints its address, and a second
//! process of this test binary for one ignored test.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A child process. Dropping it kills the process.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a program.
    ///
    /// # Panics
    /// Panics if the program cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Takes the standard input.
    ///
    /// # Panics
    /// Panics if the stream is not piped, or if it was taken before.
    #[must_use]
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.0.stdin.take().expect("standard input is piped")
    }

    /// Takes the standard output.
    ///
    /// # Panics
    /// Panics if the stream is not piped, or if it was taken before.
    #[must_use]
    pub fn take_stdout(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.0.stdout.take().expect("standard output is piped"))
    }

    /// Sends a signal by its name, such as `TERM`.
    ///
    /// # Panics
    /// Panics if the process has exited.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.0.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("the shell starts").success(), "{kill}");
    }

    /// Waits until the process exits, for at most this time.
    ///
    /// # Panics
    /// Panics if the process still runs after this time.
    pub fn wait(&mut self, at_most: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("the process is a child of this process")
            {
                return status;
            }
            assert!(start.elapsed() < at_most, "still running after {at_most:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the process with SIGKILL and waits until it has exited.
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

/// A process that has printed the address on which it listens. Dropping it kills the process.
#[derive(Debug)]
pub struct Server {
    /// The process.
    pub process: Process,
    /// The address on which the process listens.
    pub address: SocketAddr,
    /// The output of the process after the line with the address.
    pub output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a server and waits for its first line, `listening on http://` and an address.
    ///
    /// # Panics
    /// Panics if the server prints another first line, or exits without a line.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut process = Process::start(command.stdout(Stdio::piped()));
        let mut output = process.take_stdout();
        let mut line = String::new();
        output.read_line(&mut line).expect("the first line is UTF-8");
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("the first line has no address: {line:?}"));
        Self { process, address, output }
    }
}

/// Returns a command that runs this test binary with one ignored test. `name` is the path of the
/// test.
///
/// # Panics
/// Panics if the path of the binary is not known.
#[must_use]
pub fn this_test(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the binary has a path"));
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    command
}

/// Returns an address on 127.0.0.1 whose port is free at this moment.
///
/// # Panics
/// Panics if no port is free.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("the listener has an address")
}

/// Waits until a server listens on an address.
///
/// # Panics
/// Panics if no server listens within 30 seconds.
#[track_caller]
pub fn await_listener(address: SocketAddr) {
    let listens = || TcpStream::connect(address).is_ok();
    within(Duration::from_secs(30), &format!("a server on {address}"), listens);
}

/// Waits until a condition is true. Checks the condition every 50 milliseconds.
///
/// # Panics
/// Panics if the condition is not true within this time.
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
    fn server_start_returns_after_the_address_is_printed() {
        let ready = "echo listening on http://127.0.0.1:81; echo more; exec sleep 60";
        let mut server = Server::start(&mut shell(ready));
        assert_eq!(server.address, ([127, 0, 0, 1], 81).into());
        let mut line = String::new();
        server.output.read_line(&mut line).expect("a line is readable");
        assert_eq!(line, "more\n");
        server.process.signal("TERM");
        assert!(!server.process.wait(Duration::from_secs(10)).success());
    }

    #[test]
    #[should_panic(expected = "the first line has no address")]
    fn server_start_panics_on_another_first_line() {
        let _ = Server::start(&mut shell("echo out of memory"));
    }

    #[test]
    #[should_panic(expected = "still running")]
    fn wait_panics_if_the_process_does_not_exit_in_time() {
        Process::start(&mut shell("exec sleep 60")).wait(Duration::from_millis(50));
    }

    #[test]
    fn free_address_can_be_bound() {
        let address = free_address();
        let _listener = TcpListener::bind(address).expect("the address is free");
        await_listener(address);
    }
}
