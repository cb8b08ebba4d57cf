//! A server of one behaviour at a time, in threads of its own, and the behaviours.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{Row, set};

/// The server's reaction to a connection, after it has read the request.
#[derive(Clone)]
pub(crate) struct Behaviour(Arc<dyn Behave>);

trait Behave: Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync {}

impl<F: Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync> Behave for F {}

impl Behaviour {
    fn of(behave: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(behave))
    }

    fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::of(move |stream| stream.write_all(&bytes))
    }

    /// A response with this status, these header lines (each with its end) and this body.
    fn response(status: &str, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
        Self::bytes([head.as_bytes(), body].concat())
    }

    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::response("200 OK", "content-type: application/json\r\n", &body.into())
    }

    pub(crate) fn status(status: &str, headers: &str) -> Self {
        Self::response(status, headers, set::of(&[set::key("new", 2)]).as_bytes())
    }

    pub(crate) fn silent() -> Self {
        // The read returns when the client closes the connection.
        Self::of(|stream| stream.read(&mut [0]).map(drop))
    }

    /// Sends the head once and then the piece until the client closes the connection.
    fn endless(head: &'static str, piece: &'static [u8], pause: Duration) -> Self {
        Self::of(move |stream| {
            stream.write_all(head.as_bytes())?;
            loop {
                stream.write_all(piece)?;
                thread::sleep(pause);
            }
        })
    }
}

pub(crate) struct KeyServer {
    port: u16,
    state: Arc<State>,
}

