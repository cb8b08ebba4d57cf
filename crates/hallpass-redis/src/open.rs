//! From an address to a server that answers.

use redis::{Client, IntoConnectionInfo, RedisError};

use crate::{error::RedisStoreError, store::RedisStore};

impl RedisStore {
    /// Connects to the server that `url` names, `redis://127.0.0.1:6379` say, and asks whether it
    /// is there.
    ///
    /// # TLS
    /// With the feature `tls`, to an address that begins with `rediss:`. The server's certificate
    /// must be of its name, and of an authority that Mozilla trusts, or one of those in the
    /// file that `?ssl_ca_certs=/etc/site/ca.pem` names, and then of no other.
    ///
    /// # Errors
    /// `url` is no Redis address, or nobody answers there. [`RedisOpenError`] says which.
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
    /// The address is none of Redis.
    #[error("the Redis address cannot be read: write for example redis://127.0.0.1:6379")]
    Address(#[source] RedisStoreError),
    /// The address asks for TLS, and this build has none.
    #[error(
        "the Redis address asks for TLS, which this build leaves out: build it with the feature `tls`"
    )]
    Tls(#[source] RedisStoreError),
    /// The file of authorities that the address names cannot be read.
    #[error(
        "the certificates in {path} cannot be read: ssl_ca_certs in the Redis address must name a PEM file"
    )]
    Authorities {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: RedisStoreError,
    },
    /// Nobody answers there, or this user may not come in.
    #[error(
        "the Redis server at {host} cannot be reached: start it, or mend host, user or password in its address"
    )]
    Connect {
        /// The server's host and port.
        host: String,
        /// What the server or the network said.
        source: RedisStoreError,
    },
}

/// The driver, without TLS, refuses the scheme as it would a misspelt one. Another crate may have
/// turned TLS on: so it is asked, not the feature.
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
        // The driver takes the process's provider, which rustls chooses by its features, with a
        // panic where they name two. An application that has chosen already keeps its
        // choice.
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

/// As redis-py has it.
#[cfg(feature = "tls")]
const AUTHORITIES: &str = "ssl_ca_certs";
