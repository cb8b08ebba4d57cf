//! The stores that no flow uses yet, on PostgreSQL: the suite, the races through two pools, and
//! facts that the traits do not expose.

use std::{str::FromStr, time::Duration};

use hallpass_accounts::{
    AccountId, ActivityStore, ConsumedStore, Outcome, OutcomeId, OutcomeKind, OutcomeStore,
};
use hallpass_sqlx::{PostgresStore, StoreErrorKind};
use hallpass_testkit::{
    store_suite::{
        activity, browser, consumed,
        fixture::{at, register},
        outcome,
    },
    test_store,
};
use sqlx::{Connection, PgConnection, PgPool, postgres::PgConnectOptions};

use super::{Schema, on_its_own_schema, two_on_one_schema};
use crate::without_flow::{COUNTS, write_one_of_each};

mod suite {
    use super::*;

    test_store! {
        #[tokio::test]
        #[ignore = "needs PostgreSQL: DATABASE_URL"]
        on_its_own_schema: activity browser browser_change consumed outcome
    }
}

/// Runs a race of the suite through two pools on one schema.
macro_rules! race {
    ($($module:ident::$race:ident($($rounds:literal)?);)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs PostgreSQL: DATABASE_URL"]
            async fn $race() {
                let schema = Schema::new().await;
                $module::$race(&two_on_one_schema(&schema).await $(, $rounds)?).await;
            }
        )+
    };
}

mod races {
    use super::*;

    race! {
        activity::the_limit_of_activity_holds_for_64_rows(5);
        browser::limits_of_browsers_hold_for_64_logins(3);
        browser::replaced_cookies_do_not_deadlock(10);
        consumed::of_64_uses_of_a_value_one_succeeds(50);
        outcome::concurrent_prunes_delete_each_outcome_once();
        outcome::of_64_replacements_one_is_inserted(50);
        outcome::of_64_submissions_one_is_inserted(50);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn deleted_account_leaves_consumed_values_only() {
    let schema = Schema::new().await;
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let mut tables = PgConnection::connect(&schema.url()).await.unwrap();
    let id = register(&store, "alice").await;
    write_one_of_each(&store, &id).await;
    let counts: String = sqlx::query_scalar(COUNTS).fetch_one(&mut tables).await.unwrap();
    assert_eq!(counts, "1 1 1 1");
    sqlx::query("DELETE FROM hallpass_accounts").execute(&mut tables).await.unwrap();
    let counts: String = sqlx::query_scalar(COUNTS).fetch_one(&mut tables).await.unwrap();
    assert_eq!(counts, "0 0 0 1");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn outcome_of_an_unknown_account_is_refused() {
    let store = on_its_own_schema().await;
    let outcome = Outcome::new(OutcomeId::from_bytes([1; 32]), OutcomeKind::LoggedIn, at(1), at(9))
        .with_account(AccountId::new("nobody"), 0);
    assert_eq!(store.put(&outcome).await.unwrap_err().kind(), StoreErrorKind::Refused);
    assert_eq!(OutcomeStore::find(&*store, &outcome.id, at(2)).await.unwrap(), None);
}

/// 100,000 rows per table, of which one in a hundred is over.
const ROWS: &str = "INSERT INTO hallpass_accounts \
     (id, username, username_key, password_hash, roles, created_at) \
     VALUES ('a', 'a', 'a', '!', '[]', 0); \
     INSERT INTO hallpass_outcomes (id, revoked_below, kind, at, keep_until) \
     SELECT sha256(n::text::bytea), 0, 'logged-in', 0, CASE n % 100 WHEN 0 THEN n ELSE 9e9 END \
     FROM generate_series(1, 100000) n; \
     INSERT INTO hallpass_consumed (purpose, hash, expires_at) \
     SELECT 'login-link', sha256(n::text::bytea), CASE n % 100 WHEN 0 THEN n ELSE 9e9 END \
     FROM generate_series(1, 100000) n; \
     INSERT INTO hallpass_activity (account_id, at, kind, browser, methods) \
     SELECT 'a', CASE n % 100 WHEN 0 THEN n ELSE 9e9 END, 'logged-in', '', '' \
     FROM generate_series(1, 100000) n; \
     ANALYZE hallpass_outcomes, hallpass_consumed, hallpass_activity";

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn prunes_read_no_whole_table() {
    let schema = Schema::new().await;
    // A plan that does not depend on the values, which PostgreSQL may use after five calls.
    let options = PgConnectOptions::from_str(&schema.url()).unwrap();
    let options = options.options([("plan_cache_mode", "force_generic_plan")]);
    // Building an index is a sequential scan. This connection reports it before the rows are there.
    PostgresStore::open(&schema.url()).await.unwrap().close().await;
    let store = PostgresStore::from_pool(PgPool::connect_with(options).await.unwrap());
    let mut tables = PgConnection::connect(&schema.url()).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut tables).await.unwrap();
    // A connection reports its scans when it closes, and once per second before.
    tables.close().await.unwrap();
    let mut tables = PgConnection::connect(&schema.url()).await.unwrap();
    let before = scans(&mut tables, schema.name(), 0).await;
    for _ in 0..10 {
        assert_eq!(OutcomeStore::prune(&store, at(0), 50).await.unwrap(), 50);
        assert_eq!(ConsumedStore::prune(&store, at(0), 50).await.unwrap(), 50);
        assert_eq!(ActivityStore::prune(&store, at(0), 50).await.unwrap(), 50);
    }
    store.close().await;
    let after = scans(&mut tables, schema.name(), before.1 + 30).await;
    assert_eq!(after.0, before.0, "sequential scans");
}

/// Returns the sequential scans and the index scans of the three tables, as soon as there are
/// `expected` index scans.
async fn scans(tables: &mut PgConnection, schema: &str, expected: i64) -> (i64, i64) {
    for _ in 0..200 {
        let (sequential, index): (i64, i64) = sqlx::query_as(
            "SELECT sum(seq_scan)::bigint, sum(idx_scan)::bigint FROM pg_stat_user_tables \
             WHERE schemaname = $1 \
             AND relname IN ('hallpass_outcomes', 'hallpass_consumed', 'hallpass_activity')",
        )
        .bind(schema)
        .fetch_one(&mut *tables)
        .await
        .unwrap();
        if index >= expected {
            return (sequential, index);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the statistics were not reported within 10 s");
}
