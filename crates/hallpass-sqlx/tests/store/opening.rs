//! Opening and migrating.

use std::{error::Error, fs, thread, time::Duration};

use hallpass_sqlx::{SqliteStore, StoreOpenError};
use sqlx::{Row, SqlitePool};

use crate::{child, every_write::chain, scratch::Scratch};
use hallpass_testkit::store_suite::fixture::register;

#[tokio::test]
async fn new_file_is_readable_only_by_its_owner() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    assert_eq!(store.path(), Some(&*scratch.path("site.db")));
    #[cfg(unix)]
    for name in ["site.db", "site.db-wal", "site.db-shm"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(scratch.path(name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    drop(store);
}

#[tokio::test]
async fn existing_file_keeps_its_mode_and_its_rows() {
    let scratch = Scratch::new();
    fs::write(scratch.path("site.db"), "").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let group = fs::Permissions::from_mode(0o640);
        fs::set_permissions(scratch.path("site.db"), group).unwrap();
    }
    for _ in 0..2 {
        let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
        store.close().await;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(scratch.path("site.db")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o640);
    }
}

#[tokio::test]
async fn the_file_is_in_wal_mode() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    // WAL mode is a property of the file, so another connection has it too.
    let pool = SqlitePool::connect(&scratch.url("site.db")).await.unwrap();
    let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&pool).await;
    assert_eq!(mode.unwrap().get::<String, _>(0), "wal");
    drop(store);
}

#[tokio::test]
async fn open_errors_are_one_sentence_with_the_fix() {
    let scratch = Scratch::new();
    fs::write(scratch.path("novel.txt"), "It was a dark and stormy night. ".repeat(99)).unwrap();
    for (url, expected) in [
        ("postgres://db/site".to_owned(), "write for example sqlite://site.db"),
        (scratch.url("site.db?colour=red"), "write for example sqlite://site.db"),
        (scratch.url("missing/site.db"), "create its directory"),
        (scratch.url("novel.txt"), "its file is not a database: correct the address"),
    ] {
        let error = SqliteStore::open(&url).await.unwrap_err();
        let sentence = chain(&error);
        assert!(sentence.contains(expected), "{url}: {sentence}");
        assert!(!sentence.contains('\n'));
        assert_eq!(error.source().is_none(), matches!(error, StoreOpenError::Scheme { .. }));
    }
    assert!(!scratch.path("missing").exists());
}

#[tokio::test]
async fn open_existing_creates_no_file() {
    let scratch = Scratch::new();
    for name in ["site.db", "site.db?mode=rwc", "missing/site.db"] {
        let error = SqliteStore::open_existing(&scratch.url(name)).await.unwrap_err();
        assert!(matches!(&error, StoreOpenError::Missing { path } if path.is_absolute()));
        let sentence = error.to_string();
        let path = scratch.argument(name.split('?').next().unwrap());
        assert!(sentence.contains(&format!("the database file {path} does not exist")));
    }
    assert_eq!(scratch.names(), [""; 0]);
    let error = SqliteStore::open_existing("sqlite::memory:").await.unwrap_err();
    assert!(matches!(error, StoreOpenError::InMemory), "{error}");
}

#[tokio::test]
async fn open_existing_changes_neither_tables_nor_journal_mode() {
    let scratch = Scratch::new();
    let pool = SqlitePool::connect(&scratch.url("other.db?mode=rwc")).await.unwrap();
    sqlx::raw_sql("CREATE TABLE notes (text TEXT)").execute(&pool).await.unwrap();
    pool.close().await;
    let before = fs::read(scratch.path("other.db")).unwrap();

    let store = SqliteStore::open_existing(&scratch.url("other.db")).await.unwrap();
    assert_eq!(store.schema().await.unwrap().found, 0);
    store.close().await;
    assert_eq!(fs::read(scratch.path("other.db")).unwrap(), before);
    assert_eq!(scratch.names(), ["other.db"]);
}

#[tokio::test]
async fn schema_returns_the_step_of_the_tables() {
    let scratch = Scratch::new();
    fs::write(scratch.path("site.db"), "").unwrap();
    let store = SqliteStore::open_existing(&scratch.url("site.db")).await.unwrap();
    let empty = store.schema().await.unwrap();
    assert!(empty.found == 0 && empty.latest > 0, "{empty:?}");
    store.migrate().await.unwrap();
    let current = store.schema().await.unwrap();
    assert_eq!(current.found, empty.latest);
}

#[tokio::test]
async fn own_pool_keeps_the_tables_of_the_application() {
    let scratch = Scratch::new();
    let pool = SqlitePool::connect(&scratch.url("site.db?mode=rwc")).await.unwrap();
    let own = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY);
               INSERT INTO _sqlx_migrations VALUES (20260101);
               CREATE TABLE accounts (id INTEGER PRIMARY KEY)";
    sqlx::raw_sql(own).execute(&pool).await.unwrap();

    let store = SqliteStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();

    register(&store, "alice").await;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for row in sqlx::query(tables).fetch_all(&pool).await.unwrap() {
        let name: String = row.get(0);
        let own = ["_sqlx_migrations", "accounts"].contains(&name.as_str());
        assert!(own || name.starts_with("hallpass_"), "{name}");
    }
    let versions = sqlx::query("SELECT version FROM _sqlx_migrations");
    let versions = versions.fetch_all(&pool).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].get::<i64, _>(0), 20_260_101);
}

#[tokio::test]
async fn older_version_rejects_a_newer_database() {
    let scratch = Scratch::new();
    let pool = SqlitePool::connect(&scratch.url("site.db?mode=rwc")).await.unwrap();
    let store = SqliteStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    let newer = "INSERT INTO hallpass_migrations VALUES (999, 'newer')";
    sqlx::query(newer).execute(&pool).await.unwrap();
    let error = store.migrate().await.unwrap_err().to_string();
    assert!(
        error.contains("schema step 999") && error.contains("start a newer version"),
        "{error}"
    );
}

#[test]
fn many_processes_may_start_concurrently() {
    for _ in 0..10 {
        let scratch = Scratch::new();
        let start = || child::running("opening::start_concurrently", &scratch).spawn().unwrap();
        let children: Vec<_> = (0..4).map(|_| start()).collect();
        thread::sleep(Duration::from_millis(30));
        child::go(&scratch);
        for child in children {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
        }
    }
}

#[tokio::test]
#[ignore = "is the child process of many_processes_may_start_concurrently"]
async fn start_concurrently() {
    child::wait_for_go();
    SqliteStore::open(&child::url()).await.unwrap().close().await;
}
