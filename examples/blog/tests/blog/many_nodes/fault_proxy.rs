//! A way to the server that can be cut, or lose every notification.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

pub(super) struct FaultProxy {
    port: u16,
    faults: Arc<Faults>,
}

#[derive(Default)]
struct Faults {
    drops: AtomicBool,
    dropped: AtomicUsize,
    is_cut: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl FaultProxy {
    pub(super) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let faults = Arc::new(Faults::default());
        let proxy = Self { port, faults: Arc::clone(&faults) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if faults.is_cut.load(SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&server) else { continue };
                carry(client, server, &faults);
            }
        });
        proxy
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// From now on no notification arrives.
    pub(super) fn drop_notifications(&self) {
        self.faults.drops.store(true, SeqCst);
    }

    pub(super) fn dropped(&self) -> usize {
        self.faults.dropped.load(SeqCst)
    }

    /// Ends what is open and lets nobody through.
    pub(super) fn cut(&self) {
        self.faults.is_cut.store(true, SeqCst);
        for stream in self.faults.open.lock().expect("no thread panicked").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn mend(&self) {
        self.faults.is_cut.store(false, SeqCst);
    }
}

fn carry(client: TcpStream, server: TcpStream, faults: &Arc<Faults>) {
    let copy = |stream: &TcpStream| stream.try_clone().expect("a handle");
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    faults.open.lock().expect("no thread panicked").extend([copy(&client), copy(&server)]);
    let (mut from_client, mut to_server) = (copy(&client), copy(&server));
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let faults = Arc::clone(faults);
    thread::spawn(move || {
        let _ended = carry_messages(server, &client, &faults);
        let _ = client.shutdown(Shutdown::Both);
    });
}

/// The server's messages: a letter, a length of four bytes that counts itself, and the rest (PostgreSQL, 55.2).
fn carry_messages(mut server: TcpStream, mut client: &TcpStream, faults: &Faults) -> std::io::Result<()> {
    loop {
        let mut message = vec![0; 5];
        server.read_exact(&mut message)?;
        let length = u32::from_be_bytes([message[1], message[2], message[3], message[4]]);
        let rest = usize::try_from(length).unwrap_or(4).saturating_sub(4);
        message.resize(5 + rest, 0);
        server.read_exact(&mut message[5..])?;
        if message[0] == b'A' && faults.drops.load(SeqCst) {
            faults.dropped.fetch_add(1, SeqCst);
            continue;
        }
        client.write_all(&message)?;
    }
}
