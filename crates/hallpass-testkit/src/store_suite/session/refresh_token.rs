//! Checks of refresh tokens.

use std::time::Duration;

use hallpass_accounts::{
    AccountId, AdministrationStore, EndOutcome, NewSession, PasswordChange, PasswordStore,
    RefreshChain, RefreshHash, RefreshOutcome, RefreshTokenStore, RefreshedSession,
    RegistrationStore, Revocation, RevocationLog, Rotation, SessionId, SessionStore,
};
use hallpass_core::{Methods, UnixTime};

use crate::store_suite::fixture::{
    Reader, account, at, done, opened, own, register, revoked, session_id, written,
};

/// Returns the hash of a token, by its number.
pub fn token(number: u64) -> RefreshHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    RefreshHash::from_bytes(bytes)
}

/// Returns a rotation that presents token `number`, with the next number as its successor. The idle
/// time is 500 seconds, and the grace period 30 seconds.
pub fn presenting(number: u64, at: UnixTime) -> Rotation {
    Rotation::new(
        token(number),
        token(number + 1),
        at,
        Duration::from_secs(500),
        Duration::from_secs(30),
    )
}

/// Opens a session at second 10. Its first token is number 1. The session ends at second 510 if it
/// is not refreshed before, and at `expires` in any case.
pub async fn open_renewable<S: SessionStore>(
    store: &S,
    id: &AccountId,
    number: u8,
    expires: UnixTime,
) -> SessionId {
    let session = session_id(number);
    let generation = account(store, id).await.generation();
    let methods = Methods::PASSWORD | Methods::ONE_TIME_CODE;
    let new = NewSession::new(session, id.clone(), generation, "Firefox".into(), at(10), expires)
        .with_refresh_chain(Some(RefreshChain::new(token(1), at(510), methods)));
    opened(store.open(new).await.unwrap());
    session
}

pub async fn consume<S: RefreshTokenStore>(
    store: &S,
    session: &SessionId,
    number: u64,
    seconds: u64,
) -> RefreshedSession {
    match store.refresh(session, &presenting(number, at(seconds))).await.unwrap() {
        RefreshOutcome::Consumed(session) => *session,
        other => panic!("token {number} at {seconds}: {other:?}"),
    }
}

pub async fn a_refresh_returns_the_current_account<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore + AdministrationStore,
{
    let id = register(store, "alice").await;
    let session = open_renewable(store, &id, 1, at(2000)).await;
    let refreshed = consume(store, &session, 1, 400).await;
    assert_eq!(refreshed.account.roles(), ["guest"]);
    assert_eq!(
        (refreshed.created, refreshed.idle_until, refreshed.expires),
        (at(10), at(900), at(2000))
    );
    assert_eq!(refreshed.methods, Methods::PASSWORD | Methods::ONE_TIME_CODE);
    let listed = SessionStore::list(store, &id, at(899)).await.unwrap();
    assert_eq!(
        (listed[0].created, listed[0].refreshed, listed[0].expires),
        (at(10), at(400), at(2000))
    );
    assert_eq!(SessionStore::list(store, &id, at(900)).await.unwrap(), [], "idle");

    let raised =
        done(store.set_roles(&id, &["admin".to_owned()], &[], None, at(500)).await.unwrap());
    let refreshed = consume(store, &session, 2, 600).await;
    assert_eq!(refreshed.account.roles(), ["admin"], "the session outlives a change of roles");
    assert_eq!(refreshed.account.generation(), raised.generation());
}

pub async fn a_consumed_token_is_accepted_within_the_grace_period_only<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let session = open_renewable(store, &id, 1, at(2000)).await;
    consume(store, &session, 1, 400).await;
    consume(store, &session, 2, 410).await;
    for (number, seconds) in [(1, 429), (2, 439)] {
        match store.refresh(&session, &presenting(number, at(seconds))).await.unwrap() {
            RefreshOutcome::InGrace { live, consumed, session } => {
                assert_eq!((live, consumed), (token(3), at(390 + 10 * number)));
                assert_eq!(session.idle_until, at(910), "nothing was written");
            }
            other => panic!("{other:?}"),
        }
    }
    let mut reader = Reader::new(store);
    assert_eq!(reader.read_new().await, []);
    let reused = store.refresh(&session, &presenting(1, at(430))).await.unwrap();
    assert!(matches!(reused, RefreshOutcome::Reused { account } if account == id));
    assert_eq!(reader.read_new().await, [Revocation::SessionEnded { session, at: at(430) }]);
    assert_eq!(store.list(&id, at(430)).await.unwrap(), []);
    let live = store.refresh(&session, &presenting(3, at(431))).await.unwrap();
    assert!(matches!(live, RefreshOutcome::Ended), "{live:?}");
    assert_eq!(reader.read_new().await, []);
}

pub async fn a_lost_token_is_replaced_and_not_accepted<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let session = open_renewable(store, &id, 1, at(2000)).await;
    consume(store, &session, 1, 400).await;
    let mut reader = Reader::new(store);
    let late = presenting(1, at(435));
    match store.refresh(&session, &late).await.unwrap() {
        RefreshOutcome::Lost { live, account } => assert_eq!((live, account), (token(2), id)),
        other => panic!("{other:?}"),
    }
    let wrong = late.clone().replacing(token(8), token(9));
    let lost = store.refresh(&session, &wrong).await.unwrap();
    assert!(matches!(lost, RefreshOutcome::Lost { .. }), "another token is live: {lost:?}");
    let replacing = late.replacing(token(2), token(3));
    match store.refresh(&session, &replacing).await.unwrap() {
        RefreshOutcome::Consumed(session) => assert_eq!(session.idle_until, at(935)),
        other => panic!("{other:?}"),
    }
    match store.refresh(&session, &replacing).await.unwrap() {
        RefreshOutcome::InGrace { live, .. } => assert_eq!(live, token(3), "another tab"),
        other => panic!("{other:?}"),
    }
    assert_eq!(reader.read_new().await, [], "the session continues");
    let copied = store.refresh(&session, &presenting(2, at(440))).await.unwrap();
    assert!(matches!(copied, RefreshOutcome::Reused { .. }), "it was not lost: {copied:?}");
    assert_eq!(reader.read_new().await, [Revocation::SessionEnded { session, at: at(440) }]);
}

