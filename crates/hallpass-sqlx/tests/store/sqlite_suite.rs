//! The suite on SQLite: each check on a file of its own, the races on one file through two pools.

use std::sync::Arc;

use hallpass_sqlx::SqliteStore;

use crate::{scratch::Scratch, suite};

macro_rules! each_on_its_own_file {
    ($($part:ident: $($check:ident)+;)+) => {$(
        mod $part {
            $(#[tokio::test]
            async fn $check() {
                let scratch = crate::scratch::Scratch::new();
                let url = scratch.url("site.db");
                let store = hallpass_sqlx::SqliteStore::open(&url).await.unwrap();
                crate::suite::$part::$check(&store).await;
                store.close().await;
            })+
        }
    )+};
}

each_on_its_own_file! {
    accounts:
        a_new_account_is_found_by_either_key
        an_unknown_account_is_none_and_no_error
        a_name_is_taken_once_in_any_spelling
        names_and_roles_come_back_as_they_went;
    administration:
        new_roles_void_the_tokens_with_the_old_ones
        a_disabled_account_has_no_session_left
        accounts_are_listed_by_key_in_pages;
    attempts:
        attempts_are_counted_for_each_key
        an_attempt_given_back_was_never_made
        time_gives_attempts_back;
    feed:
        the_feed_is_read_in_order_over_many_calls
        forgetting_leaves_cursors_good;
    passwords:
        an_upgrade_replaces_only_the_expected_hash
        a_password_change_ends_what_was_before;
    second_factors:
        a_factor_goes_on_whole
        a_factor_is_refused_to_an_account_that_changed
        only_a_later_step_is_good
        a_recovery_code_works_once
        a_factor_goes_off_whole
        a_new_seal_keeps_the_spent_step;
    sessions:
        sessions_are_listed_newest_first_until_they_expire
        no_session_opens_on_an_account_that_changed
        a_session_is_ended_by_its_own_account_alone
        sign_out_everywhere_raises_the_generation;
}

/// Two stores with pools of their own: between them SQLite's file locks decide, as between two processes.
async fn two_on_one_file(scratch: &Scratch) -> [Arc<SqliteStore>; 2] {
    let url = scratch.url("site.db");
    let first = SqliteStore::open(&url).await.unwrap();
    let second = SqliteStore::open(&url).await.unwrap();
    [Arc::new(first), Arc::new(second)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_spent_once() {
    let scratch = Scratch::new();
    suite::races::a_step_is_spent_once(&two_on_one_file(&scratch).await, 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_codes_serve_ten_of_64() {
    let scratch = Scratch::new();
    suite::races::ten_codes_serve_ten_of_64(&two_on_one_file(&scratch).await, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_64_spellings_is_one_account() {
    let scratch = Scratch::new();
    suite::races::a_name_in_64_spellings_is_one_account(&two_on_one_file(&scratch).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_attempts_five_are_evaluated() {
    let scratch = Scratch::new();
    suite::races::of_200_attempts_five_are_evaluated(&two_on_one_file(&scratch).await).await;
}
