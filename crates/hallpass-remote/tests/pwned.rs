//! Breached passwords from a real server that fails, hangs, and returns other content.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

use std::{
    error::Error,
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hallpass_accounts::{Breach, BreachedPasswords as _};
use hallpass_remote::{
    Fetch, FetchRequest, FetchResponse, LimitedBody, PwnedPasswords, PwnedPasswordsError,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// SHA-1 of `password` is 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8.
const PREFIX: &str = "5BAA6";
const REST: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

/// A server that keeps the requests. `None` as the response hangs.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<(Option<String>, Vec<String>)>>);

impl Server {
    async fn listen(&self) -> PwnedPasswords<Client> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = self.clone();
        tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let read = stream.read(&mut request).await.unwrap();
                let answer = {
                    let mut state = server.0.lock().unwrap();
                    state.1.push(String::from_utf8(request[..read].to_vec()).unwrap());
                    state.0.clone()
                };
                match answer {
                    Some(answer) => drop(stream.write_all(answer.as_bytes()).await),
                    None => open.push(stream),
                }
            }
        });
        PwnedPasswords::new(Client).url(format!("http://{address}/range/"))
    }

    fn answer(&self, status: &str, body: &str) {
        let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n{body}");
        self.0.lock().unwrap().0 = Some(answer);
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

struct Client;

impl Fetch for Client {
    type Error = Box<dyn Error + Send + Sync>;

    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, Self::Error> {
        let (host, path) =
            request.url().trim_start_matches("http://").split_once('/').ok_or("no path")?;
        let mut stream = TcpStream::connect(host).await?;
        let mut head = format!("{} /{path} HTTP/1.1\r\nhost: {host}\r\n", request.method());
        for (name, value) in request.headers() {
            write!(head, "{name}: {value}\r\n")?;
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).ok_or("no status")?.parse()?;
        while line.trim() != "" {
            line.clear();
            stream.read_line(&mut line).await?;
        }
        let mut body = LimitedBody::default();
        let mut chunk = [0; 4096];
        while let read @ 1.. = stream.read(&mut chunk).await? {
            body.push(&chunk[..read])?;
        }
        Ok(FetchResponse::new(status, body))
    }
}

/// As many lines as the service returns, with padding.
fn list(extra: &str) -> String {
    let mut list = String::new();
    for number in 0..900 {
        let count = number % 3;
        write!(list, "{number:035X}:{count}\r\n").unwrap();
    }
    list + extra
}

#[tokio::test]
async fn only_five_digits_are_sent_and_the_list_is_searched() {
    let server = Server::default();
    let breached = server.listen().await;
    for (extra, expected) in [
        (format!("{REST}:52372427"), Breach::Known),
        (format!("{}:1\r\n", REST.to_lowercase()), Breach::Known),
        (format!("{REST}:0"), Breach::Unknown), // padding
        (String::new(), Breach::Unknown),
    ] {
        server.answer("200 OK", &list(&extra));
        assert_eq!(breached.look_up("password").await.unwrap(), expected, "{extra}");
        let [request] = &server.requests()[..] else { panic!("one request") };
        assert!(request.starts_with(&format!("GET /range/{PREFIX} HTTP/1.1\r\n")), "{request}");
        assert!(request.contains("\r\nadd-padding: true\r\n"), "{request}");
        assert!(!request.contains(&REST[..2]) && !request.contains("password"), "{request}");
    }
    // The longest list that a body may have.
    let empty = "";
    server.answer("200 OK", empty);
    assert_eq!(breached.look_up("password").await.unwrap(), Breach::Unknown);
}

#[tokio::test]
async fn another_response_than_a_list_is_an_error() {
    let server = Server::default();
    let breached = server.listen().await;
    for (status, body) in [
        ("200 OK", "<!doctype html><title>Log in to the network</title>".to_owned()),
        ("200 OK", format!("{REST}52372427")),
        ("200 OK", format!("{}:1", &REST[1..])),
        ("200 OK", "x".repeat(34) + "é:1"),
    ] {
        server.answer(status, &body);
        let error = breached.look_up("password").await.unwrap_err();
        assert!(matches!(error, PwnedPasswordsError::Malformed), "{error}");
    }
    for status in ["429 Too Many Requests", "503 Service Unavailable", "302 Found"] {
        server.answer(status, &format!("{REST}:1"));
        let error = breached.look_up("password").await.unwrap_err();
        assert!(matches!(error, PwnedPasswordsError::Status(_)), "{error}");
    }
    server.answer("200 OK", &"x".repeat(LimitedBody::MAX + 1));
    let error = breached.look_up("password").await.unwrap_err();
    assert!(matches!(error, PwnedPasswordsError::Fetch(_)), "{error}");
    let nobody = PwnedPasswords::new(Client).url("http://127.0.0.1:1/range/");
    let error = nobody.look_up("password").await.unwrap_err();
    assert!(matches!(error, PwnedPasswordsError::Fetch(_)), "{error}");
}

#[tokio::test]
async fn a_service_that_hangs_is_left_after_the_time_limit() {
    let server = Server::default();
    let breached = server.listen().await.timeout(Duration::from_millis(200));
    let start = Instant::now();
    let error = breached.look_up("password").await.unwrap_err();
    assert!(matches!(error, PwnedPasswordsError::TimedOut(_)), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}
