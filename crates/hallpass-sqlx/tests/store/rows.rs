//! Checks on the tables, for facts that the traits do not expose.

use hallpass_accounts::{AccountStore, AdministrationStore, SessionStore};
use hallpass_sqlx::{SqlStore, SqliteStore, StoreErrorKind};
use sqlx::SqlitePool;

use crate::scratch::Scratch;
use hallpass_testkit::store_suite::fixture::{
    account, at, disable, done, enrol, open, register, session_id,
};

async fn store_and_tables(scratch: &Scratch) -> (SqliteStore, SqlitePool) {
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    (store, SqlitePool::connect(&scratch.url("site.db")).await.unwrap())
}

#[tokio::test]
async fn disabled_factor_leaves_no_rows() {
    let scratch = Scratch::new();
    let (store, tables) = store_and_tables(&scratch).await;
    let id = register(&store, "alice").await;
    enrol(&store, &id).await;
    let count = "SELECT (SELECT count(*) FROM hallpass_two_factor) + (SELECT count(*) FROM hallpass_recovery_codes)";
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&tables).await.unwrap(), 11);
    disable(&store, &id).await;
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&tables).await.unwrap(), 0);
}

#[tokio::test]
async fn expired_sessions_are_pruned_in_pieces() {
    let scratch = Scratch::new();
    let (store, tables) = store_and_tables(&scratch).await;
    let id = register(&store, "alice").await;
    for number in [1, 3, 4] {
        open(&store, &id, number).await;
    }
    let past = "UPDATE hallpass_sessions SET expires_at = created_at";
    sqlx::query(past).execute(&tables).await.unwrap();
    open(&store, &id, 2).await;
    for pruned in [2, 1, 0] {
        assert_eq!(SessionStore::prune(&store, at(30), 2).await.unwrap(), pruned);
    }
    let ids = sqlx::query_scalar::<_, String>("SELECT id FROM hallpass_sessions")
        .fetch_all(&tables)
        .await
        .unwrap();
    assert_eq!(ids, [session_id(2).to_string()]);
}

#[tokio::test]
async fn a_generation_does_not_wrap_around() {
    let scratch = Scratch::new();
    let (store, tables) = store_and_tables(&scratch).await;
    let id = register(&store, "alice").await;
    let highest = "UPDATE hallpass_account_state SET revoked_below = 4294967294";
    sqlx::query(highest).execute(&tables).await.unwrap();
    assert_eq!(
        done(store.set_roles(&id, &[], &[], None, at(1)).await.unwrap()).generation(),
        u32::MAX
    );
    let error = store.set_roles(&id, &["admin".to_owned()], &[], None, at(2)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Refused);
    let now = account(&store, &id).await;
    assert_eq!(
        (now.generation(), now.roles().len()),
        (u32::MAX, 0),
        "the roles are unchanged, too"
    );
}

#[tokio::test]
async fn unreadable_row_is_an_error() {
    let scratch = Scratch::new();
    let (store, tables) = store_and_tables(&scratch).await;
    let id = register(&store, "alice").await;
    for damage in [
        "UPDATE hallpass_accounts SET roles = '[1]'",
        "UPDATE hallpass_accounts SET roles = '[]', username = 'a b'",
        "UPDATE hallpass_accounts SET username = 'alice'; INSERT INTO hallpass_two_factor (account_id, encrypted, last_step) SELECT id, x'', -1 FROM hallpass_accounts",
    ] {
        sqlx::raw_sql(damage).execute(&tables).await.unwrap();
        let error = store.by_id(&id).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{damage}");
        assert!(std::error::Error::source(&error).is_some());
    }
    sqlx::query("DELETE FROM hallpass_two_factor").execute(&tables).await.unwrap();
    assert!(store.by_id(&id).await.unwrap().is_some());
}

#[tokio::test]
async fn stored_accounts_contain_the_rows_that_cannot_be_read() {
    let scratch = Scratch::new();
    let (store, tables) = store_and_tables(&scratch).await;
    for name in ["alice", "bob", "carol"] {
        register(&store, name).await;
    }
    let damage = "UPDATE hallpass_accounts SET roles = '[1]' WHERE username_key = 'bob'";
    sqlx::query(damage).execute(&tables).await.unwrap();
    assert!(AdministrationStore::list(&store, None, 10).await.is_err());

    let store = SqlStore::Sqlite(store);
    let rows = store.stored_accounts("", 10).await.unwrap();
    let read: Vec<_> = rows.iter().map(|row| (&*row.key, row.account.is_ok())).collect();
    assert_eq!(read, [("alice", true), ("bob", false), ("carol", true)]);
    let next = store.stored_accounts("bob", 10).await.unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].id, rows[2].id);

    let roles = store.stored_roles().await.unwrap();
    let counts: Vec<_> = roles.iter().map(|row| (row.roles.is_ok(), row.accounts)).collect();
    assert!(counts.contains(&(true, 2)) && counts.contains(&(false, 1)), "{counts:?}");
}

#[tokio::test]
async fn try_write_fails_on_a_locked_file_and_changes_nothing() {
    let scratch = Scratch::new();
    let (store, tables) = store_and_tables(&scratch).await;
    let steps = "SELECT group_concat(step || name) FROM hallpass_migrations";
    let before: String = sqlx::query_scalar(steps).fetch_one(&tables).await.unwrap();
    let store = SqlStore::Sqlite(store);
    store.try_write().await.unwrap();
    let after: String = sqlx::query_scalar(steps).fetch_one(&tables).await.unwrap();
    assert_eq!(after, before);
    let lock = tables.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.try_write().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Locked);
    lock.rollback().await.unwrap();
    store.try_write().await.unwrap();
}
