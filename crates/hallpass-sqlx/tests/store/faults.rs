//! After a fault of the disk or of another process, each call succeeds once the cause is gone.
//!
//! The faults are real:
//!
//! | error of SQLite | cause | where |
//! |---|---|---|
//! | `SQLITE_FULL` | a file system of 8 MB is full | Linux, in a mount namespace of the child process |
//! | `SQLITE_IOERR_WRITE`, `SQLITE_IOERR_SHMOPEN` | the limit on the size of files (`RLIMIT_FSIZE`) | Linux, every user |
//! | `SQLITE_READONLY` | the file had mode 0400 when a connection opened it | Linux, a user without the rights of root |
//! | `SQLITE_BUSY` | another process holds the lock | everywhere |
//!
//! A disk quota causes `SQLITE_IOERR_WRITE` too. Two faults are not tested: the removed permission
//! to read, which does not affect an open file, and a truncated `-shm` file, after which the system
//! kills the process with `SIGBUS`.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use hallpass_accounts::{AccountId, AccountStore, Notifier, RegistrationStore, RevocationLog};
use hallpass_sqlx::{SqliteStore, StoreErrorKind};
use hallpass_testkit::store_suite::fixture::{new_account, register};
use sqlx::{
    Connection, Executor, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    child,
    every_write::{EVERY_KIND, Prepared, chain, in_parallel, register_40},
    scratch::Scratch,
};

/// Prepares writes, makes every write fail with `kind`, and checks that each one succeeds at the
/// first attempt after the fault. The fault occurs twice on one store.
async fn each_write_succeeds_after(
    store: &SqliteStore,
    kind: StoreErrorKind,
    fault: impl Fn(bool),
) {
    let mut notifier = store.notifier();
    notifier.notified().await.unwrap();
    for round in 0..2 {
        let prepared = Prepared::every_kind(store, 1 + 30 * round).await;
        read_in_parallel(store).await;
        empty_the_wal().await;
        fault(true);
        each_fails(store, &prepared, kind).await;
        for outcome in register_40(store, &format!("lost{round}.")).await {
            assert_eq!(outcome.unwrap_err().kind(), kind);
        }
        read_in_parallel(store).await;
        fault(false);
        each_succeeds(store, &prepared).await;
        for outcome in register_40(store, &format!("kept{round}.")).await {
            outcome.unwrap_or_else(|error| panic!("{}", chain(&error)));
        }
        for number in 0..40 {
            let kept = AccountId::new(format!("id-kept{round}.{number}"));
            assert!(store.by_id(&kept).await.unwrap().is_some());
        }
        timeout(Duration::from_secs(1), notifier.notified()).await.unwrap().unwrap();
    }
    store.close().await;
    let again = SqliteStore::open(&child::url()).await.unwrap();
    let mut file = SqliteConnection::connect(&child::url()).await.unwrap();
    let check = sqlx::query_scalar::<_, String>("PRAGMA integrity_check").fetch_one(&mut file);
    assert_eq!(check.await.unwrap(), "ok");
    assert!(again.by_id(&AccountId::new("id-kept1.39")).await.unwrap().is_some());
}

async fn each_fails(store: &SqliteStore, prepared: &[Prepared], kind: StoreErrorKind) {
    for (write, outcome) in in_parallel(store, prepared).await {
        let Err(error) = outcome else { panic!("{write:?} reported success") };
        assert_eq!(error.kind(), kind, "{write:?}: {}", chain(&error));
    }
}

async fn each_succeeds(store: &SqliteStore, prepared: &[Prepared]) {
    for (write, outcome) in in_parallel(store, prepared).await {
        outcome.unwrap_or_else(|error| panic!("{write:?}: {}", chain(&error)));
    }
}

/// A write to an empty file needs space on the disk. A write into the middle of the file does not.
async fn empty_the_wal() {
    let mut file = SqliteConnection::connect(&child::url()).await.unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy = sqlx::query_scalar::<_, i64>(checkpoint).fetch_one(&mut file).await.unwrap();
    assert_eq!(busy, 0);
    file.close().await.unwrap();
}

/// Reads on all connections of the pool.
async fn read_in_parallel(store: &SqliteStore) {
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let store = store.clone();
        tasks.spawn(async move { store.by_id(&AccountId::new("nobody")).await });
    }
    for read in tasks.join_all().await {
        assert!(read.unwrap_or_else(|error| panic!("{}", chain(&error))).is_none());
    }
}

