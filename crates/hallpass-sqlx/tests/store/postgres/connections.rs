//! Connections that do not become free: the error names the cause, and the counts of the pool.

use std::time::{Duration, Instant};

use hallpass_accounts::{AccountId, AccountStore, RevocationLog, SessionStore, StoreConnections};
use hallpass_core::UnixTime;
use hallpass_sqlx::{PostgresStore, StoreErrorKind};
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::Schema;
use crate::every_write::chain;

const STORE_TIMEOUT: Duration = Duration::from_millis(1500);

/// A user of the server who may have one connection. Removed with the value.
struct Limited {
    name: String,
    options: PgConnectOptions,
    schema: Schema,
}

impl Limited {
    async fn new() -> Self {
        let schema = Schema::new().await;
        let name = format!("{}_limited", schema.name());
        schema.run(format!("CREATE ROLE {name} LOGIN PASSWORD 'limited' CONNECTION LIMIT 1")).await;
        let options: PgConnectOptions = schema.url().parse().unwrap();
        let options = options.username(&name).password("limited");
        Self { name, options, schema }
    }

    async fn remove(self) {
        self.schema.run(format!("DROP ROLE {}", self.name)).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn too_many_clients_is_named_as_the_cause() {
    let limited = Limited::new().await;
    let holder = PgConnection::connect_with(&limited.options).await.unwrap();
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(1));
    let store = PostgresStore::from_pool(pool.connect_lazy_with(limited.options.clone()));

    let start = Instant::now();
    let nobody = AccountId::new("nobody");
    let then = UnixTime::from_secs(0);
    let (read, change, begin) = tokio::join!(
        store.by_id(&nobody),
        SessionStore::prune(&store, then, 1),
        store.end_all(&nobody, None, then),
    );
    assert!(start.elapsed() < STORE_TIMEOUT, "{:?}", start.elapsed());
    for error in [read.map(drop), change.map(drop), begin.map(drop)].map(Result::unwrap_err) {
        let chain = chain(&error);
        assert_eq!(error.kind(), StoreErrorKind::TooManyClients, "{chain}");
        assert_eq!(chain.matches("too many connections for role").count(), 1, "{chain}");
    }
    let opened =
        PostgresStore::open_existing(limited.options.to_url_lossy().as_str()).await.unwrap_err();
    let opened = chain(&opened);
    assert!(opened.contains("too many connections for role"), "{opened}");

    holder.close().await.unwrap();
    let error = store.by_id(&nobody).await.unwrap_err();
    assert_ne!(error.kind(), StoreErrorKind::TooManyClients, "{}", chain(&error));
    store.close().await;
    limited.remove().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_pool_in_use_is_named_and_counted() {
    let schema = Schema::new().await;
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(1));
    let pool = pool.connect(&schema.url()).await.unwrap();
    let store = PostgresStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    let held = pool.acquire().await.unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.by_id(&AccountId::new("nobody")).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let busy = StoreConnections { open: 1, idle: 0, waiting: 1 };
    assert_eq!(store.connections(), Some(busy));
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NoConnection);
    let chain = chain(&error);
    assert!(chain.contains("all 1 connections of this process are used"), "{chain}");
    drop(held);
    assert!(store.by_id(&AccountId::new("nobody")).await.unwrap().is_none());
    assert_eq!(store.connections().map(|now| now.waiting), Some(0));
}
