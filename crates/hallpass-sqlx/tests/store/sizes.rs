//! Measures the bytes of a row with its indexes, for docs/many-nodes.md.
//!
//! `cargo test -p hallpass-sqlx --features postgres --test store sizes -- --ignored --nocapture`,
//! with `DATABASE_URL`.

use std::time::Duration;

use hallpass_accounts::{
    AccountId, AdministrationStore, NewAccount, NewSession, RefreshChain, RefreshHash,
    RefreshOutcome, RefreshTokenStore, RegistrationOutcome, RegistrationStore, Rotation, SessionId,
    SessionStore,
};
use hallpass_core::Methods;
use hallpass_sqlx::SqliteStore;
use hallpass_testkit::store_suite::fixture::{at, done, name, opened};
use sqlx::{ConnectOptions, Row, sqlite::SqliteConnectOptions};

use crate::scratch::Scratch;

const ACCOUNTS: u128 = 2000;

/// Returns numbers in random order, as real ids are.
fn random(number: u128) -> u128 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn account(number: u128) -> AccountId {
    AccountId::new(format!("{:032x}", random(number)))
}

fn refresh(number: u128) -> RefreshHash {
    let half = random(number).to_be_bytes();
    RefreshHash::from_bytes([half, half].concat().try_into().unwrap())
}

async fn accounts<S: RegistrationStore>(store: &S) {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    for number in 0..ACCOUNTS {
        let roles = vec!["guest".to_owned()];
        let new = NewAccount::new(
            account(number),
            name(&format!("somebody{number}")),
            hash.into(),
            roles,
            at(0),
        );
        assert!(matches!(store.create(new).await.unwrap(), RegistrationOutcome::Created(_)));
    }
}

/// Two sessions per account, each refreshed once.
async fn sessions<S: SessionStore + RefreshTokenStore>(store: &S) {
    for number in 0..2 * ACCOUNTS {
        let id = SessionId::from_random(random(ACCOUNTS + number).to_be_bytes());
        let refresh_chain = RefreshChain::new(
            refresh(number),
            at(5000),
            Methods::PASSWORD | Methods::ONE_TIME_CODE,
        );
        let new = NewSession::new(
            id,
            account(number / 2),
            0,
            "Firefox on Linux".into(),
            at(10),
            at(9000),
        );
        opened(store.open(new.with_refresh_chain(Some(refresh_chain))).await.unwrap());
        let (idle, grace) = (Duration::from_secs(5000), Duration::from_secs(30));
        let rotation =
            Rotation::new(refresh(number), refresh(2 * ACCOUNTS + number), at(900), idle, grace);
        assert!(matches!(
            store.refresh(&id, &rotation).await.unwrap(),
            RefreshOutcome::Consumed(_)
        ));
    }
}

async fn revocations<S: AdministrationStore>(store: &S) {
    for number in 0..ACCOUNTS {
        done(
            store
                .set_roles(&account(number), &["admin".to_owned()], &[], None, at(1000))
                .await
                .unwrap(),
        );
    }
}

#[tokio::test]
#[ignore = "a measurement, of seconds"]
async fn on_sqlite() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let size = async || {
        let mut file =
            SqliteConnectOptions::new().filename(scratch.path("site.db")).connect().await.unwrap();
        let row =
            sqlx::query("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
        u128::try_from(row.fetch_one(&mut file).await.unwrap().get::<i64, _>(0)).unwrap()
    };
    let empty = size().await;
    accounts(&store).await;
    let with_accounts = size().await;
    sessions(&store).await;
    let with_sessions = size().await;
    revocations(&store).await;
    println!(
        "SQLite, bytes: an account {}, a session {}, a revocation {}",
        (with_accounts - empty) / ACCOUNTS,
        (with_sessions - with_accounts) / (2 * ACCOUNTS),
        (size().await - with_sessions) / ACCOUNTS
    );
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn on_postgres() {
    use hallpass_sqlx::PostgresStore;
    use sqlx::{AssertSqlSafe, Connection, PgConnection};

    let schema = crate::postgres::Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    accounts(&store).await;
    sessions(&store).await;
    revocations(&store).await;
    let mut connection = PgConnection::connect(&schema.url()).await.unwrap();
    // Every update leaves a dead row until the next vacuum, which the server runs by itself.
    for (table, rows) in
        [("accounts", ACCOUNTS), ("sessions", 2 * ACCOUNTS), ("revocations", ACCOUNTS)]
    {
        let size = format!("SELECT pg_total_relation_size('hallpass_{table}')");
        let found: i64 = sqlx::query_scalar(AssertSqlSafe(size.clone()))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let vacuum = format!("VACUUM FULL hallpass_{table}");
        sqlx::query(AssertSqlSafe(vacuum)).execute(&mut connection).await.unwrap();
        let packed: i64 =
            sqlx::query_scalar(AssertSqlSafe(size)).fetch_one(&mut connection).await.unwrap();
        let each = |size| u128::try_from(size).unwrap() / rows;
        println!(
            "PostgreSQL, bytes per row of hallpass_{table}: {} as written, {} packed",
            each(found),
            each(packed)
        );
    }
}
