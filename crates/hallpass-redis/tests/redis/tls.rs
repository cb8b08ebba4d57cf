//! TLS to the server: the connection has the TLS that its address requires, or opening fails.
//! `.ci/with_tls` starts such a server.

/// Tests of the trusted authorities and of the server's name.
#[cfg(feature = "tls")]
mod over_tls {
    use std::{error::Error, time::Duration};

    use hallpass_accounts::{
        AccountId, AttemptOutcome, Notifier, RateLimit, RateLimitStore, Revocation, RevocationLog,
    };
    use hallpass_core::UnixTime;
    use hallpass_redis::{RedisOpenError, RedisStore};
    use tokio::time::timeout;

    /// Returns the server's address, with `localhost` as its host, and the authority of its
    /// certificate.
    fn server() -> (String, String) {
        (std::env::var("TLS_REDIS_URL").unwrap(), std::env::var("TLS_CA").unwrap())
    }

    #[tokio::test]
    #[ignore = "needs a Redis with TLS: .ci/with_tls"]
    async fn store_and_follower_connect_to_a_verified_server() {
        let (server, authority) = server();
        assert!(server.starts_with("rediss:"));
        let store = RedisStore::open(&format!("{server}?ssl_ca_certs={authority}")).await.unwrap();
        let now = UnixTime::from_secs(1_790_000_000);
        let policy = RateLimit::new(3, Duration::from_secs(30));
        assert_eq!(store.try_take("alice", &policy, now).await.unwrap(), AttemptOutcome::Allowed);
        let mut notifier = store.notifier();
        notifier.notified().await.unwrap(); // connected
        let change = Revocation::RevokedBelow {
            account: AccountId::new("alice"),
            number: 2,
            disabled: false,
            at: now,
        };
        store.publish(&change).await.unwrap();
        timeout(Duration::from_secs(1), notifier.notified())
            .await
            .expect("no notification was received")
            .unwrap();
    }

    #[tokio::test]
    #[ignore = "needs a Redis with TLS: .ci/with_tls"]
    async fn unverified_server_is_rejected() {
        let (server, authority) = server();
        let elsewhere = server.replace("localhost", "127.0.0.1");
        for (url, cause) in [
            (server.clone(), "UnknownIssuer"),
            (format!("{elsewhere}?ssl_ca_certs={authority}"), "not valid for name"),
            (format!("{server}/#insecure"), "Cannot create insecure client"),
        ] {
            let error = RedisStore::open(&url).await.unwrap_err();
            assert!(matches!(error, RedisOpenError::Connect { .. }), "{url}: {error:?}");
            let said = format!("{:?}", error.source().unwrap());
            assert!(said.contains(cause), "{url}: {said}");
        }
    }

    #[tokio::test]
    async fn unreadable_authorities_fail_at_the_start() {
        for url in [
            "rediss://127.0.0.1:1?ssl_ca_certs=/nowhere/ca.pem",
            // An address that names authorities requires TLS.
            concat!("redis://127.0.0.1:1?ssl_ca_certs=", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ] {
            let error = RedisStore::open(url).await.unwrap_err();
            assert!(matches!(error, RedisOpenError::Authorities { .. }), "{url}: {error:?}");
            assert!(error.to_string().contains("ssl_ca_certs"), "{error}");
        }
    }
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn build_without_tls_returns_the_tls_error() {
    use hallpass_redis::{RedisOpenError, RedisStore};

    for url in ["rediss://cache.example:6379", "valkeys://cache.example:6379"] {
        let error = RedisStore::open(url).await.unwrap_err();
        assert!(matches!(error, RedisOpenError::Tls(_)), "{error:?}");
        assert!(error.to_string().contains("build it with the feature `tls`"), "{error}");
    }
}