#[test]
fn writes_succeed_when_a_full_disk_has_space_again() {
    let scratch = Scratch::new();
    let disk = scratch.path("disk");
    fs::create_dir(&disk).unwrap();
    let mount = "mount -t tmpfs -o size=8m,mode=777 tmpfs \"$0\"";
    let disk = disk.to_str().unwrap();
    // A namespace needs no rights on many systems, and its mount ends with the process.
    let namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c"];
    if let Some(reason) = is_impossible(&[&namespace[..], &[mount, disk]].concat()) {
        return skip("no file system can be mounted here", &reason);
    }
    let script = format!("{mount} && exec \"$@\"");
    let child = child::running_on("faults::fill_the_disk", &Path::new(disk).join("site.db"));
    child::passes(&mut child::inside(&[&namespace[..], &[&script, disk]].concat(), &child));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the child process of writes_succeed_when_a_full_disk_has_space_again"]
async fn fill_the_disk() {
    let ballast = child::database().with_file_name("ballast");
    let fill = |full: bool| {
        if !full {
            return fs::remove_file(&ballast).unwrap();
        }
        let mut file = fs::File::create(&ballast).unwrap();
        let error = loop {
            if let Err(error) = file.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    };
    fill(true);
    let error = SqliteStore::open(&child::url()).await.unwrap_err();
    let error = chain(&error);
    assert!(error.contains("the disk of the account database is full"), "{error}");
    fill(false);
    let store = SqliteStore::open(&child::url()).await.unwrap();
    each_write_succeeds_after(&store, StoreErrorKind::DiskFull, fill).await;
}

#[test]
fn writes_succeed_after_an_io_error() {
    run_with_a_file_limit("faults::limit_the_file_size");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the child process of writes_succeed_after_an_io_error"]
async fn limit_the_file_size() {
    let store = SqliteStore::open(&child::url()).await.unwrap();
    each_write_succeeds_after(&store, StoreErrorKind::Io, limit_files).await;
}

#[test]
fn reads_succeed_after_an_io_error() {
    run_with_a_file_limit("faults::limit_the_file_size_of_a_reader");
}

/// SQLite deletes the `-shm` file with the last connection. A new connection cannot create it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the child process of reads_succeed_after_an_io_error"]
async fn limit_the_file_size_of_a_reader() {
    let pool = own_pool(&child::url(), SqlitePoolOptions::new()).await;
    let store = SqliteStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    let id = register(&store, "alice").await;
    for _ in 0..3 {
        close_idle(&pool).await;
        limit_files(true);
        for _ in 0..10 {
            let error = store.by_id(&id).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Io, "{}", chain(&error));
        }
        limit_files(false);
        assert!(store.by_id(&id).await.unwrap().is_some());
        read_in_parallel(&store).await;
    }
}

/// The child ignores the signal of the limit, so that a write returns an error.
#[track_caller]
fn run_with_a_file_limit(test: &str) {
    if let Some(reason) = is_impossible(&["prlimit", "--fsize"]) {
        return skip("this system cannot limit the size of files", &reason);
    }
    let scratch = Scratch::new();
    let ignoring = ["sh", "-c", "trap '' XFSZ && exec \"$@\"", "sh"];
    child::passes(&mut child::inside(&ignoring, &child::running(test, &scratch)));
}

/// In the child: no write to a file succeeds. A limit of the process, not of its own files only.
fn limit_files(on: bool) {
    let limit = if on { "--fsize=0:" } else { "--fsize=unlimited:" };
    let process = std::process::id().to_string();
    let status = Command::new("prlimit").args(["--pid", &process, limit]).status().unwrap();
    assert!(status.success(), "{limit}");
}

#[test]
fn writes_succeed_after_the_file_was_read_only() {
    let scratch = Scratch::new();
    let mut child = child::running("faults::make_the_file_read_only", &scratch);
    let probe = scratch.path("probe");
    fs::write(&probe, "").unwrap();
    fs::set_permissions(&probe, readable()).unwrap();
    if fs::OpenOptions::new().write(true).open(&probe).is_err() {
        return child::passes(&mut child);
    }
    // Root may write to the file, except in a namespace that does not know the file's owner.
    if let Some(reason) = is_impossible(&["unshare", "--user", "true"]) {
        return skip("root may write to each file", &reason);
    }
    child::passes(&mut child::inside(&["unshare", "--user"], &child));
}

#[cfg(unix)]
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o400)
}

