//! [`Fetch`] over hyper, with the limits that a hostile server must not exceed. The test
//! `hostile_server_gets_the_verdict_of_each_row` checks them over sockets.

use std::{error::Error, fmt, io::Cursor, time::Duration};

use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, builderstates::WantsSchemes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::fetch::{Fetch, FetchRequest, FetchResponse, LimitedBody};

/// A client for `https` URLs, over hyper and rustls, with the certificate authorities of Mozilla
/// (webpki-roots).
///
/// It does not follow redirects, sends no `Accept-Encoding`, decompresses nothing, and uses no
/// proxy. A response head of more than 64 KiB and a body of more than [`LimitedBody::MAX`] are
/// errors, found while they are read. A connection must be open within 5 seconds. The whole time is
/// limited by the caller, such as [`RemoteJwks::timeout`](crate::RemoteJwks::timeout).
///
/// Implement [`Fetch`] yourself for a proxy or for other certificate authorities.
///
/// ```
/// use hallpass_remote::{HyperFetch, RemoteJwks};
///
/// let url = "https://login.example/.well-known/jwks.json";
/// let remote = RemoteJwks::new(url, HyperFetch::new()?);
/// # let _ = remote;
/// # Ok::<(), hallpass_remote::HyperFetchError>(())
/// ```
#[derive(Clone)]
pub struct HyperFetch(Client<HttpsConnector<HttpConnector>, Full<Cursor<Vec<u8>>>>);

impl HyperFetch {
    /// Creates a client for `https` URLs. A URL of another scheme is an error.
    ///
    /// # Errors
    /// The cryptography of this build has no protocol version of TLS.
    pub fn new() -> Result<Self, HyperFetchError> {
        Ok(Self::over(connector()?.https_only().enable_http1().wrap_connector(tcp())))
    }

    /// Creates a client for `https` and `http` URLs. A person who can change the traffic of an
    /// `http` URL chooses the keys, and with them the tokens that are accepted. Use it only for a
    /// server on the same machine.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn insecure_with_http() -> Result<Self, HyperFetchError> {
        Ok(Self::over(connector()?.https_or_http().enable_http1().wrap_connector(tcp())))
    }

    fn over(connector: HttpsConnector<HttpConnector>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            // A set is fetched every few minutes, so an idle connection has no use.
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(LONGEST_HEAD)
            .build(connector);
        Self(client)
    }
}

fn connector() -> Result<HttpsConnectorBuilder<WantsSchemes>, HyperFetchError> {
    HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::aws_lc_rs::default_provider())
        .map_err(|error| HyperFetchError(error.into()))
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    // The scheme is checked by the connector around this one.
    tcp.enforce_http(false);
    tcp
}

impl Fetch for HyperFetch {
    type Error = HyperFetchError;

    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, HyperFetchError> {
        let failed = |error: Box<dyn Error + Send + Sync>| HyperFetchError(error);
        let uri: Uri =
            request.url().parse().map_err(|error: http::uri::InvalidUri| failed(error.into()))?;
        let mut to_send = Request::builder().method(request.method()).uri(uri);
        for (name, value) in request.headers() {
            to_send = to_send.header(name, value);
        }
        let to_send = to_send
            .body(Full::new(Cursor::new(request.body().to_vec())))
            .map_err(|error| failed(error.into()))?;
        let response = self.0.request(to_send).await.map_err(|error| failed(error.into()))?;
        let (head, mut incoming) = response.into_parts();
        let mut body = LimitedBody::default();
        while let Some(frame) = incoming.frame().await {
            if let Ok(chunk) = frame.map_err(|error| failed(error.into()))?.into_data() {
                body.push(&chunk).map_err(|error| failed(error.into()))?;
            }
        }
        let mut fetched = FetchResponse::new(head.status.as_u16(), body);
        for (name, value) in &head.headers {
            // A value that is not text is not one that a caller reads.
            if let Ok(value) = value.to_str() {
                fetched = fetched.header(name.as_str(), value);
            }
        }
        Ok(fetched)
    }
}

impl fmt::Debug for HyperFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperFetch").finish_non_exhaustive()
    }
}

/// Why [`HyperFetch`] has no response. The reason is its source.
#[derive(Debug, thiserror::Error)]
#[error("no usable response was received")]
pub struct HyperFetchError(#[source] Box<dyn Error + Send + Sync>);

/// Maximum time for the address of the host, the TCP connection and its alternatives.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum length of a response head, in bytes. Servers send a few hundred.
const LONGEST_HEAD: usize = 64 * 1024;
