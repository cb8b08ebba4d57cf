//! TLS to the server: the connection has the TLS that its address requires, or opening fails.
//! `.ci/with_tls` starts such a server.

/// Tests of the trusted authorities and of the server's name.
#[cfg(feature = "tls")]
mod over_tls {
    use std::{error::Error, time::Duration};

    use hallpass_accounts::{AdministrationStore, CommandOutcome, Notifier, RevocationLog};
    use hallpass_core::UnixTime;
    use hallpass_sqlx::{PostgresStore, StoreOpenError};
    use hallpass_testkit::store_suite::fixture::register;
    use sqlx::{Connection, PgConnection};
    use tokio::time::timeout;

    /// Returns the server's address, with `localhost` as its host, and the authority of its
    /// certificate.
    fn server() -> (String, String) {
        (std::env::var("TLS_DATABASE_URL").unwrap(), std::env::var("TLS_CA").unwrap())
    }

    #[tokio::test]
    #[ignore = "needs a PostgreSQL with TLS: .ci/with_tls"]
    async fn store_and_listener_connect_to_a_verified_server() {
        let (server, authority) = server();
        let url = format!("{server}?sslmode=verify-full&sslrootcert={authority}");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let encrypted = sqlx::query_scalar::<_, bool>(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        );
        assert!(
            encrypted.fetch_one(&mut connection).await.unwrap(),
            "the server must be one with TLS"
        );

        let store = PostgresStore::open(&url).await.unwrap();
        let id = register(&store, "alice").await;
        let mut notifier = store.notifier();
        notifier.notified().await.unwrap(); // connected
        let at = UnixTime::from_secs(1_790_000_000);
        let change = store.set_roles(&id, &["admin".to_owned()], &[], None, at).await.unwrap();
        assert!(matches!(change, CommandOutcome::Done(_)), "{change:?}");
        timeout(Duration::from_secs(1), notifier.notified())
            .await
            .expect("no notification was received")
            .unwrap();
    }

    #[tokio::test]
    #[ignore = "needs a PostgreSQL with TLS: .ci/with_tls"]
    async fn unverified_server_is_rejected() {
        let (server, authority) = server();
        let elsewhere = server.replace("localhost", "127.0.0.1");
        for (url, cause) in [
            (format!("{server}?sslmode=verify-full"), "UnknownIssuer"),
            (format!("{server}?sslmode=verify-ca"), "UnknownIssuer"),
            (format!("{elsewhere}?sslmode=verify-full&sslrootcert={authority}"), "NotValidForName"),
            (format!("{server}?sslmode=disable"), "no encryption"),
        ] {
            let error = PostgresStore::open(&url).await.unwrap_err();
            assert!(matches!(error, StoreOpenError::Connect { .. }), "{url}: {error:?}");
            let said = format!("{:?}", error.source().unwrap());
            assert!(said.contains(cause), "{url}: {said}");
        }
        for weaker in [
            format!("{elsewhere}?sslmode=verify-ca&sslrootcert={authority}"),
            format!("{server}?sslmode=require"),
        ] {
            PostgresStore::open(&weaker).await.unwrap();
        }
    }
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn build_without_tls_returns_the_tls_error() {
    use hallpass_sqlx::{PostgresStore, StoreOpenError};

    // A listener is there, but nothing is sent to it.
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    for mode in ["require", "verify-ca", "verify-full"] {
        let error =
            PostgresStore::open(&format!("postgres://site@127.0.0.1:{port}/site?sslmode={mode}"))
                .await
                .unwrap_err();
        assert!(matches!(error, StoreOpenError::Tls { .. }), "{error:?}");
        assert!(error.to_string().contains("build it with the feature `tls`"), "{error}");
    }
}