#[cfg(not(unix))]
fn readable() -> fs::Permissions {
    let mut permissions = fs::metadata(".").unwrap().permissions();
    permissions.set_readonly(true);
    permissions
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the child process of writes_succeed_after_the_file_was_read_only"]
async fn make_the_file_read_only() {
    let options = SqlitePoolOptions::new().max_connections(8);
    let pool = own_pool(&child::url(), options).await;
    let store = SqliteStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    let writable = fs::metadata(child::database()).unwrap().permissions();
    // SQLite creates the other two files with the mode of the first.
    let restore = || {
        for name in ["site.db", "site.db-wal", "site.db-shm"] {
            let path = child::database().with_file_name(name);
            fs::set_permissions(path, writable.clone()).unwrap();
        }
    };

    // No connection was opened before.
    let prepared = Prepared::every_kind(&store, 1).await;
    close_idle(&pool).await;
    fs::set_permissions(child::database(), readable()).unwrap();
    read_in_parallel(&store).await;
    each_fails(&store, &prepared, StoreErrorKind::ReadOnly).await;
    read_in_parallel(&store).await;
    assert_eq!(read_only_connections(&pool).await, 8);
    restore();
    each_succeeds(&store, &prepared).await;

    // Some connections were opened before. SQLite also opens the file again with their rights.
    let mut notifier = store.notifier();
    notifier.notified().await.unwrap();
    for round in 1..3 {
        let prepared = Prepared::every_kind(&store, 1 + 30 * round).await;
        fs::set_permissions(child::database(), readable()).unwrap();
        assert_ne!(read_only_connections(&pool).await, 0);
        restore();
        each_succeeds(&store, &prepared).await;
    }
}

/// Opens each connection of the pool. Returns the number of those that cannot write.
async fn read_only_connections(pool: &SqlitePool) -> usize {
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(pool.acquire().await.unwrap());
    }
    let mut read_only = 0;
    for connection in &mut connections {
        let write = "DELETE FROM hallpass_accounts WHERE FALSE";
        read_only += usize::from(connection.execute(write).await.is_err());
    }
    read_only
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_succeed_when_another_process_unlocks() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let prepared = Prepared::every_kind(&store, 1).await;
    let mut command = child::running("faults::hold_the_lock", &scratch);
    let mut locker = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(locker.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap() == "locked"));

    let start = Instant::now();
    let error = store.create(new_account("id-lost", "lost")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Locked, "{}", chain(&error));
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(900), "the busy timeout is 1 s: {waited:?}");
    assert!(waited < Duration::from_millis(1500), "the store timeout is 1.5 s: {waited:?}");
    // Calls that are dropped at the store timeout of a site.
    let mut tasks = JoinSet::new();
    for write in [&prepared[..], &prepared[..]].concat() {
        let store = store.clone();
        let bound = Duration::from_millis(300);
        tasks.spawn(async move { timeout(bound, write.write(&store)).await.is_err() });
    }
    assert_eq!(tasks.join_all().await, [true; 2 * EVERY_KIND.len()]);
    read_in_parallel(&store).await;

    drop(locker.stdin.take());
    assert!(locker.wait().unwrap().success());
    let start = Instant::now();
    each_succeeds(&store, &prepared).await;
    for outcome in register_40(&store, "kept").await {
        outcome.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    assert!(start.elapsed() < Duration::from_secs(4), "no call waited for the lock again");
}

/// The other process runs a migration that takes longer than the busy timeout.
#[tokio::test(flavor = "multi_thread")]
async fn migration_waits_longer_than_the_busy_timeout() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let mut other = SqliteConnection::connect(&scratch.url("site.db")).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let start = Instant::now();
    let migration = tokio::spawn(async move { store.migrate().await });
    tokio::time::sleep(Duration::from_millis(1600)).await;
    other.execute("ROLLBACK").await.unwrap();
    migration.await.unwrap().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(1600), "{:?}", start.elapsed());
}

