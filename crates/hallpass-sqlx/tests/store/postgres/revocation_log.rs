//! Revocations in overlapping transactions, and wake-ups of a node.

use std::time::Duration;

use hallpass_accounts::{
    AccountId, AdministrationStore, Cursor, Notifier, Revocation, RevocationLog,
};
use hallpass_sqlx::PostgresStore;
use hallpass_testkit::store_suite::fixture::{Reader, at, done, register, session_id, stale};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::timeout;

use super::{Schema, on_its_own_schema};

const END_A_SESSION: &str =
    "INSERT INTO hallpass_revocations (kind, session_id, at) VALUES ('session', $1, 1790000001)";

fn ended(number: u8) -> Revocation {
    Revocation::SessionEnded { session: session_id(number), at: at(1) }
}

/// Writes a row of the log in a transaction that stays open.
async fn open_transaction(
    connection: &mut PgConnection,
    number: u8,
) -> sqlx::Transaction<'_, sqlx::Postgres> {
    let mut transaction = connection.begin().await.unwrap();
    sqlx::query(END_A_SESSION)
        .bind(session_id(number).to_string())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_transaction_that_commits_late_is_not_skipped() {
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let (mut one, mut two) = (
        PgConnection::connect(&schema.url()).await.unwrap(),
        PgConnection::connect(&schema.url()).await.unwrap(),
    );
    let mut log = Reader::new(&store);

    // The first transaction has the lower number, and the second commits first.
    let first = open_transaction(&mut one, 1).await;
    let second = open_transaction(&mut two, 2).await;
    assert_eq!(log.read_new().await, []);
    second.commit().await.unwrap();
    assert_eq!(log.read_new().await, [ended(2)], "a committed row waits for no other transaction");
    first.commit().await.unwrap();
    assert_eq!(log.read_new().await, [ended(1)], "a cursor after its number would have skipped it");

    // A third transaction that is rolled back only leaves a gap.
    let third = open_transaction(&mut one, 3).await;
    let fourth = open_transaction(&mut two, 4).await;
    fourth.commit().await.unwrap();
    third.rollback().await.unwrap();
    assert_eq!(log.read_new().await, [ended(4)]);
    assert_eq!(Reader::new(&store).read_new().await.len(), 3);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn open_transaction_delays_no_other_revocation() {
    let store = on_its_own_schema().await;
    let other_tables = Schema::new().await;
    other_tables.run("CREATE TABLE import (row INT)".into()).await;
    let mut connection = PgConnection::connect(&other_tables.url()).await.unwrap();
    let mut long = connection.begin().await.unwrap();
    sqlx::query("INSERT INTO import VALUES (1)").execute(&mut *long).await.unwrap();

    let id = register(&*store, "alice").await;
    let mut log = Reader::new(&*store);
    // More final rows than one read returns.
    for number in 1..=1100 {
        done(store.set_roles(&id, &[], &[], None, at(number)).await.unwrap());
    }
    assert_eq!(log.read_new().await.len(), 1100);
    done(store.set_roles(&id, &[], &[], None, at(2000)).await.unwrap());
    assert_eq!(log.read_new().await, [stale(&id, 1101, at(2000))]);
    long.commit().await.unwrap();
    assert_eq!(log.read_new().await, []);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn rows_that_are_not_final_follow_all_final_rows() {
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let mut connection = PgConnection::connect(&schema.url()).await.unwrap();
    let id = register(&store, "alice").await;
    // More rows than one read returns, then a few that are not final because of an older
    // transaction.
    for number in 1..=1100 {
        done(store.set_roles(&id, &[], &[], None, at(number)).await.unwrap());
    }
    let older = open_transaction(&mut connection, 1).await;
    for number in 1101..=1110 {
        done(store.set_roles(&id, &[], &[], None, at(number)).await.unwrap());
    }
    let in_order: Vec<_> = (1..=1110).map(|number| stale(&id, number, at(number.into()))).collect();
    assert_eq!(Reader::new(&store).read_new().await, in_order);
    older.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn reader_misses_nothing_among_many_writers() {
    const WRITERS: u8 = 8;
    const EACH: u64 = 50;
    let store = on_its_own_schema().await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..WRITERS {
        let store = store.clone();
        let id = register(&store, &format!("user{number}")).await;
        writers.spawn(async move {
            for second in 0..EACH {
                done(store.set_roles(&id, &[], &[], None, at(second)).await.unwrap());
            }
        });
    }
    let mut log = Reader::new(&*store);
    let mut seen = Vec::new();
    while !writers.is_empty() {
        seen.extend(log.read_new().await);
        while writers.try_join_next().is_some() {}
    }
    seen.extend(log.read_new().await);
    for number in 0..WRITERS {
        let id = AccountId::new(format!("id-user{number}"));
        let of_one = seen.iter().filter(
            |change| matches!(change, Revocation::StaleBelow { account, .. } | Revocation::RevokedBelow { account, .. } if *account == id),
        );
        assert_eq!(of_one.count(), usize::try_from(EACH).unwrap(), "{id}");
    }
}

async fn is_woken(notifier: &mut impl Notifier) -> bool {
    match timeout(Duration::from_millis(500), notifier.notified()).await {
        Ok(news) => news.map(|()| true).unwrap(),
        Err(_) => false,
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn change_wakes_the_listener_at_its_commit() {
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let mut notifier = store.notifier();
    assert!(is_woken(&mut notifier).await, "connected: earlier changes must be read now");
    let mut one = PgConnection::connect(&schema.url()).await.unwrap();
    let change = open_transaction(&mut one, 1).await;
    // Other tests notify too, but not continuously for half a second.
    while is_woken(&mut notifier).await {
        assert_eq!(store.read_after(Cursor::START).await.unwrap().changes, []);
    }
    change.commit().await.unwrap();
    assert!(is_woken(&mut notifier).await);
    assert_eq!(store.read_after(Cursor::START).await.unwrap().changes, [ended(1)]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn listener_reports_a_killed_connection_and_reconnects() {
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let mut notifier = store.notifier();
    assert!(is_woken(&mut notifier).await);
    let admin = PgPool::connect(&schema.url()).await.unwrap();
    // A listener is identified by its last statement. Only those of this test's schema are killed.
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE query LIKE 'LISTEN%' AND application_name = $1";
    let name = "hallpass-test-killed-listener";
    let named =
        PostgresStore::open(&format!("{}&application_name={name}", schema.url())).await.unwrap();
    let mut notifier = named.notifier();
    assert!(is_woken(&mut notifier).await);
    assert_eq!(sqlx::query_scalar::<_, i64>(kill).bind(name).fetch_one(&admin).await.unwrap(), 1);
    let broken = loop {
        // Notifications of other tests may arrive first.
        match timeout(Duration::from_secs(5), notifier.notified()).await.unwrap() {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    assert!(broken.to_string().contains("cannot be reached"), "{broken}");
    assert!(is_woken(&mut notifier).await, "connected again");
    sqlx::query(END_A_SESSION).bind(session_id(1).to_string()).execute(&admin).await.unwrap();
    assert!(is_woken(&mut notifier).await);
}
