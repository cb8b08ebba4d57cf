//! A small HTTP/1.1 client with a cookie jar: as a browser, or as a script that speaks JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    json: bool,
    pub(crate) cookies: BTreeMap<String, String>,
}

pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// One `Set-Cookie`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// In lower case, sorted.
    pub(crate) attributes: Vec<String>,
}

impl Client {
    /// Asks for HTML, posts forms, and sends what a browser sends about where a request comes from.
    pub(crate) fn browser(address: SocketAddr) -> Self {
        Self { address, json: false, cookies: BTreeMap::new() }
    }

    /// Asks for JSON, posts JSON, and keeps cookies.
    pub(crate) fn script(address: SocketAddr) -> Self {
        Self { json: true, ..Self::browser(address) }
    }

    /// The same cookies in a client that speaks JSON.
    pub(crate) fn as_script(&self) -> Self {
        Self { json: true, ..self.clone() }
    }

    /// The same cookies at another process.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(self.request("GET", path))
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = if self.json {
            let object = fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
            Value::Object(object.collect()).to_string()
        } else {
            form(fields)
        };
        self.post_body(path, body)
    }

    /// Posts a body as it is, under the client's own content type.
    pub(crate) fn post_body(&mut self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let content_type = if self.json { "application/json" } else { "application/x-www-form-urlencoded" };
        let mut request = self.request("POST", path);
        request.headers.push(("content-type", content_type.to_owned()));
        request.body = body.into();
        self.send(request)
    }

    /// A request with the client's own headers, without a body.
    pub(crate) fn request<'a>(&self, method: &'a str, path: &'a str) -> Request<'a> {
        let mut headers = vec![("host", self.address.to_string())];
        if self.json {
            headers.push(("accept", "application/json".to_owned()));
        } else {
            headers.push(("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8".to_owned()));
            headers.push(("sec-fetch-site", "same-origin".to_owned()));
            if method != "GET" && method != "HEAD" {
                headers.push(("origin", format!("http://{}", self.address)));
            }
        }
        Request { method, path, headers, body: Vec::new() }
    }

    /// Sends a request, with the jar's cookies, and keeps what comes back.
    pub(crate) fn send(&mut self, request: Request<'_>) -> Answer {
        let answer = self.exchange(&request);
        for cookie in answer.set_cookies() {
            if cookie.attributes.iter().any(|attribute| attribute == "max-age=0") {
                self.cookies.remove(&cookie.name);
            } else {
                self.cookies.insert(cookie.name, cookie.value);
            }
        }
        answer
    }

    fn exchange(&self, request: &Request<'_>) -> Answer {
        let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", request.method, request.path);
        for (name, value) in &request.headers {
            write!(head, "{name}: {value}\r\n").expect("a string takes all");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            write!(head, "cookie: {}\r\n", pairs.join("; ")).expect("a string takes all");
        }
        if !request.body.is_empty() || request.method == "POST" {
            write!(head, "content-length: {}\r\n", request.body.len()).expect("a string takes all");
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).expect("the blog listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream.write_all(head.as_bytes()).expect("the head is sent");
        // A server may refuse a body before it has read all of it.
        let _ = stream.write_all(&request.body);
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            assert!(!bytes.is_empty(), "{} {}: {error}", request.method, request.path);
        }
        Answer::parse(&bytes, request.method == "HEAD")
    }
}

impl Answer {
    fn parse(bytes: &[u8], head_only: bool) -> Self {
        let text = String::from_utf8(bytes.to_vec()).expect("the blog answers in UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").expect("a header line"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let answer = Self { status: status.parse().expect("a number"), headers, body: body.to_owned() };
        assert_eq!(answer.header("transfer-encoding"), None, "every body here has a length");
        if let (Some(length), false) = (answer.header("content-length"), head_only) {
            assert_eq!(length.parse(), Ok(body.len()), "the whole body came");
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn set_cookies(&self) -> Vec<SetCookie> {
        let lines = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        lines.map(|(_, line)| SetCookie::parse(line)).collect()
    }

    pub(crate) fn set_cookie(&self, name: &str) -> Option<SetCookie> {
        self.set_cookies().into_iter().find(|cookie| cookie.name == name)
    }

    pub(crate) fn json(&self) -> Value {
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("application/"), "{content_type}: {}", self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#?}\n{}", self.headers, self.body);
        self
    }

    /// A redirect to exactly this place.
    #[track_caller]
    pub(crate) fn expect_see_other(self, location: &str) -> Self {
        let answer = self.expect(303);
        assert_eq!(answer.header("location"), Some(location));
        answer
    }

    /// A redirect to the log-in, and from there back to this path.
    #[track_caller]
    pub(crate) fn expect_log_in(self, path: &str) -> Self {
        let next = form(&[("next", path)]);
        self.expect_see_other(&format!("/login?{next}"))
    }

    /// An RFC 9457 body whose status is that of the answer.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16) -> Value {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["type"].is_string() && problem["title"].is_string(), "{problem}");
        problem
    }

    /// A page of HTML.
    #[track_caller]
    pub(crate) fn expect_page(self, status: u16) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{}", answer.body);
        assert!(answer.body.starts_with("<!doctype html>") && answer.body.trim_end().ends_with("</html>"));
        answer
    }
}

impl SetCookie {
    fn parse(line: &str) -> Self {
        let mut parts = line.split("; ");
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a name and a value");
        let mut attributes: Vec<_> = parts.map(str::to_ascii_lowercase).collect();
        attributes.sort();
        Self { name: name.to_owned(), value: value.to_owned(), attributes }
    }
}

/// `application/x-www-form-urlencoded`, every byte but the unreserved ones escaped.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
                _ => write!(out, "%{byte:02X}").expect("a string takes all"),
            }
            out
        })
    };
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}
