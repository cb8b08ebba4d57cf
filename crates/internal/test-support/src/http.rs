//! HTTP over real sockets.
//!
//! A [`Request`] is written to the socket unchanged, so that a test can send requests that a
//! correct client would not send: an absolute target, two headers with one name, an invalid chunk.
//! Each exchange uses a new connection. [`client::Client`] adds the headers and cookies of a
//! browser.

pub mod client;
#[cfg(feature = "http2")]
pub mod http2;

use std::{
    fmt,
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use crate::cookie_jar::SetCookie;

/// Maximum time for an exchange, and for one read of a blocking exchange.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request, exactly as it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, which may be any token.
    pub method: String,
    /// The request target.
    pub target: String,
    /// The headers in order. Values are bytes, because a cookie may contain any bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. It is sent unchanged, even if a header announces chunks.
    pub body: Vec<u8>,
}

impl Request {
    /// Creates a request without headers and without a body.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Appends a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Removes every header with this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(present, _)| present.eq_ignore_ascii_case(name))
    }

    /// Returns the head. Adds a `Content-Length` if a body is sent or expected (RFC 9110 section
    /// 8.6) and no header describes the framing.
    fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        let has_body = !self.body.is_empty() || !["GET", "HEAD"].contains(&&*self.method);
        if has_body && !self.has("content-length") && !self.has("transfer-encoding") {
            let length = format!("content-length: {}\r\n", self.body.len());
            head.extend_from_slice(length.as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// A response, as it was received.
#[derive(Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers with names in lower case, followed by the trailers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the first value of a header as text.
    ///
    /// # Panics
    /// Panics if the value is not UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Returns the values of a header as text.
    ///
    /// # Panics
    /// Panics if a value is not UTF-8.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.headers.iter().filter(move |(present, _)| present == name);
        values.map(|(_, value)| str::from_utf8(value).expect("the header value is UTF-8"))
    }

    /// Returns the body as text. Bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the cookies that the response sets or removes.
    #[must_use]
    pub fn set_cookies(&self) -> Vec<SetCookie> {
        self.values("set-cookie").map(SetCookie::parse).collect()
    }

    /// Returns the cookies that the response sets or removes, without the browser cookie and the
    /// notice.
    #[must_use]
    pub fn session_cookies(&self) -> Vec<SetCookie> {
        let mut cookies = self.set_cookies();
        cookies.retain(|cookie| {
            !cookie.name.ends_with("_browser") && !cookie.name.ends_with("_notice")
        });
        cookies
    }

    /// Returns the cookie with this name that the response sets or removes.
    #[must_use]
    pub fn set_cookie(&self, name: &str) -> Option<SetCookie> {
        self.set_cookies().into_iter().find(|cookie| cookie.name == name)
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// Panics if the content type or the body is not JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("application/"), "{content_type}: {}", self.text());
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Asserts a redirect with status 303 to exactly this location.
    #[track_caller]
    pub fn expect_see_other(self, location: &str) -> Self {
        let response = self.expect(303);
        assert_eq!(response.header("location"), Some(location));
        response
    }

    /// Asserts a redirect to the login page with this path as `next`.
    #[track_caller]
    pub fn expect_log_in(self, path: &str) -> Self {
        let next = form(&[("next", path)]);
        self.expect_see_other(&format!("/login?{next}"))
    }

    /// Asserts an RFC 9457 problem with this status, and returns the document.
    #[track_caller]
    pub fn expect_problem(self, status: u16) -> Value {
        let response = self.expect(status);
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        let problem = response.json();
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["type"].is_string() && problem["title"].is_string(), "{problem}");
        problem
    }

    /// Asserts a complete HTML page with this status.
    #[track_caller]
    pub fn expect_page(self, status: u16) -> Self {
        let response = self.expect(status);
        let text = response.text();
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{text}");
        assert!(text.starts_with("<!doctype html>") && text.trim_end().ends_with("</html>"));
        response
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.headers.iter();
        let headers: Vec<_> =
            values.map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &headers)
            .field("body", &self.text())
            .finish()
    }
}

/// Sends a request and returns the response.
///
/// # Panics
/// Panics if no server listens on the address, or if no complete response arrives within 30
/// seconds.
pub async fn send(server: SocketAddr, request: &Request) -> Response {
    within_timeout(exchange(None, server, request), request).await
}

/// Sends a request from this source address and returns the response.
///
/// # Panics
/// Panics in the same cases as [`send`], or if the machine does not have the source address.
pub async fn send_from(source: IpAddr, server: SocketAddr, request: &Request) -> Response {
    within_timeout(exchange(Some(source), server, request), request).await
}

