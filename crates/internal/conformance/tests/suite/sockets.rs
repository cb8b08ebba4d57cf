//! Sends the table over sockets: HTTP/1.1 with one connection per request, HTTP/2 with one
//! connection for all requests.

use std::net::SocketAddr;

use hallpass_conformance::{Received, Sent};
use hallpass_test_support::http::{self, http2};

/// Sends a request over HTTP/1.1.
pub(crate) async fn http1(server: SocketAddr, sent: &Sent) -> Received {
    http::send(server, sent).await.into()
}

/// An HTTP/2 connection.
#[derive(Clone)]
pub(crate) struct Http2(http2::Connection);

impl Http2 {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        Self(http2::Connection::open(server).await)
    }

    pub(crate) async fn send(&self, sent: Sent) -> Received {
        self.0.send(&sent).await.into()
    }
}