struct State {
    behaviour: Mutex<Behaviour>,
    requests: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl KeyServer {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            behaviour: Mutex::new(behaviour),
            requests: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, state) = (stream.unwrap(), Arc::clone(&shared));
                thread::spawn(move || {
                    let mut request = [0; 2048];
                    if !matches!(stream.read(&mut request), Ok(1..)) {
                        return;
                    }
                    state.requests.fetch_add(1, Ordering::SeqCst);
                    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
                    state.most_open.fetch_max(open, Ordering::SeqCst);
                    let behaviour = state.behaviour.lock().unwrap().clone();
                    // The client closes the connection early: that is the aim of many rows.
                    let _closed = (behaviour.0)(&mut stream);
                    state.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/jwks.json", self.port)
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Returns the largest number of requests that were open concurrently.
    pub(crate) fn most_concurrent(&self) -> usize {
        self.state.most_open.load(Ordering::SeqCst)
    }
}

/// A token's header with this `kid`, encoded.
pub(crate) fn header(kid: &str) -> String {
    let json = format!(r#"{{"alg":"EdDSA","typ":"hallpass+jwt","kid":"{kid}"}}"#);
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for bytes in json.as_bytes().chunks(3) {
        let word = bytes.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte))
            << (8 * (3 - bytes.len()));
        for place in 0..=bytes.len() {
            text.push(char::from(DIGITS[word >> (18 - 6 * place) & 63]));
        }
    }
    text
}

/// 128 KiB of a gzip stream that expands to 20 MB of zeros: a literal, and then matches of 258
/// bytes, which take 13 bits each (RFC 1951 section 3.2.6).
fn gzip_bomb() -> Vec<u8> {
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // Final block, fixed codes; the literal 0 has the code 00110000.
    let mut bits = vec![true, true, false, false, false, true, true, false, false, false, false];
    while bits.len() < 8 * 128 * 1024 {
        // Length 258 has the code 11000101, and distance 1 the code 00000.
        bits.extend([true, true, false, false, false, true, false, true]);
        bits.extend([false; 5]);
    }
    bomb.extend(bits.chunks(8).map(|byte| {
        byte.iter().enumerate().fold(0_u8, |sum, (place, bit)| sum | u8::from(*bit) << place)
    }));
    bomb
}

pub(crate) fn rows() -> Vec<Row> {
    let good = set::of(&[set::key("new", 2)]);
    let padded = |length: usize| good.clone() + &" ".repeat(length - good.len());
    let used = |name, behaviour| Row::used(name, behaviour, &["new"]);
    let head = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{good}\r\n", good.len());
    let to_itself = "location: /jwks.json\r\n";
    let millisecond = Duration::from_millis(1);
    let mut rows = vec![
        used(
            "another content type",
            Behaviour::response("200 OK", "content-type: text/html\r\n", good.as_bytes()),
        ),
        used("no content type", Behaviour::response("200 OK", "", good.as_bytes())),
        used("a chunked body", Behaviour::bytes(format!("{chunked}0\r\n\r\n"))),
        used("a body that ends with the connection", Behaviour::bytes(format!("{head}\r\n{good}"))),
        used("a body of 256 KiB", Behaviour::json(padded(256 * 1024))),
        used(
            "100 Continue before the response",
            Behaviour::bytes(format!(
                "HTTP/1.1 100 Continue\r\n\r\n{head}content-length: {}\r\n\r\n{good}",
                good.len()
            )),
        ),
    ];
    let kept = |name, behaviour| Row::kept(name, behaviour);
    rows.extend([
        kept("a body of 256 KiB and one byte", Behaviour::json(padded(256 * 1024 + 1))),
        kept(
            "an endless body",
            Behaviour::endless("HTTP/1.1 200 OK\r\n\r\n", &[b' '; 4096], Duration::ZERO),
        ),
        kept(
            "an endless chunked body",
            Behaviour::endless(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                b"4\r\n    \r\n",
                Duration::ZERO,
            ),
        ),
        kept(
            "a body of 1 GB",
            Behaviour::endless(
                "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n",
                &[b' '; 4096],
                Duration::ZERO,
            ),
        ),
        kept(
            "a slow body",
            Behaviour::endless(
                "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n",
                b" ",
                Duration::from_millis(20),
            ),
        ),
        kept(
            "a slow head",
            Behaviour::endless("HTTP/1.1 200 OK\r\nx: ", b"x", Duration::from_millis(20)),
        ),
        kept("no response", Behaviour::silent()),
        kept("the connection is closed", Behaviour::of(|_| Ok(()))),
        kept(
            "a truncated body",
            Behaviour::bytes(format!("{head}content-length: 10000\r\n\r\n{good}")),
        ),
        kept("a truncated chunked body", Behaviour::bytes(chunked.clone())),
        kept(
            "a truncated body without a length",
            Behaviour::bytes(format!("{head}\r\n{}", &good[..good.len() - 3])),
        ),
        kept(
            "a header of 1 MB",
            Behaviour::status("200 OK", &format!("x: {}\r\n", "x".repeat(1_000_000))),
        ),
        kept(
            "an endless head",
            Behaviour::endless(
                "HTTP/1.1 200 OK\r\n",
                b"x: xxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
                Duration::ZERO,
            ),
        ),
        kept("10,000 headers", Behaviour::status("200 OK", &"x: x\r\n".repeat(10_000))),
        kept(
            "endless 1xx responses",
            Behaviour::endless("", b"HTTP/1.1 103 Early Hints\r\n\r\n", millisecond),
        ),
        kept("two lengths", Behaviour::status("200 OK", "content-length: 5\r\n")),
        kept(
            "trailers of 1 MB",
            Behaviour::bytes(format!("{chunked}0\r\nx: {}\r\n\r\n", "x".repeat(1_000_000))),
        ),
        kept("a body without a head (HTTP/0.9)", Behaviour::bytes(good.clone())),
        kept("HTTP/2 frames", Behaviour::bytes(b"\0\0\x12\x04\0\0\0\0\0".to_vec())),
        kept("a TLS alert", Behaviour::bytes(b"\x15\x03\x03\0\x02\x02\x28".to_vec())),
        kept(
            "a gzip bomb",
            Behaviour::response("200 OK", "content-encoding: gzip\r\n", &gzip_bomb()),
        ),
        kept("a redirect to itself (301)", Behaviour::status("301 Moved Permanently", to_itself)),
        kept(
            "a redirect to another host (302)",
            Behaviour::status("302 Found", "location: http://127.0.0.2:1/\r\n"),
        ),
        kept(
            "a redirect to another scheme (307)",
            Behaviour::status("307 Temporary Redirect", "location: file:///etc/passwd\r\n"),
        ),
        kept("201 Created", Behaviour::status("201 Created", "")),
        kept("204 No Content", Behaviour::bytes("HTTP/1.1 204 No Content\r\n\r\n")),
        kept("206 Partial Content", Behaviour::status("206 Partial Content", "")),
        kept("304 Not Modified", Behaviour::bytes("HTTP/1.1 304 Not Modified\r\n\r\n")),
        kept("401 Unauthorized", Behaviour::status("401 Unauthorized", "")),
        kept("404 with a set", Behaviour::status("404 Not Found", "")),
        kept(
            "429 Too Many Requests",
            Behaviour::status("429 Too Many Requests", "retry-after: 999999999\r\n"),
        ),
        kept("500 with a set", Behaviour::status("500 Oops", "")),
        kept("503 with a set", Behaviour::status("503 Service Unavailable", "")),
        kept("a status that is not a number", Behaviour::bytes("HTTP/1.1 OK\r\n\r\n")),
    ]);
    rows
}