#[tokio::test]
#[ignore = "is the child process of writes_succeed_when_another_process_unlocks"]
async fn hold_the_lock() {
    let mut connection = SqliteConnection::connect(&child::url()).await.unwrap();
    connection.execute("BEGIN EXCLUSIVE").await.unwrap();
    println!("\nlocked");
    // The parent closes the stream.
    let _ = std::io::stdin().lines().count();
    connection.execute("ROLLBACK").await.unwrap();
    connection.close().await.unwrap();
}

/// The pages of a database in memory are limited here, because it has no disk.
#[tokio::test]
async fn database_in_memory_survives_a_full_one() {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let store = SqliteStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    let id = register(&store, "alice").await;
    for round in 0..3 {
        sqlx::query("PRAGMA max_page_count = 1").execute(&pool).await.unwrap();
        let mut account = new_account(&format!("id-{round}"), &format!("bob{round}"));
        account.password_hash = "x".repeat(1_000_000);
        let error = store.create(account).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::DiskFull, "{}", chain(&error));
        assert!(store.by_id(&id).await.unwrap().is_some(), "the data is there");
        sqlx::query("PRAGMA max_page_count = 1000000").execute(&pool).await.unwrap();
        register(&store, &format!("carol{round}")).await;
    }
    assert!(store.by_id(&id).await.unwrap().is_some());
    assert_eq!(pool.size(), 1);
}

#[tokio::test]
async fn busy_pool_is_named_as_the_cause() {
    let scratch = Scratch::new();
    let options = SqlitePoolOptions::new().max_connections(1);
    let options = options.acquire_timeout(Duration::from_millis(500));
    let pool = own_pool(&scratch.url("site.db?mode=rwc"), options).await;
    let store = SqliteStore::from_pool(pool.clone());
    store.migrate().await.unwrap();
    let held = pool.acquire().await.unwrap();
    let error = store.by_id(&AccountId::new("nobody")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NoConnection, "{}", chain(&error));
    assert!(chain(&error).contains("became free in time"), "{}", chain(&error));
    drop(held);
    assert!(store.by_id(&AccountId::new("nobody")).await.unwrap().is_none());
}

/// One call fails to connect. The others wait for their turn to connect, until the pool's timeout.
#[tokio::test]
async fn timeout_of_the_pool_names_the_failure_to_connect() {
    let scratch = Scratch::new();
    let url = scratch.url("site.db?mode=rwc");
    let mut locker = SqliteConnection::connect(&url).await.unwrap();
    locker.execute("CREATE TABLE own (id INTEGER); BEGIN EXCLUSIVE").await.unwrap();
    let busy = Duration::from_millis(600);
    let options = url.parse::<SqliteConnectOptions>().unwrap().busy_timeout(busy);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.acquire_timeout(Duration::from_secs(1));
    let pool = pool.connect_lazy_with(options.journal_mode(SqliteJournalMode::Wal));
    let store = SqliteStore::from_pool(pool);
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        tasks.spawn(async move { store.by_id(&AccountId::new("nobody")).await.unwrap_err() });
    }
    let errors = tasks.join_all().await;
    for error in &errors {
        assert_eq!(error.kind(), StoreErrorKind::Locked, "{}", chain(error));
        assert!(chain(error).contains("database is locked"), "{}", chain(error));
    }
    let waited = errors.iter().filter(|error| chain(error).contains("became free in time"));
    assert_ne!(waited.count(), 0);
    locker.execute("ROLLBACK").await.unwrap();
    store.migrate().await.unwrap();
}

/// A pool with the settings of `SqliteStore::open`.
async fn own_pool(url: &str, pool: SqlitePoolOptions) -> SqlitePool {
    let options = url.parse::<SqliteConnectOptions>().unwrap();
    let options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    pool.connect_with(options).await.unwrap()
}

/// Closes each connection of the pool. SQLite's files depend on the last one.
async fn close_idle(pool: &SqlitePool) {
    while pool.size() > 0 {
        match pool.try_acquire() {
            Some(connection) => connection.close().await.unwrap(),
            None => tokio::task::yield_now().await,
        }
    }
}

#[allow(clippy::print_stdout, reason = "the reason is part of the output of a test")]
fn skip(what: &str, reason: &str) {
    println!("skipped: {what}: {reason}");
}

/// Returns the reason if the command fails.
fn is_impossible(command: &[&str]) -> Option<String> {
    match Command::new(command[0]).args(&command[1..]).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("{}: {error}", command[0])),
    }
}