async fn within_timeout(exchange: impl Future<Output = Response>, request: &Request) -> Response {
    let exchange = tokio::time::timeout(TIMEOUT, exchange).await;
    exchange
        .unwrap_or_else(|_| panic!("no response to {} {} in time", request.method, request.target))
}

async fn exchange(source: Option<IpAddr>, server: SocketAddr, request: &Request) -> Response {
    let socket = if server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.expect("a socket is available");
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0)).expect("the machine has the source address");
    }
    let mut stream = socket.connect(server).await.expect("the server listens");
    stream.write_all(&request.head()).await.expect("the server reads the head");
    // The error is ignored: a server may reject a body before it has read the whole body.
    let _ = stream.write_all(&request.body).await;
    let (mut incoming, mut buffer) = (Incoming::to(request), vec![0; 16 * 1024]);
    loop {
        let read = stream.read(&mut buffer).await;
        if let Some(response) = incoming.take(read.map(|length| &buffer[..length])) {
            return response;
        }
    }
}

/// Sends a request and returns the response. For tests without an async runtime.
///
/// # Panics
/// Panics if no server listens on the address, or if no data arrives for 30 seconds.
#[must_use]
pub fn send_blocking(server: SocketAddr, request: &Request) -> Response {
    let mut stream = std::net::TcpStream::connect(server).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("the timeout is valid");
    stream.write_all(&request.head()).expect("the server reads the head");
    let _ = stream.write_all(&request.body);
    let (mut incoming, mut buffer) = (Incoming::to(request), vec![0; 16 * 1024]);
    loop {
        let read = stream.read(&mut buffer);
        if let Some(response) = incoming.take(read.map(|length| &buffer[..length])) {
            return response;
        }
    }
}

/// A response while it arrives.
struct Incoming<'a> {
    request: &'a Request,
    bytes: Vec<u8>,
}

impl<'a> Incoming<'a> {
    fn to(request: &'a Request) -> Self {
        Self { request, bytes: Vec::new() }
    }

    /// Adds the bytes that were read. An empty slice is the end of the connection. Returns the
    /// response when it is complete.
    fn take(&mut self, read: io::Result<&[u8]>) -> Option<Response> {
        let Request { method, target, .. } = self.request;
        let ended = match read {
            Ok(bytes) => {
                self.bytes.extend_from_slice(bytes);
                bytes.is_empty()
            }
            // A server that rejects a body resets the connection after its response.
            Err(error) => {
                assert!(!self.bytes.is_empty(), "{method} {target}: {error}");
                true
            }
        };
        // If the server must close the connection, this function waits for the end: no bytes may
        // follow the response.
        let closes = |(name, value): &(String, Vec<u8>)| name == "connection" && value == b"close";
        if !ended && self.request.headers.iter().any(closes) {
            return None;
        }
        let response = parse(&self.bytes, method == "HEAD", ended);
        let so_far = || String::from_utf8_lossy(&self.bytes);
        assert!(response.is_some() || !ended, "{method} {target}: incomplete: {:?}", so_far());
        response
    }
}

/// Parses a response (RFC 9112 section 6). Returns `None` while a part of it is missing.
fn parse(bytes: &[u8], to_head: bool, ended: bool) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, rest) = (&bytes[..end], &bytes[end + 4..]);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status_line = String::from_utf8_lossy(lines.next()?).into_owned();
    let status = status_line.split(' ').nth(1)?.parse().expect("the status is a number");
    let headers = lines.map(|line| {
        let colon =
            line.iter().position(|byte| *byte == b':').expect("the header line has a colon");
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        (name, line[colon + 1..].trim_ascii().to_vec())
    });
    let mut response = Response { status, headers: headers.collect(), body: Vec::new() };
    response.body = if to_head || matches!(status, 204 | 304) {
        Vec::new()
    } else if let Some(length) = response.header("content-length") {
        let length = length.parse().expect("the content length is a number");
        assert!(rest.len() <= length, "more than the announced {length} bytes: {response:?}");
        rest.get(..length)?.to_vec()
    } else if response.header("transfer-encoding").is_some() {
        dechunked(rest)?
    } else {
        ended.then(|| rest.to_vec())?
    };
    Some(response)
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        rest = &rest[line + 2..];
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}

/// Encodes fields as `application/x-www-form-urlencoded`.
#[must_use]
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter();
    let pairs: Vec<_> =
        pairs.map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
    pairs.join("&")
}

/// Percent-encodes all bytes except the unreserved characters of RFC 3986 section 2.3.
#[must_use]
pub fn percent(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte| match unreserved(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests;
