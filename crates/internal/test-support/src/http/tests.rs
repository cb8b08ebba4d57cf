//! Tests of the client: the bytes that it sends, and the responses that it parses.

use std::{net::TcpListener, thread};

use super::*;

/// Starts a server for one connection. It reads to the end of the head, sends this text with a
/// pause at each `|`, and closes the connection.
fn server(sends: &'static str) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    let received = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client connects");
        let mut received = Vec::new();
        let mut byte = [0];
        while !received.ends_with(b"\r\n\r\n")
            && stream.read(&mut byte).expect("the socket can be read") == 1
        {
            received.push(byte[0]);
        }
        for part in sends.split('|') {
            stream.write_all(part.as_bytes()).expect("the client reads");
            thread::sleep(Duration::from_millis(50));
        }
        String::from_utf8(received).expect("UTF-8")
    });
    (address, received)
}

#[test]
fn request_is_sent_unchanged() {
    let (address, received) = server("HTTP/1.1 204 No Content\r\n\r\n");
    let request = Request::new("BREW", "http://a.example/b?c").header("Host", "x").header("a", "1");
    let request = request.header("a", "2").header("b", "3").without("B");
    assert_eq!(send_blocking(address, &request).status, 204);
    let expected = "BREW http://a.example/b?c HTTP/1.1\r\nHost: x\r\na: 1\r\na: 2\r\n";
    let expected = format!("{expected}content-length: 0\r\n\r\n");
    assert_eq!(received.join().expect("no panic"), expected);
}

#[test]
fn content_length_is_added_only_if_no_framing_is_given() {
    let head = |request: &Request| String::from_utf8(request.head()).expect("UTF-8");
    assert_eq!(head(&Request::new("GET", "/")), "GET / HTTP/1.1\r\n\r\n");
    assert!(head(&Request::new("GET", "/").body("ab")).contains("content-length: 2\r\n"));
    let chunked =
        Request::new("POST", "/").header("transfer-encoding", "chunked").body("0\r\n\r\n");
    assert!(!head(&chunked).contains("content-length"));
}

#[tokio::test]
async fn response_ends_according_to_its_framing() {
    for (text, body) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab", "ab"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            "abc",
        ),
        ("HTTP/1.1 200 OK\r\n\r\nto the end", "to the end"),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n", ""),
    ] {
        let (address, _) = server(text);
        assert_eq!(send(address, &Request::new("GET", "/")).await.text(), body, "{text}");
        let (address, _) = server(text);
        let request = Request::new("GET", "/").header("connection", "close");
        assert_eq!(send_blocking(address, &request).text(), body, "{text}");
    }
    let (address, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\n");
    let response = send(address, &Request::new("HEAD", "/")).await;
    assert_eq!((response.header("a"), response.text().as_str()), (Some("b"), ""));
}

#[test]
fn incomplete_response_is_not_parsed() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab";
    for length in 0..whole.len() {
        assert!(parse(&whole.as_bytes()[..length], false, false).is_none(), "{length}");
    }
    assert!(parse(whole.as_bytes(), false, false).is_some());
}

#[test]
#[should_panic(expected = "incomplete")]
fn send_panics_on_a_truncated_response() {
    let (address, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab");
    let _ = send_blocking(address, &Request::new("GET", "/"));
}

#[test]
#[should_panic(expected = "more than the announced")]
fn send_panics_on_bytes_after_the_response() {
    let (address, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na|b");
    let _ = send_blocking(address, &Request::new("GET", "/").header("connection", "close"));
}

#[test]
fn form_escapes_all_but_unreserved_characters() {
    assert_eq!(form(&[("a b", "c&d=ü"), ("e", "~-._9")]), "a%20b=c%26d%3D%C3%BC&e=~-._9");
}
