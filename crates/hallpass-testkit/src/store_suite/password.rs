//! Checks of writing password hashes.

pub mod reset;

use hallpass_accounts::{
    AccountId, PasswordChange, PasswordStore, RegistrationStore, ReplaceOutcome, RevocationLog,
    SessionStore,
};

use super::fixture::{
    Reader, account, at, is_written, open, open_sessions, own, register, revoked, written,
};

pub async fn an_upgrade_replaces_only_the_expected_hash<S>(store: &S)
where
    S: PasswordStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let session = open(store, &id, 1).await;
    let other = register(store, "bob").await;

    let stale = store.replace_hash(&id, "hash-9", "hash-1").await;
    assert_eq!(stale.unwrap(), ReplaceOutcome::Changed);
    assert_eq!(account(store, &id).await.password_hash(), "hash-0");

    let upgraded = store.replace_hash(&id, "hash-0", "hash-1").await;
    assert_eq!(upgraded.unwrap(), ReplaceOutcome::Replaced);
    assert_eq!(account(store, &id).await.password_hash(), "hash-1");
    assert_eq!(account(store, &id).await.generation(), 0, "tokens stay");
    assert_eq!(open_sessions(store, &id).await, [session]);
    assert_eq!(account(store, &other).await.password_hash(), "hash-0");
    assert_eq!(Reader::new(store).read_new().await, []);

    let unknown = store.replace_hash(&AccountId::new("?"), "hash-0", "x").await;
    assert_eq!(unknown.unwrap(), ReplaceOutcome::Changed);
}

pub async fn a_password_change_ends_what_was_before<S>(store: &S)
where
    S: PasswordStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    let here = open(store, &id, 1).await;
    open(store, &id, 2).await;
    let others = open(store, &other, 3).await;
    let mut log = Reader::new(store);

    let change = async |old: &str, new: &str, session| {
        PasswordChange::new(own(store, &id, session, at(30)).await, old.into(), new.into())
    };
    let stale = store.change(change("hash-9", "hash-1", None).await).await;
    assert!(!is_written(&stale.unwrap()));
    assert_eq!(account(store, &id).await.password_hash(), "hash-0");
    assert_eq!(open_sessions(store, &id).await.len(), 2);
    assert_eq!(log.read_new().await, []);

    let changed = store.change(change("hash-0", "hash-1", Some(here)).await).await;
    let now = written(changed.unwrap());
    assert_eq!((now.password_hash(), now.generation()), ("hash-1", 1));
    assert_eq!(open_sessions(store, &id).await, [here]);
    assert_eq!(log.read_new().await, [revoked(&id, 1, at(30))]);

    let changed = store.change(change("hash-1", "hash-2", None).await).await;
    assert_eq!(written(changed.unwrap()).generation(), 2);
    assert_eq!(open_sessions(store, &id).await, []);

    assert_eq!(account(store, &other).await.generation(), 0);
    assert_eq!(open_sessions(store, &other).await, [others]);
}