pub async fn a_session_past_a_limit_ends<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let (idle, old) = (
        open_renewable(store, &id, 1, at(2000)).await,
        open_renewable(store, &id, 2, at(600)).await,
    );
    let mut reader = Reader::new(store);
    consume(store, &old, 1, 500).await;
    for (session, number, seconds) in [(idle, 1, 510), (old, 2, 600)] {
        let over = store.refresh(&session, &presenting(number, at(seconds))).await.unwrap();
        assert!(matches!(over, RefreshOutcome::Ended), "{over:?}");
        assert_eq!(
            reader.read_new().await,
            [Revocation::SessionEnded { session, at: at(seconds) }]
        );
        // A clock that is set back does not restore the session.
        let back = store.refresh(&session, &presenting(number, at(400))).await.unwrap();
        assert!(matches!(back, RefreshOutcome::Ended), "{back:?}");
    }
}

pub async fn a_clock_set_back_shortens_what_is_left<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore,
{
    let id = register(store, "alice").await;
    let session = open_renewable(store, &id, 1, at(2000)).await;
    consume(store, &session, 1, 500).await;
    assert_eq!(consume(store, &session, 2, 200).await.expires, at(1700));
    assert_eq!(store.list(&id, at(200)).await.unwrap()[0].expires, at(1700));
}

pub async fn sessions_that_cannot_be_refreshed_are_rejected<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore + AdministrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let plain = NewSession::new(session_id(1), id.clone(), 0, "Firefox".into(), at(10), at(2000));
    opened(store.open(plain).await.unwrap());
    let disabled = open_renewable(store, &id, 2, at(2000)).await;
    let logged_out = open_renewable(store, &id, 3, at(2000)).await;
    assert_eq!(store.end(&id, &logged_out, None, at(20)).await.unwrap(), EndOutcome::Ended);
    let mut reader = Reader::new(store);
    for session in [session_id(1), logged_out, session_id(9)] {
        let ended = store.refresh(&session, &presenting(1, at(30))).await.unwrap();
        assert!(matches!(ended, RefreshOutcome::Ended), "{ended:?}");
    }
    assert_eq!(
        SessionStore::list(store, &id, at(30)).await.unwrap().len(),
        2,
        "nothing was written"
    );
    done(store.set_disabled(&id, true, &[], None, at(40)).await.unwrap());
    let _disabling = reader.read_new().await;
    let ended = store.refresh(&disabled, &presenting(1, at(50))).await.unwrap();
    assert!(matches!(ended, RefreshOutcome::Ended), "{ended:?}");
    assert_eq!(reader.read_new().await, []);
}

pub async fn a_kept_session_begins_a_new_chain<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore + PasswordStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let (kept, other) = (
        open_renewable(store, &id, 1, at(2000)).await,
        open_renewable(store, &id, 2, at(2000)).await,
    );
    let first = RefreshChain::new(token(50), at(620), Methods::PASSWORD);
    let change = own(store, &id, Some(kept), at(120)).await.with_refresh_chain(Some(first));
    let change = PasswordChange::new(change, "hash-0".into(), "hash-1".into());
    assert_eq!(written(store.change(change).await.unwrap()).generation(), 1);
    let ended = store.refresh(&other, &presenting(1, at(121))).await.unwrap();
    assert!(
        matches!(ended, RefreshOutcome::Ended),
        "revoked in the transaction of the change: {ended:?}"
    );
    assert_eq!(store.list(&id, at(120)).await.unwrap()[0].refreshed, at(120));
    let refreshed = consume(store, &kept, 50, 130).await;
    assert_eq!((refreshed.created, refreshed.expires), (at(10), at(2000)), "no longer than before");
    assert_eq!(refreshed.methods, Methods::PASSWORD);

    let mut reader = Reader::new(store);
    assert_eq!(reader.read_new().await, [revoked(&id, 1, at(120))]);
    match store.refresh(&kept, &presenting(1, at(149))).await.unwrap() {
        RefreshOutcome::InGrace { live, consumed, .. } => {
            assert_eq!((live, consumed), (token(51), at(120)), "a tab that refreshed meanwhile");
        }
        other => panic!("{other:?}"),
    }
    let copy = store.refresh(&kept, &presenting(1, at(150))).await.unwrap();
    assert!(
        matches!(copy, RefreshOutcome::Reused { .. }),
        "a copy of the previous token: {copy:?}"
    );
    assert_eq!(reader.read_new().await, [Revocation::SessionEnded { session: kept, at: at(150) }]);
}

pub async fn a_kept_session_without_a_new_token_is_not_refreshed<S>(store: &S)
where
    S: RefreshTokenStore + RegistrationStore,
{
    let id = register(store, "alice").await;
    let kept = open_renewable(store, &id, 1, at(2000)).await;
    written(store.end_others(&own(store, &id, Some(kept), at(100)).await).await.unwrap());
    let ended = store.refresh(&kept, &presenting(1, at(110))).await.unwrap();
    assert!(matches!(ended, RefreshOutcome::Ended), "{ended:?}");
    assert_eq!(store.list(&id, at(120)).await.unwrap().len(), 1, "it stays listed");
}
