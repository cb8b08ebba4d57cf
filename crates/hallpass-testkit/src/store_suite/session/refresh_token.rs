//! Keeping refresh tokens.

use std::time::Duration;

use hallpass_accounts::{
    AccountId, Administration, Change, Ended, Feed, NewSession, PasswordChange, Passwords, RefreshHash, Refreshes,
    Registration, Renewable, Renewal, Renewed, RenewedSession, SessionId, Sessions,
};
use hallpass_core::{Methods, UnixTime};

use crate::store_suite::fixture::{Reader, account, at, done, opened, own, raised, register, session_id, written};

/// The hash of a token, by its number.
pub fn token(number: u64) -> RefreshHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    RefreshHash::from_bytes(bytes)
}

/// Token `number` is presented, and the one behind it is to follow. Idle after 500 seconds, 30 of grace.
pub fn presenting(number: u64, at: UnixTime) -> Renewal {
    Renewal::new(token(number), token(number + 1), at, Duration::from_secs(500), Duration::from_secs(30))
}

/// Opens a session at second 10, whose first token is number 1: idle after second 510, over after `expires`.
pub async fn open_renewable<S: Sessions>(store: &S, id: &AccountId, number: u8, expires: UnixTime) -> SessionId {
    let session = session_id(number);
    let generation = account(store, id).await.generation();
    let methods = Methods::PASSWORD | Methods::ONE_TIME_CODE;
    let new = NewSession::new(session, id.clone(), generation, "Firefox".into(), at(10), expires)
        .with_renewable(Some(Renewable::new(token(1), at(510), methods)));
    opened(store.open(new).await.unwrap());
    session
}

async fn spend<S: Refreshes>(store: &S, session: &SessionId, number: u64, seconds: u64) -> RenewedSession {
    match store.renew(session, &presenting(number, at(seconds))).await.unwrap() {
        Renewed::Spent(session) => *session,
        other => panic!("token {number} at {seconds}: {other:?}"),
    }
}

pub async fn a_session_is_renewed_with_what_its_account_is_now<S>(store: &S)
where
    S: Refreshes + Registration + Administration,
{
    let id = register(store, "alice").await;
    let session = open_renewable(store, &id, 1, at(2000)).await;
    let renewed = spend(store, &session, 1, 400).await;
    assert_eq!(renewed.account.roles(), ["guest"]);
    assert_eq!((renewed.created, renewed.idle_until, renewed.expires), (at(10), at(900), at(2000)));
    assert_eq!(renewed.methods, Methods::PASSWORD | Methods::ONE_TIME_CODE);
    let listed = Sessions::list(store, &id, at(899)).await.unwrap();
    assert_eq!((listed[0].created, listed[0].renewed, listed[0].expires), (at(10), at(400), at(2000)));
    assert_eq!(Sessions::list(store, &id, at(900)).await.unwrap(), [], "idle");

    let raised = done(store.set_roles(&id, &["admin".to_owned()], None, at(500)).await.unwrap());
    let renewed = spend(store, &session, 2, 600).await;
    assert_eq!(renewed.account.roles(), ["admin"], "the session outlives a change of roles");
    assert_eq!(renewed.account.generation(), raised.generation());
}

pub async fn a_spent_token_leads_to_the_live_one_for_the_grace_alone<S>(store: &S)
where
    S: Refreshes + Registration + Feed,
{
    let id = register(store, "alice").await;
    let session = open_renewable(store, &id, 1, at(2000)).await;
    spend(store, &session, 1, 400).await;
    spend(store, &session, 2, 410).await;
    for (number, seconds) in [(1, 429), (2, 439)] {
        match store.renew(&session, &presenting(number, at(seconds))).await.unwrap() {
            Renewed::InGrace { live, session } => {
                assert_eq!(live, token(3));
                assert_eq!(session.idle_until, at(910), "nothing was written");
            }
            other => panic!("{other:?}"),
        }
    }
    let mut reader = Reader::new(store);
    assert_eq!(reader.news().await, []);
    let reused = store.renew(&session, &presenting(1, at(430))).await.unwrap();
    assert!(matches!(reused, Renewed::Reused { account } if account == id));
    assert_eq!(reader.news().await, [Change::SessionEnded { session, at: at(430) }]);
    assert_eq!(store.list(&id, at(430)).await.unwrap(), []);
    let live = store.renew(&session, &presenting(3, at(431))).await.unwrap();
    assert!(matches!(live, Renewed::Ended), "{live:?}");
    assert_eq!(reader.news().await, []);
}

