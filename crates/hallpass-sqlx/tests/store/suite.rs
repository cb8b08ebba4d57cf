//! What any store must do. Each check takes a store that is empty, and asks for the traits that it needs alone.
//!
//! The races take several stores over the same data, as several processes would be. They are in `races`.

pub(crate) mod accounts;
pub(crate) mod administration;
pub(crate) mod attempts;
pub(crate) mod feed;
pub(crate) mod passwords;
pub(crate) mod races;
pub(crate) mod second_factors;
pub(crate) mod sessions;

use hallpass_core::UnixTime;
use hallpass_signin::{
    Account, AccountId, Accounts, Change, Cursor, Enabled, Enrolment, Feed, NewAccount, NewSession, RecoveryCode,
    RecoveryHash, Registered, Registration, SecondFactors, SessionId, SessionOpened, Sessions, Username,
};

/// Seconds after some moment of 2026.
pub(crate) fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(1_790_000_000 + seconds)
}

pub(crate) fn name(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub(crate) fn session_id(number: u8) -> SessionId {
    SessionId::from_random([number; 16])
}

pub(crate) fn recovery_hash(number: u8) -> RecoveryHash {
    RecoveryCode::from_random([number; 20]).hash()
}

pub(crate) fn new_account(id: &str, username: &str) -> NewAccount {
    let roles = vec!["guest".to_owned()];
    NewAccount::new(AccountId::new(id), name(username), "hash-0".into(), roles, at(0))
}

/// Registers an account. Its id is the name, in front of which stands `id-`.
pub(crate) async fn register<S: Registration>(store: &S, username: &str) -> AccountId {
    let account = new_account(&format!("id-{username}"), username);
    match store.create(account).await.unwrap() {
        Registered::Created(id) => id,
        Registered::NameTaken => panic!("{username} is taken: the store was not empty"),
    }
}

pub(crate) async fn account<S: Accounts>(store: &S, id: &AccountId) -> Account {
    store.by_id(id).await.unwrap().unwrap()
}

/// Opens a session at second 10, which lasts until second 1000.
pub(crate) async fn open<S: Sessions>(store: &S, id: &AccountId, number: u8) -> SessionId {
    let session = session_id(number);
    let generation = account(store, id).await.generation();
    let new = NewSession::new(session, id.clone(), generation, "Firefox".into(), at(10), at(1000));
    assert_eq!(store.open(new).await.unwrap(), SessionOpened::Opened);
    session
}

pub(crate) async fn open_sessions<S: Sessions>(store: &S, id: &AccountId) -> Vec<SessionId> {
    let sessions = store.list(id, at(20)).await.unwrap();
    sessions.iter().map(|session| session.id).collect()
}

/// An enrolment at step 100, with ten recovery codes.
pub(crate) async fn enrolment<S: Accounts>(store: &S, id: &AccountId) -> Enrolment {
    let generation = account(store, id).await.generation();
    let codes = (0..10).map(recovery_hash).collect();
    Enrolment::new(id.clone(), generation, b"sealed".to_vec(), 100, codes, None, at(5))
}

pub(crate) async fn enrol<S: SecondFactors>(store: &S, id: &AccountId) {
    let enabled = store.enable(enrolment(store, id).await).await.unwrap();
    assert!(matches!(enabled, Enabled::Live { .. }));
}

/// The whole feed behind the cursor.
pub(crate) async fn feed_since<S: Feed>(store: &S, mut cursor: Cursor) -> (Vec<Change>, Cursor) {
    let mut all = Vec::new();
    loop {
        let stretch = store.since(cursor).await.unwrap();
        if stretch.changes.is_empty() {
            assert_eq!(stretch.cursor, cursor, "no news, yet another cursor");
            return (all, cursor);
        }
        assert_ne!(stretch.cursor, cursor, "news, yet the same cursor");
        all.extend(stretch.changes);
        cursor = stretch.cursor;
    }
}

/// What the feed says about one thing that was just done: the changes since the cursor, which moves on.
pub(crate) async fn news<S: Feed>(store: &S, cursor: &mut Cursor) -> Vec<Change> {
    let (changes, next) = feed_since(store, *cursor).await;
    *cursor = next;
    changes
}

pub(crate) fn raised(account: &AccountId, generation: u32, at: UnixTime) -> Change {
    Change::Generation { account: account.clone(), generation, at }
}
