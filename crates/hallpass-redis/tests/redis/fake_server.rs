//! A server that rejects commands on its first connections, for errors that a real server returns
//! only in states that a test cannot cause.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

/// The server. Its threads end with the test process.
pub(crate) struct FakeServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    connections: usize,
    commands: usize,
    /// The error, and the last connection that receives it.
    error: Option<(String, usize)>,
}

impl FakeServer {
    /// Starts a server that accepts every command.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = server.state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let number = {
                    let mut state = state.lock().unwrap();
                    state.connections += 1;
                    state.connections
                };
                let state = state.clone();
                thread::spawn(move || serve(&stream, number, &state));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// From now on the connections up to this number receive the error, and later ones do not.
    pub(crate) fn reject(&self, error: &str, up_to: usize) {
        self.state().error = Some((error.to_owned(), up_to));
    }

    /// Returns the number of connections and of commands since the start.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.connections, state.commands)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn serve(stream: &TcpStream, number: usize, state: &Mutex<State>) {
    let mut requests = BufReader::new(stream);
    while read_request(&mut requests).is_some() {
        let reply = {
            let mut state = state.lock().unwrap();
            state.commands += 1;
            match &state.error {
                Some((error, up_to)) if number <= *up_to => format!("-{error}\r\n"),
                _ => ":1\r\n".to_owned(),
            }
        };
        let mut stream = stream;
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads an array of bulk strings without line ends, as the store sends them.
fn read_request(stream: &mut impl BufRead) -> Option<()> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let words: usize = line.trim_end().strip_prefix('*')?.parse().ok()?;
    for _ in 0..2 * words {
        stream.read_line(&mut line).ok()?;
    }
    Some(())
}
