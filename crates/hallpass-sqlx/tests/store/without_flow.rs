//! The stores that no flow uses yet, on SQLite: the suite, the races through two pools, and facts
//! that the traits do not expose.

use std::{ops::Deref, sync::Arc};

use hallpass_accounts::{
    AccountId, Activity, ActivityKind, ActivityStore, BrowserHash, BrowserId, BrowserLogin,
    BrowserName, BrowserStore, ConsumeOutcome, ConsumedStore, OneTimeHash, OneTimePurpose, Outcome,
    OutcomeId, OutcomeKind, OutcomeStore, PutOutcome,
};
use hallpass_sqlx::{SqliteStore, StoreErrorKind};
use hallpass_testkit::{
    store_suite::{
        activity, browser, consumed,
        fixture::{at, register},
        outcome,
    },
    test_store,
};
use sqlx::SqlitePool;

use crate::scratch::Scratch;

/// A store and the directory with its file, which is removed with it.
struct OnItsOwnFile {
    store: SqliteStore,
    _scratch: Scratch,
}

impl Deref for OnItsOwnFile {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

async fn on_its_own_file() -> OnItsOwnFile {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    OnItsOwnFile { store, _scratch: scratch }
}

mod suite {
    use super::*;

    test_store! {
        #[tokio::test]
        on_its_own_file: activity browser browser_change consumed outcome
    }
}

async fn two_on_one_file(scratch: &Scratch) -> [Arc<SqliteStore>; 2] {
    let url = scratch.url("site.db");
    let first = SqliteStore::open(&url).await.unwrap();
    [Arc::new(first), Arc::new(SqliteStore::open(&url).await.unwrap())]
}

/// Runs a race of the suite through two pools on one file.
macro_rules! race {
    ($($module:ident::$race:ident($($rounds:literal)?);)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $race() {
                let scratch = Scratch::new();
                $module::$race(&two_on_one_file(&scratch).await $(, $rounds)?).await;
            }
        )+
    };
}

mod races {
    use super::*;

    race! {
        activity::the_limit_of_activity_holds_for_64_rows(2);
        browser::limits_of_browsers_hold_for_64_logins(1);
        browser::replaced_cookies_do_not_deadlock(3);
        consumed::of_64_uses_of_a_value_one_succeeds(20);
        outcome::concurrent_prunes_delete_each_outcome_once();
        outcome::of_64_replacements_one_is_inserted(10);
        outcome::of_64_submissions_one_is_inserted(10);
    }
}

/// Writes one row to each table. All rows except the consumed value belong to the account.
pub(crate) async fn write_one_of_each<S>(store: &S, account: &AccountId)
where
    S: ActivityStore + BrowserStore + ConsumedStore + OutcomeStore,
{
    let login = BrowserLogin::new(
        BrowserId::from_random([1; 16]),
        account.clone(),
        BrowserHash::of(&[1; 16]),
        0,
        BrowserName::from_user_agent("Firefox"),
        at(1),
    );
    store.remember(&login).await.unwrap();
    let outcome = Outcome::new(OutcomeId::from_bytes([1; 32]), OutcomeKind::LoggedIn, at(1), at(9))
        .with_account(account.clone(), 0);
    assert_eq!(store.put(&outcome).await.unwrap(), PutOutcome::Inserted);
    store.record(account, &Activity::new(ActivityKind::LoggedIn, at(1))).await.unwrap();
    let value = OneTimeHash::of(b"value");
    let consumed = store.consume(OneTimePurpose::LoginLink, &value, at(9)).await.unwrap();
    assert_eq!(consumed, ConsumeOutcome::Consumed);
}

/// Counts the rows of browsers, outcomes, activity and consumed values, as one text.
pub(crate) const COUNTS: &str = "SELECT (SELECT count(*) FROM hallpass_browsers) || ' ' \
     || (SELECT count(*) FROM hallpass_outcomes) || ' ' \
     || (SELECT count(*) FROM hallpass_activity) || ' ' \
     || (SELECT count(*) FROM hallpass_consumed)";

#[tokio::test]
async fn deleted_account_leaves_consumed_values_only() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let tables = SqlitePool::connect(&scratch.url("site.db")).await.unwrap();
    let id = register(&store, "alice").await;
    write_one_of_each(&store, &id).await;
    let counts = async || sqlx::query_scalar::<_, String>(COUNTS).fetch_one(&tables).await;
    assert_eq!(counts().await.unwrap(), "1 1 1 1");
    sqlx::query("DELETE FROM hallpass_accounts").execute(&tables).await.unwrap();
    assert_eq!(counts().await.unwrap(), "0 0 0 1");
}

#[tokio::test]
async fn outcome_of_an_unknown_account_is_refused() {
    let store = on_its_own_file().await;
    let outcome = Outcome::new(OutcomeId::from_bytes([1; 32]), OutcomeKind::LoggedIn, at(1), at(9))
        .with_account(AccountId::new("nobody"), 0);
    assert_eq!(store.put(&outcome).await.unwrap_err().kind(), StoreErrorKind::Refused);
    assert_eq!(OutcomeStore::find(&*store, &outcome.id, at(2)).await.unwrap(), None);
}

/// A node of an older version reads rows that a newer one has written.
#[tokio::test]
async fn unknown_kinds_of_activity_are_left_out() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let tables = SqlitePool::connect(&scratch.url("site.db")).await.unwrap();
    let id = register(&store, "alice").await;
    for kind in [ActivityKind::LoggedIn, ActivityKind::LoggedOut, ActivityKind::PasswordChanged] {
        store.record(&id, &Activity::new(kind, at(1))).await.unwrap();
    }
    let newer = "UPDATE hallpass_activity SET kind = 'newer' WHERE kind = 'logged-out'";
    assert_eq!(sqlx::query(newer).execute(&tables).await.unwrap().rows_affected(), 1);
    let kinds = async || {
        let rows = store.recent(&id, 20).await.unwrap();
        rows.iter().map(|row| row.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, [ActivityKind::PasswordChanged, ActivityKind::LoggedIn]);

    let damage = "UPDATE hallpass_activity SET address = '300.1.1.1'";
    sqlx::query(damage).execute(&tables).await.unwrap();
    assert_eq!(store.recent(&id, 20).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn unreadable_browser_and_outcome_rows_are_errors() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let tables = SqlitePool::connect(&scratch.url("site.db")).await.unwrap();
    let id = register(&store, "alice").await;
    write_one_of_each(&store, &id).await;
    for damage in [
        "UPDATE hallpass_browsers SET id = 'AB'",
        "UPDATE hallpass_browsers SET id = '0123456789abcdef0123456789abcdef', used_at = -1",
    ] {
        sqlx::query(damage).execute(&tables).await.unwrap();
        let error = store.list(&id).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{damage}");
    }
    for damage in [
        "UPDATE hallpass_outcomes SET kind = 'newer'",
        "UPDATE hallpass_outcomes SET kind = 'logged-in', session_id = 'AB'",
    ] {
        sqlx::query(damage).execute(&tables).await.unwrap();
        let found = OutcomeStore::find(&store, &OutcomeId::from_bytes([1; 32]), at(2)).await;
        assert_eq!(found.unwrap_err().kind(), StoreErrorKind::Corrupt, "{damage}");
    }
}
