//! The cost of a node for the server: its connections, and the reads of its revocation log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use hallpass::store::{
    Cursor, Notifier, PostgresStore, Revocation, RevocationLog, RevocationPage, StoreError,
};
use hallpass::{AccountId, Hallpass, UnixTime};
use hallpass_test_support::postgres::Database;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tokio::time::{interval, sleep};

use super::{fifty_logins, node, registered, until_rejected};
use crate::{scratch::Scratch, site::SiteRole};

/// Returns the number of connections of a node.
async fn connections(database: &mut PgConnection, name: &str) -> i64 {
    let count = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE application_name = '{name}' AND datname = current_database()"
    );
    database.fetch_one(sqlx::raw_sql(AssertSqlSafe(count))).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn idle_node_has_two_connections() {
    let (database, scratch) = (Database::new(), Scratch::new());
    let mut watch = PgConnection::connect(&database.url()).await.unwrap();
    let named = |name: &str| format!("{}&application_name={name}", database.url());
    let one = node(&named("one"), &scratch).await;
    // The name by default.
    let other = node(&database.url(), &scratch).await;
    let logins = tokio::spawn({
        let (one, other) = (one.clone(), other.clone());
        async move { fifty_logins([&one, &other]).await }
    });
    let mut most = 0;
    while !logins.is_finished() {
        most = most.max(connections(&mut watch, "one").await);
        sleep(Duration::from_millis(5)).await;
    }
    let took = logins.await.unwrap();
    println!("50 logins in {took:?}, at most {most} connections of a node");
    assert!((3..=8).contains(&most), "{most}");

    let start = Instant::now();
    let mut idle = Duration::ZERO;
    while idle.is_zero() {
        assert!(start.elapsed() < Duration::from_secs(25), "the nodes keep their connections");
        sleep(Duration::from_millis(100)).await;
        let found = connections(&mut watch, "one").await;
        if found.max(connections(&mut watch, "hallpass").await) <= 2 {
            idle = start.elapsed();
        }
    }
    println!("two connections after {idle:?}");
    // It stays so, over the change of the connection that listens, which lives for a minute.
    let seconds = std::env::var("IDLE_SECONDS").map_or(3, |seconds| seconds.parse().unwrap());
    sleep(Duration::from_secs(1)).await;
    for _ in 0..seconds * 20 {
        for name in ["one", "hallpass"] {
            let found = connections(&mut watch, name).await;
            assert!((1..=2).contains(&found), "{found} connections of {name}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// The log of a store, with the number of its reads.
#[derive(Clone)]
struct Counted {
    store: PostgresStore,
    reads: Arc<AtomicU32>,
}

impl RevocationLog for Counted {
    type Error = StoreError;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.store.read_after(cursor).await
    }

    async fn purge_before(&self, before: UnixTime) -> Result<(), StoreError> {
        self.store.purge_before(before).await
    }

    fn notifier(&self) -> impl Notifier {
        self.store.notifier()
    }

    async fn publish(&self, change: &Revocation) -> Result<(), StoreError> {
        self.store.publish(change).await
    }

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        RevocationLog::database_id(&self.store).await
    }
}

/// Makes 560 changes, 140 per second. Each of them is pushed to each node.
async fn fleet(url: String) {
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // The disk of the test server would limit the rate.
    connection.execute(sqlx::raw_sql("SET synchronous_commit = off")).await.unwrap();
    let mut ticks = interval(Duration::from_micros(7143));
    for change in 0..560 {
        ticks.tick().await;
        let end = format!(
            "INSERT INTO hallpass_revocations (kind, account_id, number, at) \
             VALUES ('stale', 'fleet-{change}', 1, extract(epoch FROM now())::bigint)"
        );
        connection.execute(sqlx::raw_sql(AssertSqlSafe(end))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn many_changes_cause_20_reads_per_second() {
    let (database, scratch) = (Database::new(), Scratch::new());
    let writer = node(&database.url(), &scratch).await;
    let store = PostgresStore::open(&database.url()).await.unwrap();
    let reads = Arc::new(AtomicU32::new(0));
    let reader = Hallpass::<SiteRole>::builder(store.clone())
        .everything()
        .revocation_log_in(Counted { store, reads: reads.clone() })
        .key_file(scratch.path("keys.json"))
        .start()
        .await
        .unwrap();
    let mut people = Vec::new();
    for number in 0..5 {
        people.push(registered(&writer, &format!("user{number}")).await);
    }
    sleep(Duration::from_secs(1)).await;

    let (start, before) = (Instant::now(), reads.load(Ordering::SeqCst));
    let fleet = tokio::spawn(fleet(database.url()));
    let mut times = Vec::new();
    for person in &people {
        sleep(Duration::from_millis(700)).await;
        let id = AccountId::new(person.user.id.clone());
        writer.log_out_everywhere(&id).await.unwrap();
        times.push(until_rejected(&reader, person.access.as_str()).await);
    }
    fleet.await.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let per_second = f64::from(reads.load(Ordering::SeqCst) - before) / seconds;
    println!(
        "{:.0} changes/s: {per_second:.1} reads/s, a revocation in {times:?}",
        560.0 / seconds
    );
    assert!(560.0 / seconds > 60.0, "the test made too few changes: {seconds} s");
    assert!(per_second <= 21.0, "{per_second}");
    times.sort();
    assert!(times[2] < Duration::from_millis(250), "{times:?}");
}
