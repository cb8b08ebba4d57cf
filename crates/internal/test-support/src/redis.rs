//! A Redis server that a test starts, pauses, kills and configures, with its own port and data. It
//! requires the program `redis-server`.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    process::{Process, await_listener, free_address, within},
    scratch::Scratch,
};

/// A Redis server without persistence. Dropping it kills the process.
#[derive(Debug)]
pub struct RedisServer {
    scratch: Scratch,
    address: SocketAddr,
    process: Process,
}

impl RedisServer {
    /// Starts a server on a free port and waits until it listens.
    ///
    /// # Panics
    /// Panics if the server does not listen within 30 seconds.
    #[must_use]
    pub fn start() -> Self {
        let (scratch, address) = (Scratch::new(), free_address());
        let process = run(&scratch, address);
        Self { scratch, address, process }
    }

    /// Returns the host and the port, for a proxy.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Returns the URL of the server for an ACL user.
    #[must_use]
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@{}", self.address)
    }

    /// Kills the server with SIGKILL. Its data is lost.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the server again on the same port.
    ///
    /// # Panics
    /// Panics if the server does not listen within 30 seconds.
    pub fn start_again(&mut self) {
        self.process = run(&self.scratch, self.address);
    }

    /// Stops the process with SIGSTOP: it accepts connections and does not respond.
    ///
    /// # Panics
    /// Panics if the process has exited.
    pub fn pause(&self) {
        self.process.signal("STOP");
    }

    /// Continues the process after [`pause`](Self::pause).
    ///
    /// # Panics
    /// Panics if the process has exited.
    pub fn resume(&self) {
        self.process.signal("CONT");
    }

    /// Makes the server a replica of another server, as a failover does with the old primary.
    ///
    /// # Panics
    /// Panics if the server rejects the command.
    pub fn demote(&self, primary: &Self) {
        let port = primary.address.port().to_string();
        self.run(&["REPLICAOF", "127.0.0.1", &port]);
    }

    /// Makes the server a primary, as a failover does with a replica.
    ///
    /// # Panics
    /// Panics if the server rejects the command.
    pub fn promote(&self) {
        self.run(&["REPLICAOF", "NO", "ONE"]);
    }

    /// Makes the server fail to save its data. It then rejects writes with `MISCONF`, until
    /// `stop-writes-on-bgsave-error` is set to `no`.
    ///
    /// # Panics
    /// Panics if the server can save its data.
    pub fn break_disk(&self) {
        std::fs::remove_dir_all(self.scratch.directory()).expect("the directory exists");
        self.run(&["CONFIG", "SET", "save", "3600 1"]);
        self.run(&["BGSAVE"]);
        let failed = || self.info("rdb_last_bgsave_status") == "err";
        within(Duration::from_secs(10), "the server fails to save its data", failed);
    }

    /// Runs a command as the default user, and returns the response as text. The elements of an
    /// array are separated by line ends.
    ///
    /// # Panics
    /// Panics if the server cannot be reached or rejects the command.
    pub fn run(&self, command: &[&str]) -> String {
        let response = self.exchange(command).expect("the server responds");
        response.unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Returns the value of a line of `INFO`, such as `total_connections_received`.
    ///
    /// # Panics
    /// Panics if there is no such line.
    #[must_use]
    pub fn info(&self, name: &str) -> String {
        let info = self.run(&["INFO"]);
        let mut pairs = info.lines().filter_map(|line| line.split_once(':'));
        let value = pairs.find_map(|(key, value)| (key == name).then(|| value.trim().to_owned()));
        value.unwrap_or_else(|| panic!("INFO has no line {name}"))
    }

    fn exchange(&self, command: &[&str]) -> io::Result<Result<String, String>> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut request = format!("*{}\r\n", command.len());
        for word in command {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        stream.write_all(request.as_bytes())?;
        read_reply(&mut BufReader::new(stream))
    }
}

/// Reads a reply of the protocol RESP2.
fn read_reply(stream: &mut impl BufRead) -> io::Result<Result<String, String>> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1).ok_or(io::ErrorKind::UnexpectedEof)?;
    let length = || rest.parse::<i64>().map_err(io::Error::other);
    match kind {
        "-" => Ok(Err(rest.to_owned())),
        "$" => {
            let Ok(length) = usize::try_from(length()?) else { return Ok(Ok(String::new())) };
            let mut bytes = vec![0; length + 2];
            stream.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Ok(Ok(String::from_utf8_lossy(&bytes).into_owned()))
        }
        "*" => {
            let elements = (0..length()?).map(|_| read_reply(stream));
            let elements: Result<Vec<_>, _> =
                elements.collect::<io::Result<Vec<_>>>()?.into_iter().collect();
            Ok(elements.map(|elements| elements.join("\n")))
        }
        _ => Ok(Ok(rest.to_owned())),
    }
}

fn run(scratch: &Scratch, address: SocketAddr) -> Process {
    let port = address.port().to_string();
    let mut server = Command::new("redis-server");
    server.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
    // A full synchronization starts immediately. The default delay is 5 seconds.
    server.args(["--repl-diskless-sync-delay", "0", "--dir"]).arg(scratch.directory());
    let process = Process::start(server.stdout(Stdio::null()));
    await_listener(address);
    process
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_as_text_or_as_an_error() {
        for (reply, expected) in [
            ("+OK\r\n", Ok("OK")),
            (":3\r\n", Ok("3")),
            ("$-1\r\n", Ok("")),
            ("$4\r\na\r\nb\r\n", Ok("a\r\nb")),
            ("*2\r\n$1\r\na\r\n*1\r\n:1\r\n", Ok("a\n1")),
            ("-READONLY text\r\n", Err("READONLY text")),
        ] {
            let read = read_reply(&mut reply.as_bytes()).expect("the reply is complete");
            assert_eq!(read.as_deref().map_err(String::as_str), expected);
        }
        for cut in ["", "$4\r\na", "*1\r\n"] {
            assert!(read_reply(&mut cut.as_bytes()).is_err(), "{cut:?}");
        }
    }
}
