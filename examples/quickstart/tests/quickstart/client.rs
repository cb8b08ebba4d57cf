//! As much of an HTTP client as the test needs, with a cookie jar of one cookie.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) cookie: Option<String>,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, "")
    }

    /// Posts a form, and keeps the access cookie if one comes back.
    pub(crate) fn post(&mut self, path: &str, form: &str) -> Response {
        let response = self.send("POST", path, form);
        let cookies = response.headers("set-cookie");
        let pairs = cookies.filter_map(|cookie| cookie.split(';').next());
        if let Some(access) = pairs.filter(|pair| pair.starts_with("__Host-hallpass=")).last() {
            self.cookie = Some(access.to_owned());
        }
        response
    }

    fn send(&self, method: &str, path: &str, form: &str) -> Response {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let cookie = self.cookie.as_ref().map(|cookie| format!("cookie: {cookie}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept: text/html\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n{}\r\n{form}",
            self.address,
            form.len(),
            cookie.unwrap_or_default(),
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, head: head.to_owned(), body: body.to_owned() }
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
