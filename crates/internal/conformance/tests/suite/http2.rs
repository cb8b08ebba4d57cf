//! An HTTP/2 client with prior knowledge, one connection for all rows.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use hallpass_conformance::{Received, Sent};
use http::{HeaderMap, HeaderValue, Request, Uri};
use tokio::net::TcpStream;

#[derive(Clone)]
pub(crate) struct Client(SendRequest<Bytes>);

impl Client {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server listens");
        let (client, connection) = h2::client::handshake(stream).await.expect("the server speaks HTTP/2");
        // `spawn_local` where the server lives on this thread, which `spawn` does as well on a runtime of one thread.
        tokio::spawn(async move { connection.await.expect("the connection holds") });
        Self(client)
    }

    pub(crate) async fn send(&self, sent: Sent) -> Received {
        let mut request = Request::builder().method(sent.method.as_str()).uri(absolute(&sent.target));
        for (name, value) in sent.headers.iter().filter(|(name, _)| name != "host") {
            let value = HeaderValue::from_bytes(value).expect("a header value");
            request = request.header(name.to_ascii_lowercase(), value);
        }
        let request = request.body(()).expect("a request");
        let mut client = self.0.clone().ready().await.expect("the connection holds");
        let (response, mut body) = client.send_request(request, sent.body.is_empty()).expect("a request");
        if !sent.body.is_empty() {
            body.send_data(sent.body.into(), true).expect("the body goes out");
        }
        let (head, mut stream) = response.await.expect("an answer").into_parts();
        let mut received =
            Received { status: head.status.as_u16(), headers: fields(&head.headers), ..Received::default() };
        while let Some(chunk) = stream.data().await {
            let chunk = chunk.expect("the body comes");
            stream.flow_control().release_capacity(chunk.len()).expect("capacity");
            received.body.extend_from_slice(&chunk);
        }
        if let Some(trailers) = stream.trailers().await.expect("the stream ends") {
            received.headers.extend(fields(&trailers));
        }
        received
    }
}

fn absolute(target: &str) -> Uri {
    Uri::builder().scheme("http").authority("site.example").path_and_query(target).build().expect("a target")
}

pub(crate) fn fields(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
