//! Opens a store from an address, and checks that the server runs the commands of the store.

use redis::{Client, IntoConnectionInfo, RedisError};

use crate::{
    check::Rejected,
    error::RedisStoreError,
    store::{PREFIX, RedisStore},
};

impl RedisStore {
    /// Connects to the server at `url`, for example `redis://127.0.0.1:6379`, and tries each
    /// command of the store on keys that begin with `hallpass:check:` and that it deletes.
    ///
    /// # TLS
    /// Requires the feature `tls`, and an address that begins with `rediss:`. The server's
    /// certificate must have the server's name, and be of an authority that Mozilla trusts. With
    /// `?ssl_ca_certs=/etc/site/ca.pem` only the authorities in that file are trusted.
    ///
    /// # Errors
    /// `url` is not a Redis address, no server responds, or the server rejects a command.
    /// [`RedisOpenError`] distinguishes these cases.
    pub async fn open(url: &str) -> Result<Self, RedisOpenError> {
        Self::open_with_prefix(url, PREFIX).await
    }

    /// Like [`open`](Self::open), but the names of all keys begin with `prefix` instead of
    /// `hallpass`. For a user of the server whose rules permit only keys with another prefix.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with_prefix(url: &str, prefix: &str) -> Result<Self, RedisOpenError> {
        let address = url.into_connection_info().map_err(|error| unreadable(url, error))?;
        let host = address.addr().to_string();
        // The driver sends its name and version otherwise, and a user without `+client` would fill
        // the server's ACL LOG.
        let settings = address.redis_settings().clone().set_skip_set_lib_name();
        let user = settings.username().unwrap_or("default").to_owned();
        let store = Self::to(client(url, address.set_redis_settings(settings))?, prefix);
        if let Err(source) = store.line.connect().await {
            return Err(RedisOpenError::Connect { host, source });
        }
        match store.try_commands().await {
            Ok(()) => Ok(store),
            Err(rejected) => Err(RedisOpenError::of(rejected, host, &user, store.prefix())),
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
    /// No server responds, or the server rejects this user or this database.
    #[error(
        "the Redis server at {host} cannot be reached: start it, or correct the host, user, password or database in its address"
    )]
    Connect {
        /// The server's host and port.
        host: String,
        /// The error of the server or the network.
        source: RedisStoreError,
    },
    /// The ACL rules of the server do not permit a command.
    #[error(
        "the Redis server at {host} does not permit {commands} on the keys of this site: run `{rule}` there"
    )]
    Permission {
        /// The server's host and port.
        host: String,
        /// The commands, separated by commas.
        commands: String,
        /// The command of the server that adds the missing rules.
        rule: String,
        /// The error of the server.
        source: RedisStoreError,
    },
    /// The server rejects a command for another reason. The source names it.
    #[error("the Redis server at {host} cannot be used, because it rejected {command}")]
    Rejected {
        /// The server's host and port.
        host: String,
        /// The command.
        command: &'static str,
        /// The error of the server.
        source: RedisStoreError,
    },
}

impl RedisOpenError {
    fn of(rejected: Rejected, host: String, user: &str, prefix: &str) -> Self {
        match rejected {
            Rejected::Permission(commands, source) => {
                let rules: String =
                    commands.iter().map(|name| format!("+{} ", name.to_lowercase())).collect();
                let rule = format!("ACL SETUSER {user} {rules}~{prefix}:*");
                Self::Permission { host, commands: commands.join(", "), rule, source }
            }
            Rejected::Command(_, source) if source.is_unavailable() => {
                Self::Connect { host, source }
            }
            Rejected::Command(command, source) => Self::Rejected { host, command, source },
        }
    }
}

/// A driver without TLS rejects the scheme of TLS as it rejects a misspelt one. Another crate may
/// have enabled the driver's TLS, so the feature of this crate alone does not decide.
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

/// The parameter of the address with the file of trusted authorities. redis-py has the same name.
#[cfg(feature = "tls")]
const AUTHORITIES: &str = "ssl_ca_certs";
