//! Opens a store from an address, and checks that the server responds.

use redis::{Client, IntoConnectionInfo, RedisError};

use crate::{error::RedisStoreError, store::RedisStore};

impl RedisStore {
    /// Connects to the server at `url`, for example `redis://127.0.0.1:6379`, and sends a `PING`.
    ///
    /// # TLS
    /// Requires the feature `tls`, and an address that begins with `rediss:`. The server's
    /// certificate must have the server's name, and be of an authority that Mozilla trusts. With
    /// `?ssl_ca_certs=/etc/site/ca.pem` only the authorities in that file are trusted.
    ///
    /// # Errors
    /// `url` is not a Redis address, or no server responds. [`RedisOpenError`] distinguishes these
    /// cases.
    pub async fn open(url: &str) -> Result<Self, RedisOpenError> {
        let address = url.into_connection_info().map_err(|error| unreadable(url, error))?;
        let host = address.addr().to_string();
        let store = Self::to(client(url, address)?);
        let there: Result<String, _> = store.line.ask(&redis::cmd("PING")).await;
        match there {
            Ok(_) => Ok(store),
            Err(source) => Err(RedisOpenError::Connect { host, source }),
        }
    }
}

/// The server could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisOpenError {
    /// The address is not a Redis address.
    #[error("the Redis address cannot be read: write for example redis://127.0.0.1:6379")]
    Address(#[source] RedisStoreError),
    /// The address requires TLS, which this build does not support.
    #[error(
        "the Redis address requires TLS, which this build does not support: build it with the feature `tls`"
    )]
    Tls(#[source] RedisStoreError),
    /// The file of authorities in the address cannot be read.
    #[error(
        "the certificates in {path} cannot be read: ssl_ca_certs in the Redis address must name a PEM file"
    )]
    Authorities {
        /// The file.
        path: String,
        /// The driver's error.
        source: RedisStoreError,
    },
    /// No server responds, or the server rejects this user.
    #[error(
        "the Redis server at {host} cannot be reached: start it, or correct the host, user or password in its address"
    )]
    Connect {
        /// The server's host and port.
        host: String,
        /// The error of the server or the network.
        source: RedisStoreError,
    },
}

/// Without TLS the driver rejects the scheme as it rejects a misspelt one. Another crate may have
/// enabled the driver's TLS, so the feature alone does not decide.
fn unreadable(url: &str, error: RedisError) -> RedisOpenError {
    let source = RedisStoreError::from_driver(error);
    match url.split_once(':') {
        Some(("rediss" | "valkeys", _)) if cfg!(not(feature = "tls")) => {
            RedisOpenError::Tls(source)
        }
        _ => RedisOpenError::Address(source),
    }
}

#[cfg(not(feature = "tls"))]
fn client(_url: &str, address: redis::ConnectionInfo) -> Result<Client, RedisOpenError> {
    Client::open(address)
        .map_err(|error| RedisOpenError::Address(RedisStoreError::from_driver(error)))
}

#[cfg(feature = "tls")]
fn client(url: &str, address: redis::ConnectionInfo) -> Result<Client, RedisOpenError> {
    use redis::TlsCertificates;

    if matches!(address.addr(), redis::ConnectionAddr::TcpTls { .. }) {
        // The driver uses the process's crypto provider. rustls selects one by its features, and
        // panics if two are enabled. If the application has set a provider already, it is kept.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let authorities = redis::parse_redis_url(url).and_then(|url| {
        url.query_pairs().find(|(key, _)| key == AUTHORITIES).map(|(_, path)| path.into_owned())
    });
    let Some(path) = authorities else {
        return Client::open(address)
            .map_err(|error| RedisOpenError::Address(RedisStoreError::from_driver(error)));
    };
    let trusting = std::fs::read(&path).map_err(RedisError::from).and_then(|pem| {
        Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert: Some(pem) })
    });
    trusting.map_err(|error| RedisOpenError::Authorities {
        path,
        source: RedisStoreError::from_driver(error),
    })
}

/// The name that redis-py uses.
#[cfg(feature = "tls")]
const AUTHORITIES: &str = "ssl_ca_certs";
