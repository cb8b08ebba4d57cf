//! A client with a cookie jar. It behaves like a browser, or like a script that sends and receives
//! JSON.

use std::net::SocketAddr;

use serde_json::Value;

use super::{Request, Response, form, send_blocking};
use crate::cookie_jar::CookieJar;

/// A client of one site. Its methods block. Tests with an async runtime use [`send`](super::send).
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    json: bool,
    /// The cookies that the client stores and sends.
    pub cookies: CookieJar,
}

impl Client {
    /// Creates a client that accepts HTML, posts forms, and sends `Origin` and `Sec-Fetch-Site` as
    /// a browser does.
    #[must_use]
    pub fn browser(address: SocketAddr) -> Self {
        let cookies = CookieJar::new(&format!("http://{}", address.ip()));
        Self { address, json: false, cookies }
    }

    /// Creates a client that accepts JSON, posts JSON, and stores cookies.
    #[must_use]
    pub fn script(address: SocketAddr) -> Self {
        Self { json: true, ..Self::browser(address) }
    }

    /// Returns a client that sends JSON, with a copy of the cookies.
    #[must_use]
    pub fn as_script(&self) -> Self {
        Self { json: true, ..self.clone() }
    }

    /// Returns a client of another address, with a copy of the cookies.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Sends a GET request.
    #[track_caller]
    pub fn get(&mut self, target: &str) -> Response {
        self.send(self.request("GET", target))
    }

    /// Posts fields, as a form or as a JSON object of strings.
    #[track_caller]
    pub fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Response {
        let body = if self.json {
            let object =
                fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
            Value::Object(object.collect()).to_string()
        } else {
            form(fields)
        };
        self.post_body(target, body)
    }

    /// Posts a body unchanged, with the content type of the client.
    #[track_caller]
    pub fn post_body(&mut self, target: &str, body: impl Into<Vec<u8>>) -> Response {
        let content_type =
            if self.json { "application/json" } else { "application/x-www-form-urlencoded" };
        self.send(self.request("POST", target).header("content-type", content_type).body(body))
    }

    /// Returns a request with the headers of the client and without a body.
    #[must_use]
    pub fn request(&self, method: &str, target: &str) -> Request {
        let request = Request::new(method, target).header("host", self.address.to_string());
        if self.json {
            return request.header("accept", "application/json");
        }
        let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let request = request.header("accept", accept).header("sec-fetch-site", "same-origin");
        match method {
            "GET" | "HEAD" => request,
            _ => request.header("origin", format!("http://{}", self.address)),
        }
    }

    /// Sends a request with the cookies of the jar, and stores the cookies that the response sets.
    ///
    /// # Panics
    /// Panics if a browser would reject a cookie of the response, or if the response is chunked.
    /// Every response of hallpass is complete before it is sent, so it has a length.
    #[track_caller]
    pub fn send(&mut self, request: Request) -> Response {
        let mut request = request.header("connection", "close");
        let path = request.target.split('?').next().unwrap_or_default().to_owned();
        if let Some(cookies) = self.cookies.header(&path) {
            request = request.header("cookie", cookies);
        }
        let response = send_blocking(self.address, &request);
        assert_eq!(response.header("transfer-encoding"), None, "{path}: every body has a length");
        self.cookies.keep(&path, response.values("set-cookie"));
        response
    }
}