pub async fn a_session_past_a_limit_ends<S>(store: &S)
where
    S: Refreshes + Registration + Feed,
{
    let id = register(store, "alice").await;
    let (idle, old) = (open_renewable(store, &id, 1, at(2000)).await, open_renewable(store, &id, 2, at(600)).await);
    let mut reader = Reader::new(store);
    spend(store, &old, 1, 500).await;
    for (session, number, seconds) in [(idle, 1, 510), (old, 2, 600)] {
        let over = store.renew(&session, &presenting(number, at(seconds))).await.unwrap();
        assert!(matches!(over, Renewed::Ended), "{over:?}");
        assert_eq!(reader.news().await, [Change::SessionEnded { session, at: at(seconds) }]);
        // A clock that is set back brings it to life no more.
        let back = store.renew(&session, &presenting(number, at(400))).await.unwrap();
        assert!(matches!(back, Renewed::Ended), "{back:?}");
    }
}

pub async fn a_clock_set_back_shortens_what_is_left<S>(store: &S)
where
    S: Refreshes + Registration,
{
    let id = register(store, "alice").await;
    let session = open_renewable(store, &id, 1, at(2000)).await;
    spend(store, &session, 1, 500).await;
    assert_eq!(spend(store, &session, 2, 200).await.expires, at(1700));
    assert_eq!(store.list(&id, at(200)).await.unwrap()[0].expires, at(1700));
}

pub async fn what_cannot_be_renewed_is_not<S>(store: &S)
where
    S: Refreshes + Registration + Administration + Feed,
{
    let id = register(store, "alice").await;
    let plain = NewSession::new(session_id(1), id.clone(), 0, "Firefox".into(), at(10), at(2000));
    opened(store.open(plain).await.unwrap());
    let disabled = open_renewable(store, &id, 2, at(2000)).await;
    let logged_out = open_renewable(store, &id, 3, at(2000)).await;
    assert_eq!(store.end(&id, &logged_out, None, at(20)).await.unwrap(), Ended::Ended);
    let mut reader = Reader::new(store);
    for session in [session_id(1), logged_out, session_id(9)] {
        let ended = store.renew(&session, &presenting(1, at(30))).await.unwrap();
        assert!(matches!(ended, Renewed::Ended), "{ended:?}");
    }
    assert_eq!(Sessions::list(store, &id, at(30)).await.unwrap().len(), 2, "nothing was written");
    done(store.set_disabled(&id, true, None, at(40)).await.unwrap());
    let _disabling = reader.news().await;
    let ended = store.renew(&disabled, &presenting(1, at(50))).await.unwrap();
    assert!(matches!(ended, Renewed::Ended), "{ended:?}");
    assert_eq!(reader.news().await, []);
}

pub async fn a_kept_session_begins_a_new_chain<S>(store: &S)
where
    S: Refreshes + Registration + Passwords + Feed,
{
    let id = register(store, "alice").await;
    let (kept, other) = (open_renewable(store, &id, 1, at(2000)).await, open_renewable(store, &id, 2, at(2000)).await);
    let first = Renewable::new(token(50), at(620), Methods::PASSWORD);
    let change = own(store, &id, Some(kept), at(120)).await.with_renewable(Some(first));
    let change = PasswordChange::new(change, "hash-0".into(), "hash-1".into());
    assert_eq!(written(store.change(change).await.unwrap()).generation(), 1);
    let ended = store.renew(&other, &presenting(1, at(121))).await.unwrap();
    assert!(matches!(ended, Renewed::Ended), "revoked in the transaction of the change: {ended:?}");
    assert_eq!(store.list(&id, at(120)).await.unwrap()[0].renewed, at(120));
    let renewed = spend(store, &kept, 50, 130).await;
    assert_eq!((renewed.created, renewed.expires), (at(10), at(2000)), "no longer than before");
    assert_eq!(renewed.methods, Methods::PASSWORD);

    let mut reader = Reader::new(store);
    assert_eq!(reader.news().await, [raised(&id, 1, at(120))]);
    let copy = store.renew(&kept, &presenting(1, at(131))).await.unwrap();
    assert!(matches!(copy, Renewed::Reused { .. }), "a copy of what went before: {copy:?}");
    assert_eq!(reader.news().await, [Change::SessionEnded { session: kept, at: at(131) }]);
}

pub async fn a_kept_session_without_a_new_token_is_not_refreshed<S>(store: &S)
where
    S: Refreshes + Registration,
{
    let id = register(store, "alice").await;
    let kept = open_renewable(store, &id, 1, at(2000)).await;
    written(store.end_others(&own(store, &id, Some(kept), at(100)).await).await.unwrap());
    let ended = store.renew(&kept, &presenting(1, at(110))).await.unwrap();
    assert!(matches!(ended, Renewed::Ended), "{ended:?}");
    assert_eq!(store.list(&id, at(120)).await.unwrap().len(), 1, "it stays listed");
}
