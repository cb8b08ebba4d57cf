//! A file that was moved, deleted or replaced is noticed: no call continues on it.

use std::fs;

use hallpass_accounts::{AccountId, AccountStore, Cursor, RevocationLog};
use hallpass_sqlx::{SqliteStore, StoreError, StoreErrorKind};
use hallpass_testkit::store_suite::fixture::register;
use tokio::task::JoinSet;

use crate::{
    every_write::{Prepared, chain, in_parallel, register_40},
    scratch::Scratch,
};

/// Checks that each call returns the error, which names the file and what happened to it.
async fn no_call_succeeds(store: &SqliteStore, prepared: &[Prepared], path: &str, what: &str) {
    let expect = |error: &StoreError| {
        assert_eq!(error.kind(), StoreErrorKind::Moved, "{}", chain(error));
        let text = chain(error);
        assert!(text.contains(path) && text.contains(what), "{text}");
    };
    expect(&store.check_file().unwrap_err());
    expect(&store.read_after(Cursor::START).await.unwrap_err());
    for (write, outcome) in in_parallel(store, prepared).await {
        let Err(error) = outcome else { panic!("{write:?} reported success") };
        expect(&error);
    }
    for outcome in register_40(store, "lost").await {
        expect(&outcome.unwrap_err());
    }
    // More than the idle connections of the pool, so that it would open new ones.
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let store = store.clone();
        tasks.spawn(async move { store.by_id(&AccountId::new("id-alice")).await });
    }
    for read in tasks.join_all().await {
        expect(&read.unwrap_err());
    }
}

async fn each_write_succeeds(store: &SqliteStore, prepared: &[Prepared]) {
    store.check_file().unwrap();
    for (write, outcome) in in_parallel(store, prepared).await {
        outcome.unwrap_or_else(|error| panic!("{write:?}: {}", chain(&error)));
    }
}

#[tokio::test]
async fn moved_file_is_an_error_until_it_is_back() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let id = register(&store, "alice").await;
    let prepared = Prepared::every_kind(&store, 1).await;
    fs::rename(scratch.path("site.db"), scratch.path("away.db")).unwrap();
    no_call_succeeds(&store, &prepared, &scratch.argument("site.db"), "moved or deleted").await;
    fs::rename(scratch.path("away.db"), scratch.path("site.db")).unwrap();
    assert!(store.by_id(&id).await.unwrap().is_some());
    each_write_succeeds(&store, &prepared).await;
}

#[tokio::test]
async fn replaced_file_is_an_error_and_stays_untouched() {
    let scratch = Scratch::new();
    let other = SqliteStore::open(&scratch.url("other.db")).await.unwrap();
    register(&other, "mallory").await;
    other.close().await;
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    register(&store, "alice").await;
    let prepared = Prepared::every_kind(&store, 1).await;

    let before = fs::read(scratch.path("other.db")).unwrap();
    fs::rename(scratch.path("site.db"), scratch.path("away.db")).unwrap();
    fs::rename(scratch.path("other.db"), scratch.path("site.db")).unwrap();
    no_call_succeeds(&store, &prepared, &scratch.argument("site.db"), "is another file").await;
    assert_eq!(fs::read(scratch.path("site.db")).unwrap(), before);

    fs::rename(scratch.path("site.db"), scratch.path("other.db")).unwrap();
    fs::rename(scratch.path("away.db"), scratch.path("site.db")).unwrap();
    each_write_succeeds(&store, &prepared).await;
    assert!(store.by_id(&AccountId::new("id-mallory")).await.unwrap().is_none());
}

#[tokio::test]
async fn copy_in_the_place_of_the_file_is_an_error() {
    let scratch = Scratch::new();
    SqliteStore::open(&scratch.url("site.db")).await.unwrap().close().await;
    let copy = fs::read(scratch.path("site.db")).unwrap();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    register(&store, "alice").await;
    let prepared = Prepared::every_kind(&store, 1).await;
    fs::remove_file(scratch.path("site.db")).unwrap();
    no_call_succeeds(&store, &prepared, &scratch.argument("site.db"), "moved or deleted").await;
    fs::write(scratch.path("site.db"), &copy).unwrap();
    no_call_succeeds(&store, &prepared, &scratch.argument("site.db"), "is another file").await;
    assert_eq!(fs::read(scratch.path("site.db")).unwrap(), copy);
}

#[cfg(unix)]
#[tokio::test]
async fn link_to_another_file_is_an_error() {
    let scratch = Scratch::new();
    for name in ["one.db", "two.db"] {
        SqliteStore::open(&scratch.url(name)).await.unwrap().close().await;
    }
    let link = |name| {
        let _ = fs::remove_file(scratch.path("site.db"));
        std::os::unix::fs::symlink(scratch.path(name), scratch.path("site.db")).unwrap();
    };
    link("one.db");
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    register(&store, "alice").await;
    link("two.db");
    no_call_succeeds(&store, &[], &scratch.argument("site.db"), "is another file").await;
    link("one.db");
    register(&store, "bob").await;
}

#[tokio::test]
async fn own_pool_notices_a_moved_file_and_creates_none() {
    let scratch = Scratch::new();
    let pool = sqlx::SqlitePool::connect(&scratch.url("site.db?mode=rwc")).await.unwrap();
    let store = SqliteStore::from_pool(pool);
    store.check_file().unwrap();
    store.migrate().await.unwrap();
    register(&store, "alice").await;
    fs::rename(scratch.path("site.db"), scratch.path("away.db")).unwrap();
    no_call_succeeds(&store, &[], "site.db", "moved or deleted").await;
    assert!(!scratch.path("site.db").exists());
    fs::rename(scratch.path("away.db"), scratch.path("site.db")).unwrap();
    register(&store, "bob").await;
}

#[tokio::test]
async fn database_in_memory_has_no_file_to_check() {
    for url in ["sqlite::memory:", "sqlite://shared?mode=memory&cache=shared"] {
        let store = SqliteStore::open(url).await.unwrap();
        register(&store, "alice").await;
        store.check_file().unwrap();
        assert_eq!(store.path(), None);
    }
}
