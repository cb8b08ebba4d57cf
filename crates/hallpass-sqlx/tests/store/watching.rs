//! Wake-ups by a write to the file.

use std::time::Duration;

use hallpass_accounts::{AdministrationStore, Notifier, RevocationLog};
use hallpass_sqlx::SqliteStore;
use hallpass_testkit::store_suite::fixture::{at, done, register};
use tokio::time::timeout;

use crate::scratch::Scratch;

async fn is_woken(notifier: &mut impl Notifier) -> bool {
    match timeout(Duration::from_millis(300), notifier.notified()).await {
        Ok(news) => news.map(|()| true).unwrap(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_write_of_another_process_wakes_the_watcher() {
    let scratch = Scratch::new();
    let here = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let there = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let id = register(&there, "alice").await;
    let mut notifier = here.notifier();
    assert!(
        is_woken(&mut notifier).await,
        "the first call returns, so that earlier changes are read"
    );
    assert!(!is_woken(&mut notifier).await);
    assert!(is_woken(&mut notifier).await, "after a dropped future the next call connects again");
    done(there.set_roles(&id, &[], &[], None, at(1)).await.unwrap());
    assert!(is_woken(&mut notifier).await);
    assert!(!is_woken(&mut notifier).await);
}

#[tokio::test]
async fn closed_store_ends_the_watcher() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let mut notifier = store.notifier();
    assert!(is_woken(&mut notifier).await);
    store.close().await;
    assert!(timeout(Duration::from_secs(1), notifier.notified()).await.unwrap().is_err());
    assert!(notifier.notified().await.is_err());
}
