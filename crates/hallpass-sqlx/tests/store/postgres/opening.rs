//! Opening and migrating.

use std::error::Error;

use hallpass_sqlx::{PostgresStore, SqlStore, StoreErrorKind, StoreOpenError};
use hallpass_testkit::store_suite::fixture::register;
use sqlx::{PgPool, Row};
use tokio::task::JoinSet;

use super::Schema;

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn many_may_start_concurrently_on_an_empty_schema() {
    let schema = Schema::new().await;
    let mut starts = JoinSet::new();
    for _ in 0..8 {
        let url = schema.url();
        starts.spawn(async move { PostgresStore::open(&url).await.map(drop) });
    }
    for started in starts.join_all().await {
        started.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn own_pool_keeps_the_tables_of_the_application() {
    let schema = Schema::new().await;
    schema
        .run("CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY); CREATE TABLE accounts (id INT)".into())
        .await;
    let pool = PgPool::connect(&schema.url()).await.unwrap();
    let store = PostgresStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    register(&store, "alice").await;
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
    for row in sqlx::query(tables).fetch_all(&pool).await.unwrap() {
        let name: String = row.get(0);
        assert!(
            ["_sqlx_migrations", "accounts"].contains(&name.as_str())
                || name.starts_with("hallpass_"),
            "{name}"
        );
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn older_version_rejects_a_newer_database() {
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    schema.run("INSERT INTO hallpass_migrations VALUES (999, 'newer')".into()).await;
    let error = store.migrate().await.unwrap_err().to_string();
    assert!(
        error.contains("schema step 999") && error.contains("start a newer version"),
        "{error}"
    );
}

#[tokio::test]
async fn open_errors_name_the_fix_and_no_password() {
    for (url, expected) in [
        ("sqlite://site.db", "write for example postgres://site@localhost/site"),
        ("postgres://site@localhost:port/site", "write for example postgres://site@localhost/site"),
        (
            "postgres://site:hunter2@127.0.0.1:1/site",
            "the database site at 127.0.0.1:1 cannot be reached: start the server",
        ),
    ] {
        let error = PostgresStore::open(url).await.unwrap_err();
        let (sentence, cause) =
            (error.to_string(), error.source().map(ToString::to_string).unwrap_or_default());
        assert!(sentence.contains(expected), "{url}: {sentence}");
        assert!(!format!("{sentence}{cause}{error:?}").contains("hunter2"), "{error:?}");
        assert_eq!(error.source().is_none(), matches!(error, StoreOpenError::Scheme { .. }));
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn row_that_violates_a_constraint_is_rejected() {
    use hallpass_accounts::AdministrationStore;
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let id = register(&store, "alice").await;
    schema.run("UPDATE hallpass_account_state SET stale_below = 4294967295".into()).await;
    let error = store
        .set_roles(&id, &["admin".to_owned()], &[], None, hallpass_core::UnixTime::from_secs(1))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        StoreErrorKind::Refused,
        "to wrap around would revive every old token"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn open_existing_changes_no_table() {
    let schema = Schema::new().await;
    let store = SqlStore::open_existing(&schema.url()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.schema().await.unwrap().found, 0);
    }
    assert!(store.try_write().await.is_err(), "there is no table to write to");
    store.migrate().await.unwrap();
    let step = store.schema().await.unwrap();
    assert_eq!(step.found, step.latest);
    store.try_write().await.unwrap();
    let location = store.location();
    assert!(location.contains(" at ") && !location.contains('@'), "{location}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn stored_accounts_contain_the_rows_that_cannot_be_read() {
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    for name in ["alice", "bob", "carol"] {
        register(&store, name).await;
    }
    schema
        .run("UPDATE hallpass_accounts SET roles = '[1]' WHERE username_key = 'bob'".into())
        .await;
    let store = SqlStore::Postgres(store);
    let rows = store.stored_accounts("", 10).await.unwrap();
    let read: Vec<_> = rows.iter().map(|row| (&*row.key, row.account.is_ok())).collect();
    assert_eq!(read, [("alice", true), ("bob", false), ("carol", true)]);
    let roles = store.stored_roles().await.unwrap();
    let counts: Vec<_> = roles.iter().map(|row| (row.roles.is_ok(), row.accounts)).collect();
    assert!(counts.contains(&(true, 2)) && counts.contains(&(false, 1)), "{counts:?}");
    assert_eq!(store.revocation_log_size().await.unwrap().entries, 0);
}
