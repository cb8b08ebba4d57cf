//! What an operator does.

use hallpass_accounts::{AccountId, Administration, CommandOutcome, Feed, Registration, Sessions};

use super::fixture::{Reader, account, at, done, name, open, open_sessions, raised, register};

pub async fn new_roles_void_the_tokens_with_the_old_ones<S>(store: &S)
where
    S: Administration + Registration + Sessions + Feed,
{
    let id = register(store, "alice").await;
    let session = open(store, &id, 1).await;
    let mut feed = Reader::new(store);
    let roles = ["moderator", "admin"].map(str::to_owned);

    let now = done(store.set_roles(&id, &roles, None, at(30)).await.unwrap());
    assert_eq!(now.roles(), account(store, &id).await.roles(), "the row as written");
    assert_eq!((now.roles(), now.generation()), (&roles[..], 1));
    assert_eq!(open_sessions(store, &id).await, [session], "a refresh brings the new roles");
    assert_eq!(feed.news().await, [raised(&id, 1, at(30))]);

    assert_eq!(done(store.set_roles(&id, &[], None, at(31)).await.unwrap()).generation(), 2);
    assert!(account(store, &id).await.roles().is_empty());
    feed.news().await;

    let unknown = store.set_roles(&AccountId::new("?"), &roles, None, at(32)).await;
    assert!(matches!(unknown.unwrap(), CommandOutcome::NotFound));
    assert_eq!(feed.news().await, []);
}

pub async fn a_disabled_account_has_no_session_left<S>(store: &S)
where
    S: Administration + Registration + Sessions + Feed,
{
    let id = register(store, "alice").await;
    open(store, &id, 1).await;
    let mut feed = Reader::new(store);

    assert_eq!(done(store.set_disabled(&id, true, None, at(30)).await.unwrap()).generation(), 1);
    assert!(account(store, &id).await.disabled());
    assert_eq!(open_sessions(store, &id).await, []);
    assert_eq!(feed.news().await, [raised(&id, 1, at(30))]);

    assert_eq!(done(store.set_disabled(&id, false, None, at(31)).await.unwrap()).generation(), 2);
    assert!(!account(store, &id).await.disabled());
    assert_eq!(feed.news().await, [raised(&id, 2, at(31))]);

    let unknown = store.set_disabled(&AccountId::new("?"), true, None, at(32)).await;
    assert!(matches!(unknown.unwrap(), CommandOutcome::NotFound));
}

pub async fn accounts_are_listed_by_key_in_pages<S>(store: &S)
where
    S: Administration + Registration,
{
    for username in ["carol", "Bob", "alice", "Ünal", "dave"] {
        register(store, username).await;
    }
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        let page = store.list(after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.username().clone());
        let names = page.iter().map(|account| account.username().to_string());
        pages.push(names.collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec!["alice", "Bob"], vec!["carol", "dave"], vec!["Ünal"]]);
    let behind_bob = store.list(Some(&name("BOB")), 100).await.unwrap();
    assert_eq!(behind_bob.len(), 3);
}
