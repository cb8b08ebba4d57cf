//! An HTTP/2 client with prior knowledge (RFC 9113 section 3.3): one connection, many requests.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, HeaderValue, Uri};
use tokio::net::TcpStream;

use super::{Request, Response};

/// A connection. Its clones send over the same one.
#[derive(Clone, Debug)]
pub struct Connection(SendRequest<Bytes>);

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// Nobody listens there, or not for HTTP/2.
    pub async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server listens");
        let (requests, connection) =
            h2::client::handshake(stream).await.expect("the server answers in HTTP/2");
        tokio::spawn(async move { connection.await.expect("the connection holds") });
        Self(requests)
    }

    /// Sends a request and returns the response.
    ///
    /// The host becomes the authority, and each cookie a header of its own, as HTTP/2 clients do
    /// (RFC 9113 section 8.2.3).
    ///
    /// # Panics
    /// The request is not valid in HTTP/2, or the connection breaks.
    pub async fn send(&self, sent: &Request) -> Response {
        let host = sent.headers.iter().find(|(name, _)| name == "host");
        let authority = host.map_or(&b"site.example"[..], |(_, host)| host);
        let uri = Uri::builder().scheme("http").authority(authority).path_and_query(&*sent.target);
        let uri = uri.build().expect("a target");
        let mut request = http::Request::builder().method(sent.method.as_str()).uri(uri);
        for (name, value) in sent.headers.iter().filter(|(name, _)| name != "host") {
            for value in crumbs(name, value) {
                let value = HeaderValue::from_bytes(value).expect("a header value");
                request = request.header(name.to_ascii_lowercase(), value);
            }
        }
        let request = request.body(()).expect("a request");
        let mut requests = self.0.clone().ready().await.expect("the connection holds");
        let (response, mut body) =
            requests.send_request(request, sent.body.is_empty()).expect("a request");
        if !sent.body.is_empty() {
            body.send_data(sent.body.clone().into(), true).expect("the server takes the body");
        }
        let (head, mut stream) = response.await.expect("a response").into_parts();
        let mut received = Response {
            status: head.status.as_u16(),
            headers: headers(&head.headers),
            body: Vec::new(),
        };
        while let Some(chunk) = stream.data().await {
            let chunk = chunk.expect("the body arrives");
            stream.flow_control().release_capacity(chunk.len()).expect("capacity");
            received.body.extend_from_slice(&chunk);
        }
        if let Some(trailers) = stream.trailers().await.expect("the stream ends") {
            received.headers.extend(headers(&trailers));
        }
        received
    }
}

fn crumbs<'a>(name: &str, value: &'a [u8]) -> Vec<&'a [u8]> {
    if !name.eq_ignore_ascii_case("cookie") {
        return vec![value];
    }
    value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).collect()
}

/// Headers as a [`Response`] has them.
#[must_use]
pub fn headers(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let pair = |(name, value): (&http::HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    headers.iter().map(pair).collect()
}
