//! The suite on SQLite: each check on a file of its own, the races on one file through two pools.

use std::{ops::Deref, sync::Arc};

use hallpass_sqlx::SqliteStore;
use hallpass_testkit::{
    store_suite::{password::reset, races},
    test_store,
};

use crate::{dropped, scratch::Scratch};

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
    OnItsOwnFile {
        store: SqliteStore::open(&scratch.url("site.db")).await.unwrap(),
        _scratch: scratch,
    }
}

test_store! {
    #[tokio::test]
    on_its_own_file: account administration own_change password reset_link rate_limit
        refresh_token revocation session site step_up two_factor
}

/// Returns two stores with pools of their own. SQLite's file locks decide between them, as between
/// two processes.
async fn two_on_one_file(scratch: &Scratch) -> [Arc<SqliteStore>; 2] {
    let url = scratch.url("site.db");
    let first = SqliteStore::open(&url).await.unwrap();
    let second = SqliteStore::open(&url).await.unwrap();
    [Arc::new(first), Arc::new(second)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_consumed_once() {
    let scratch = Scratch::new();
    races::a_step_is_consumed_once(&two_on_one_file(&scratch).await, 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_uses_of_a_link_one_succeeds() {
    let scratch = Scratch::new();
    reset::of_64_uses_of_a_link_one_succeeds(&two_on_one_file(&scratch).await, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_consumed_once() {
    let scratch = Scratch::new();
    races::a_refresh_token_is_consumed_once(&two_on_one_file(&scratch).await, 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_logins_keep_to_the_limit() {
    let scratch = Scratch::new();
    races::concurrent_logins_keep_to_the_limit(&two_on_one_file(&scratch).await, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_codes_serve_ten_of_64() {
    let scratch = Scratch::new();
    races::ten_codes_serve_ten_of_64(&two_on_one_file(&scratch).await, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_64_spellings_is_one_account() {
    let scratch = Scratch::new();
    races::a_name_in_64_spellings_is_one_account(&two_on_one_file(&scratch).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_attempts_five_are_evaluated() {
    let scratch = Scratch::new();
    races::of_200_attempts_five_are_evaluated(&two_on_one_file(&scratch).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_attempts_on_two_keys_five_are_evaluated() {
    let scratch = Scratch::new();
    let stores = two_on_one_file(&scratch).await;
    races::of_200_attempts_on_two_keys_five_are_evaluated(&stores, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_attempt_never_counts() {
    let scratch = Scratch::new();
    races::a_settled_attempt_never_counts(&two_on_one_file(&scratch).await).await;
}

#[tokio::test]
async fn a_password_change_dropped_at_any_await_is_whole_or_nothing() {
    dropped::a_password_change_is_whole_or_nothing(&*on_its_own_file().await).await;
}

#[tokio::test]
async fn an_enrolment_dropped_at_any_await_is_whole_or_nothing() {
    dropped::an_enrolment_is_whole_or_nothing(&*on_its_own_file().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_outlives_a_disabling_beside_it() {
    let scratch = Scratch::new();
    races::no_session_outlives_a_disabling_beside_it(&two_on_one_file(&scratch).await, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_an_own_change_holds() {
    let scratch = Scratch::new();
    races::a_command_beside_an_own_change_holds(&two_on_one_file(&scratch).await, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_disable_each_other_and_one_wins() {
    let scratch = Scratch::new();
    races::of_two_administrators_one_wins(&two_on_one_file(&scratch).await, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_last_accounts_of_a_kept_role_one_stays() {
    let scratch = Scratch::new();
    races::of_two_last_accounts_of_a_role_one_stays(&two_on_one_file(&scratch).await, 12).await;
}
