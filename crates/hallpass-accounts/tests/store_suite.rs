//! Runs the public store suite on the in-memory store that the flow tests use.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test binary has no outside")]

use std::sync::Arc;

use hallpass_test_support::memory_store::MemoryStore;
use hallpass_testkit::{store_suite::races, test_store};

async fn empty() -> Box<MemoryStore> {
    Box::default()
}

test_store! {
    #[tokio::test]
    empty: account administration own_change password session two_factor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_an_own_change_holds() {
    let store = Arc::new(MemoryStore::default());
    races::a_command_beside_an_own_change_holds(&[store.clone(), store], 5).await;
}
