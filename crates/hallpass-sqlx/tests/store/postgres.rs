//! The PostgreSQL store on a real server: the suite, the races through two pools, and tests that
//! only PostgreSQL needs.
//!
//! Each test has a schema of its own in the database of `DATABASE_URL`, and drops it afterwards.

mod connections;
mod opening;
mod revocation_log;
mod tls;
mod without_flow;

use std::{ops::Deref, str::FromStr, sync::Arc, time::Duration};

use hallpass_sqlx::PostgresStore;
use hallpass_testkit::{
    store_suite::{password::reset, races},
    test_store,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::dropped;
pub(crate) use hallpass_test_support::postgres::Schema;
use hallpass_test_support::{pgbouncer::PgBouncer, postgres::Database};

/// A store and its schema, which is dropped with it.
struct OnItsOwnSchema {
    store: PostgresStore,
    _schema: Schema,
}

impl Deref for OnItsOwnSchema {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

async fn on_its_own_schema() -> OnItsOwnSchema {
    let schema = Schema::new().await;
    OnItsOwnSchema { store: PostgresStore::open(&schema.url()).await.unwrap(), _schema: schema }
}

/// A store behind a PgBouncer in transaction mode, and its database, which is dropped with it.
/// PgBouncer does not pass a schema on.
struct BehindPgBouncer {
    store: PostgresStore,
    _pooler: PgBouncer,
    _database: Database,
}

impl Deref for BehindPgBouncer {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

async fn behind_pgbouncer() -> BehindPgBouncer {
    let (pooler, database) = (PgBouncer::start("transaction", 3, ""), Database::new());
    let url = format!("{}&pooler=transaction", pooler.url(database.name()));
    let store = PostgresStore::open(&url).await.unwrap();
    BehindPgBouncer { store, _pooler: pooler, _database: database }
}

mod pgbouncer {
    use super::*;

    test_store! {
        #[tokio::test]
        #[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
        behind_pgbouncer: account administration own_change password reset_link rate_limit
        refresh_token revocation session site step_up two_factor
    }
}

mod suite {
    use super::*;

    test_store! {
        #[tokio::test]
        #[ignore = "needs PostgreSQL: DATABASE_URL"]
        on_its_own_schema: account administration own_change password reset_link rate_limit
        refresh_token revocation session site step_up two_factor
    }
}

/// Returns two stores with pools of their own, as in two processes. Calls wait longer for a
/// connection than in production, because a race has 64 calls and other tests run concurrently.
async fn two_on_one_schema(schema: &Schema) -> [Arc<PostgresStore>; 2] {
    let one = async || {
        let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(PATIENCE);
        let store = PostgresStore::from_pool(pool.connect(&schema.url()).await.unwrap());
        store.migrate().await.unwrap();
        Arc::new(store)
    };
    [one().await, one().await]
}

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_step_is_consumed_once() {
    let schema = Schema::new().await;
    races::a_step_is_consumed_once(&two_on_one_schema(&schema).await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn of_64_uses_of_a_link_one_succeeds() {
    let schema = Schema::new().await;
    let stores = two_on_one_schema(&schema).await;
    reset::of_64_uses_of_a_link_one_succeeds(&stores, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn ten_codes_serve_ten_of_64() {
    let schema = Schema::new().await;
    races::ten_codes_serve_ten_of_64(&two_on_one_schema(&schema).await, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_name_in_64_spellings_is_one_account() {
    let schema = Schema::new().await;
    races::a_name_in_64_spellings_is_one_account(&two_on_one_schema(&schema).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn of_200_attempts_five_are_evaluated() {
    let schema = Schema::new().await;
    races::of_200_attempts_five_are_evaluated(&two_on_one_schema(&schema).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn of_200_attempts_on_two_keys_five_are_evaluated() {
    let schema = Schema::new().await;
    let stores = two_on_one_schema(&schema).await;
    races::of_200_attempts_on_two_keys_five_are_evaluated(&stores, 2).await;
}

/// An application's pool may default to a stricter isolation level. The server then rejects a
/// statement that waited for a change of its rows.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn races_have_one_winner_on_a_repeatable_read_pool() {
    for round in 0..3 {
        let schema = Schema::new().await;
        let url =
            format!("{}&options[default_transaction_isolation]=repeatable%20read", schema.url());
        let options = PgConnectOptions::from_str(&url).unwrap();
        let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap();
        let level: String =
            sqlx::query_scalar("SHOW transaction_isolation").fetch_one(&pool).await.unwrap();
        assert_eq!(level, "repeatable read");
        let stores = [Arc::new(PostgresStore::from_pool(pool))];
        stores[0].migrate().await.unwrap();
        match round {
            0 => races::of_200_attempts_on_two_keys_five_are_evaluated(&stores, 1).await,
            1 => races::a_refresh_token_is_consumed_once(&stores, 5).await,
            _ => races::no_session_outlives_a_disabling_beside_it(&stores, 5).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_settled_attempt_never_counts() {
    let schema = Schema::new().await;
    races::a_settled_attempt_never_counts(&two_on_one_schema(&schema).await).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_password_change_dropped_at_any_await_is_whole_or_nothing() {
    dropped::a_password_change_is_whole_or_nothing(&*on_its_own_schema().await).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn an_enrolment_dropped_at_any_await_is_whole_or_nothing() {
    dropped::an_enrolment_is_whole_or_nothing(&*on_its_own_schema().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_refresh_token_is_consumed_once() {
    let schema = Schema::new().await;
    races::a_refresh_token_is_consumed_once(&two_on_one_schema(&schema).await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn concurrent_logins_keep_to_the_limit() {
    let schema = Schema::new().await;
    races::concurrent_logins_keep_to_the_limit(&two_on_one_schema(&schema).await, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn no_session_outlives_a_disabling_beside_it() {
    let schema = Schema::new().await;
    races::no_session_outlives_a_disabling_beside_it(&two_on_one_schema(&schema).await, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn a_command_beside_an_own_change_holds() {
    let schema = Schema::new().await;
    races::a_command_beside_an_own_change_holds(&two_on_one_schema(&schema).await, 15).await;
}

/// Two administrators disable each other. One command is carried out, the other is not, and there
/// is no deadlock.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn two_administrators_disable_each_other_and_one_wins() {
    let schema = Schema::new().await;
    races::of_two_administrators_one_wins(&two_on_one_schema(&schema).await, 50).await;
}

/// Two operators, or two administrators each other: the last two accounts of a role that must be
/// kept. One command is carried out, the other is not, and there is no deadlock.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn of_two_last_accounts_of_a_kept_role_one_stays() {
    let schema = Schema::new().await;
    races::of_two_last_accounts_of_a_role_one_stays(&two_on_one_schema(&schema).await, 80).await;
}
