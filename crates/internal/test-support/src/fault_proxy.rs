//! A TCP proxy in front of a server. A test can let it cut connections, stall in the middle of a
//! response, forward to another server, or drop the notifications of PostgreSQL.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

/// A fault in the middle of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The proxy closes the connection, once.
    Cut,
    /// The proxy forwards no more bytes of responses, on any connection, until
    /// [`FaultProxy::repair`].
    Hang,
}

/// The proxy. It runs in its own threads, so it works with any async runtime and without one.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default, Debug)]
struct Shared {
    faults: Mutex<Faults>,
    mended: Condvar,
}

#[derive(Default, Debug)]
struct Faults {
    /// The server of new connections.
    server: String,
    /// The next fault, and the number of responses that pass before it.
    next: Option<(u32, Fault)>,
    hangs: bool,
    is_cut: bool,
    drops_notifications: bool,
    dropped: usize,
    round_trips: usize,
    open: Vec<TcpStream>,
}

impl FaultProxy {
    /// Starts a proxy to a server. `server` is a host and a port, `host:port`.
    ///
    /// # Panics
    /// Panics if no port is free.
    #[must_use]
    pub fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the listener has an address");
        let shared = Arc::new(Shared::default());
        shared.faults().server = server;
        let proxy = Self { address, shared: shared.clone() };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = {
                    let faults = shared.faults();
                    if faults.is_cut {
                        continue;
                    }
                    faults.server.clone()
                };
                let Ok(server) = TcpStream::connect(&server) else { continue };
                carry(client, server, shared.clone());
            }
        });
        proxy
    }

    /// Returns the address on which the proxy listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forwards each new connection to another server, `host:port`. Open connections stay at the
    /// previous server, as after the change of a DNS record.
    pub fn redirect(&self, server: String) {
        self.shared.faults().server = server;
    }

    /// Schedules a fault in the middle of a response, after this number of responses. One read from
    /// the server's connection counts as one response.
    pub fn at(&self, answers: u32, fault: Fault) {
        self.shared.faults().next = Some((answers, fault));
    }

    /// Drops every later notification of PostgreSQL. The connections must not use TLS
    /// (`sslmode=disable`).
    pub fn drop_notifications(&self) {
        self.shared.faults().drops_notifications = true;
    }

    /// Returns the number of notifications that were dropped.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.shared.faults().dropped
    }

    /// Returns the number of round trips to a PostgreSQL server: how often the server was ready for
    /// the next query (`ReadyForQuery`). The connections must not use TLS (`sslmode=disable`).
    #[must_use]
    pub fn round_trips(&self) -> usize {
        self.shared.faults().round_trips
    }

    /// Closes all connections, and each new connection, until [`repair`](Self::repair).
    pub fn cut(&self) {
        let mut faults = self.shared.faults();
        faults.is_cut = true;
        for stream in faults.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Ends a cut or a hang, and removes a scheduled fault.
    pub fn repair(&self) {
        let mut faults = self.shared.faults();
        (faults.next, faults.hangs, faults.is_cut) = (None, false, false);
        self.shared.mended.notify_all();
    }
}

/// Wakes the threads that hang, and closes all connections.
impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.repair();
        self.cut();
    }
}

impl Shared {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().expect("no thread panicked")
    }

    fn wait_while_hanging(&self) {
        let faults = self.mended.wait_while(self.faults(), |faults| faults.hangs);
        drop(faults.expect("no thread panicked"));
    }
}

impl Faults {
    /// Returns the fault for a response that has arrived.
    fn of_answer(&mut self) -> Option<Fault> {
        match self.next.as_mut() {
            Some((0, _)) => self.next.take().map(|(_, fault)| fault),
            Some((answers, _)) => {
                *answers -= 1;
                None
            }
            None => None,
        }
    }
}

fn carry(client: TcpStream, server: TcpStream, shared: Arc<Shared>) {
    let copy = |stream: &TcpStream| stream.try_clone().expect("the socket can be cloned");
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    shared.faults().open.extend([copy(&client), copy(&server)]);
    let (mut from_client, mut to_server) = (copy(&client), copy(&server));
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let _ended = carry_answers(&server, &client, &shared);
        let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    });
}

fn carry_answers(
    mut server: &TcpStream,
    mut client: &TcpStream,
    shared: &Shared,
) -> io::Result<()> {
    let (mut buffer, mut messages) = (vec![0; 64 * 1024], Messages::default());
    loop {
        let length = server.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let (answer, fault) = {
            let mut faults = shared.faults();
            let drops = faults.drops_notifications;
            let answer = messages.pass(&buffer[..length], drops, &mut faults);
            (answer, faults.of_answer())
        };
        let middle = if fault.is_some() { answer.len() / 2 } else { 0 };
        client.write_all(&answer[..middle])?;
        match fault {
            Some(Fault::Cut) => return Ok(()),
            Some(Fault::Hang) => shared.faults().hangs = true,
            None => {}
        }
        shared.wait_while_hanging();
        client.write_all(&answer[middle..])?;
    }
}

/// Finds the boundaries of PostgreSQL messages. A message is a letter, a length of four bytes that
/// includes itself, and the rest (PostgreSQL documentation, "Message Formats").
#[derive(Default)]
struct Messages {
    /// The beginning of a message, up to and including its length.
    head: Vec<u8>,
    /// The number of bytes of `head` that were already forwarded.
    passed: usize,
    /// The number of bytes of the message that have not arrived yet.
    left: usize,
    /// Whether the message is dropped.
    drops: bool,
}

impl Messages {
    /// Returns the bytes to forward. If `drops` is set, they contain no notifications. Otherwise
    /// each byte is forwarded immediately, so that the proxy serves any protocol.
    fn pass(&mut self, mut bytes: &[u8], drops: bool, counts: &mut Faults) -> Vec<u8> {
        let mut passed = Vec::with_capacity(bytes.len());
        while let [first, rest @ ..] = bytes {
            if self.left == 0 {
                self.head.push(*first);
                bytes = rest;
                if !drops {
                    passed.push(*first);
                    self.passed = self.head.len();
                }
                if let [letter, length @ ..] = self.head.as_slice()
                    && let Ok(length) = <[u8; 4]>::try_from(length)
                {
                    self.left = (u32::from_be_bytes(length) as usize).saturating_sub(4);
                    self.drops = drops && *letter == b'A' && self.passed == 0;
                    counts.dropped += usize::from(self.drops);
                    counts.round_trips += usize::from(*letter == b'Z');
                    if !self.drops {
                        passed.extend_from_slice(&self.head[self.passed..]);
                    }
                    (self.head, self.passed) = (Vec::new(), 0);
                }
                continue;
            }
            let (of_message, behind) = bytes.split_at(self.left.min(bytes.len()));
            if !self.drops {
                passed.extend_from_slice(of_message);
            }
            self.left -= of_message.len();
            bytes = behind;
        }
        passed
    }
}

#[cfg(test)]
mod tests;
