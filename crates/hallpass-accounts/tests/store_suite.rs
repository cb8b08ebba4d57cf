//! Runs the public store suite on the in-memory store that the flow tests use.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test binary has no outside")]

use std::sync::Arc;

use hallpass_test_support::memory_store::MemoryStore;
use hallpass_testkit::{
    store_suite::{activity, browser, consumed, outcome, password::reset, races},
    test_store,
};

async fn empty() -> Box<MemoryStore> {
    Box::default()
}

test_store! {
    #[tokio::test]
    empty: account administration own_change password reset_link session step_up two_factor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_an_own_change_holds() {
    let store = Arc::new(MemoryStore::default());
    races::a_command_beside_an_own_change_holds(&[store.clone(), store], 5).await;
}

mod without_flow {
    use super::*;

    test_store! {
        #[tokio::test]
        empty: activity browser browser_change consumed outcome
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_and_once_is_once_for_64_calls() {
    let empty = || {
        let store = Arc::new(MemoryStore::default());
        [store.clone(), store]
    };
    activity::the_limit_of_activity_holds_for_64_rows(&empty(), 5).await;
    browser::limits_of_browsers_hold_for_64_logins(&empty(), 3).await;
    browser::replaced_cookies_do_not_deadlock(&empty(), 5).await;
    consumed::of_64_uses_of_a_value_one_succeeds(&empty(), 20).await;
    reset::of_64_uses_of_a_link_one_succeeds(&empty(), 10).await;
    outcome::concurrent_prunes_delete_each_outcome_once(&empty()).await;
    outcome::of_64_replacements_one_is_inserted(&empty(), 20).await;
    outcome::of_64_submissions_one_is_inserted(&empty(), 20).await;
}
