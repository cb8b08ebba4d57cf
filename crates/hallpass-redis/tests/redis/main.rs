//! The Redis store on a real server: the parts of the suite that it implements, and tests that only
//! Redis needs.

#![allow(clippy::unwrap_used, reason = "tests")]

mod failover;
mod fake_server;
mod faults;
mod notifier;
mod opening;
mod permissions;
mod reply;
mod scope;
mod server;
mod tls;

use std::sync::Arc;

use hallpass_testkit::{store_suite::races, test_store};

use server::empty;

mod suite {
    use super::*;

    test_store! {
        #[tokio::test]
        #[ignore = "needs Redis or Valkey: REDIS_URL"]
        empty: rate_limit publication
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis or Valkey: REDIS_URL"]
async fn of_200_attempts_five_are_evaluated() {
    let prefix = server::prefix();
    let stores = [server::named(&prefix).await, server::named(&prefix).await].map(Arc::new);
    races::of_200_attempts_five_are_evaluated(&stores).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis or Valkey: REDIS_URL"]
async fn of_200_attempts_on_two_keys_five_are_evaluated() {
    let prefix = server::prefix();
    let stores = [server::named(&prefix).await, server::named(&prefix).await].map(Arc::new);
    races::of_200_attempts_on_two_keys_five_are_evaluated(&stores, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis or Valkey: REDIS_URL"]
async fn a_settled_attempt_never_counts() {
    let prefix = server::prefix();
    let stores = [server::named(&prefix).await, server::named(&prefix).await].map(Arc::new);
    races::a_settled_attempt_never_counts(&stores).await;
}
