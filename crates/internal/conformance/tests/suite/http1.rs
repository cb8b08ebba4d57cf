//! An HTTP/1.1 client that writes what it is told, byte by byte.

use std::{net::SocketAddr, time::Duration};

use hallpass_conformance::{Received, Sent};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Sends a request and reads its answer, within ten seconds.
pub(crate) async fn send(server: SocketAddr, sent: &Sent) -> Received {
    let exchange = tokio::time::timeout(Duration::from_secs(10), exchange(server, sent));
    exchange.await.unwrap_or_else(|_| panic!("no whole answer to {} {}", sent.method, sent.target))
}

async fn exchange(server: SocketAddr, sent: &Sent) -> Received {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.write_all(&request(sent)).await.expect("the server reads");
    let mut answer = Vec::new();
    loop {
        let read = stream.read_buf(&mut answer).await.expect("the server answers");
        if let Some(received) = parse(&answer, sent.method == "HEAD", read == 0) {
            return received;
        }
        assert_ne!(read, 0, "the server hung up within {:?}", String::from_utf8_lossy(&answer));
    }
}

fn request(sent: &Sent) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", sent.method, sent.target).into_bytes();
    for (name, value) in &sent.headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", sent.body.len()).as_bytes());
    bytes.extend_from_slice(&sent.body);
    bytes
}

/// Parses an answer; `None` while it is not whole.
fn parse(answer: &[u8], to_head: bool, closed: bool) -> Option<Received> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, rest) = (&answer[..end], &answer[end + 4..]);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status_line = String::from_utf8_lossy(lines.next()?).into_owned();
    let status = status_line.split(' ').nth(1)?.parse().expect("a status");
    let headers: Vec<(String, Vec<u8>)> = lines
        .map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').expect("a header");
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            (name, line[colon + 1..].trim_ascii().to_vec())
        })
        .collect();
    let received = Received { status, headers, ..Received::default() };
    let body = if to_head || matches!(status, 204 | 304) {
        Vec::new()
    } else if let [length] = &received.header("content-length")[..] {
        rest.get(..length.parse().expect("a length"))?.to_vec()
    } else if received.header("transfer-encoding").is_empty() {
        closed.then(|| rest.to_vec())?
    } else {
        dechunked(rest)?
    };
    Some(Received { body, ..received })
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        rest = &rest[line + 2..];
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}
