//! An HTTP/2 client with prior knowledge (RFC 9113 section 3.3). It sends many requests over one
//! connection.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, HeaderValue, Uri};
use tokio::net::TcpStream;

use super::{Request, Response};

/// A connection. Its clones use the same connection.
#[derive(Clone, Debug)]
pub struct Connection(SendRequest<Bytes>);

impl Connection {
    /// Opens a connection.
    ///
    /// # Panics
    /// Panics if no server listens on the address, or if the server does not support HTTP/2.
    pub async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server listens");
        let (requests, connection) =
            h2::client::handshake(stream).await.expect("the server supports HTTP/2");
        tokio::spawn(async move { connection.await.expect("the connection is open") });
        Self(requests)
    }

    /// Sends a request and returns the response.
    ///
    /// The `Host` header becomes the authority. Each cookie becomes a separate header (RFC 9113
    /// section 8.2.3).
    ///
    /// # Panics
    /// Panics if the request is not valid in HTTP/2, or if the connection breaks.
    pub async fn send(&self, sent: &Request) -> Response {
        let host = sent.headers.iter().find(|(name, _)| name == "host");
        let authority = host.map_or(&b"site.example"[..], |(_, host)| host);
        let uri = Uri::builder().scheme("http").authority(authority).path_and_query(&*sent.target);
        let uri = uri.build().expect("the target is valid");
        let mut request = http::Request::builder().method(sent.method.as_str()).uri(uri);
        for (name, value) in sent.headers.iter().filter(|(name, _)| name != "host") {
            for value in crumbs(name, value) {
                let value = HeaderValue::from_bytes(value).expect("the header value is valid");
                request = request.header(name.to_ascii_lowercase(), value);
            }
        }
        let request = request.body(()).expect("the request is valid");
        let mut requests = self.0.clone().ready().await.expect("the connection is open");
        let (response, mut body) =
            requests.send_request(request, sent.body.is_empty()).expect("the request is valid");
        if !sent.body.is_empty() {
            body.send_data(sent.body.clone().into(), true).expect("the server accepts the body");
        }
        let (head, mut stream) = response.await.expect("a response arrives").into_parts();
        let mut received = Response {
            status: head.status.as_u16(),
            headers: headers(&head.headers),
            body: Vec::new(),
        };
        while let Some(chunk) = stream.data().await {
            let chunk = chunk.expect("the body arrives");
            stream.flow_control().release_capacity(chunk.len()).expect("the capacity was in use");
            received.body.extend_from_slice(&chunk);
        }
        if let Some(trailers) = stream.trailers().await.expect("the stream ends") {
            received.headers.extend(headers(&trailers));
        }
        received
    }
}

impl Connection {
    /// Sends the handshake of a WebSocket over HTTP/2: an extended `CONNECT` (RFC 8441), which
    /// stays open. Returns the status.
    ///
    /// # Panics
    /// Panics if the server does not enable the protocol within a second.
    pub async fn connect_websocket(&self, sent: &Request) -> u16 {
        let mut requests = self.0.clone().ready().await.expect("the connection is open");
        for _ in 0..100 {
            if requests.is_extended_connect_protocol_enabled() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let host = sent.headers.iter().find(|(name, _)| name == "host");
        let authority = host.map_or(&b"site.example"[..], |(_, host)| host);
        let uri = Uri::builder().scheme("http").authority(authority).path_and_query(&*sent.target);
        let mut request = http::Request::connect(uri.build().expect("the target is valid"))
            .extension(h2::ext::Protocol::from_static("websocket"));
        for (name, value) in sent.headers.iter().filter(|(name, _)| name != "host") {
            request = request.header(name, value.as_slice());
        }
        let request = request.body(()).expect("the request is valid");
        let (response, _stream) =
            requests.send_request(request, false).expect("the server has enabled the protocol");
        response.await.expect("a response arrives").status().as_u16()
    }
}

fn crumbs<'a>(name: &str, value: &'a [u8]) -> Vec<&'a [u8]> {
    if !name.eq_ignore_ascii_case("cookie") {
        return vec![value];
    }
    value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).collect()
}

/// Converts headers to those of a [`Response`].
#[must_use]
pub fn headers(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let pair = |(name, value): (&http::HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    headers.iter().map(pair).collect()
}
