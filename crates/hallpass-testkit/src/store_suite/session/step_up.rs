//! Checks of the proof that a change of a credential needs (step-up), and of confirmations.
//!
//! The changes are those of a session that was confirmed at second 100 and whose live refresh token
//! is number 1.

use std::time::Duration;

use hallpass_accounts::{
    AccountId, Actor, Confirmation, EndOutcome, KeptSession, NewSession, OwnChange,
    OwnChangeOutcome, PasswordStore, PresentedRefresh, RefreshChain, RefreshTokenStore,
    RegistrationStore, RevocationLog, SessionId, SessionStore, TwoFactorStore,
};
use hallpass_core::{Methods, UnixTime};

use crate::store_suite::{
    account::own_change::Own,
    fixture::{
        Reader, account, actor, at, enrol, is_written, open, opened, own, register, session_id,
        written,
    },
    session::refresh_token::{consume, open_renewable, presenting, token},
};

/// The session's methods, and the time of its last full proof.
type Proof = (Methods, Option<UnixTime>);

fn full() -> Methods {
    Methods::PASSWORD | Methods::ONE_TIME_CODE
}

/// Opens a session with this proof, whose live refresh token is number 1.
async fn open_proved<S: SessionStore>(
    store: &S,
    id: &AccountId,
    number: u8,
    (methods, authenticated_at): Proof,
) -> SessionId {
    let session = session_id(number);
    let generation = account(store, id).await.generation();
    let new = NewSession::new(session, id.clone(), generation, "".into(), at(10), at(9000))
        .with_authenticated_at(authenticated_at)
        .with_refresh_chain(Some(RefreshChain::new(token(1), at(5000), methods)));
    opened(store.open(new).await.unwrap());
    session
}

/// A request at second 500 that presents this token. The grace period is 30 seconds.
fn presented(number: u64) -> PresentedRefresh {
    PresentedRefresh::new(token(number), at(500), Duration::from_secs(30))
}

/// Returns an own change of the session that requires a confirmation since second 100.
async fn decided<S: SessionStore>(
    store: &S,
    id: &AccountId,
    session: SessionId,
    refresh: Option<PresentedRefresh>,
) -> OwnChange {
    let mut change = own(store, id, Some(session), at(500)).await;
    change.actor = change.actor.with_refresh(refresh).with_recent(Some(at(100)));
    change
}

pub async fn a_recent_confirmation_counts_with_its_refresh_token_only<S>(store: &S)
where
    S: RegistrationStore + PasswordStore + TwoFactorStore + RefreshTokenStore + RevocationLog,
{
    let right: Proof = (full(), Some(at(100)));
    let cases: [(&str, Proof, Option<PresentedRefresh>); 6] = [
        ("no refresh token", right, None),
        ("another refresh token", right, Some(presented(2))),
        ("a confirmation that is too old", (full(), Some(at(99))), Some(presented(1))),
        ("a confirmation in the future", (full(), Some(at(561))), Some(presented(1))),
        ("no confirmation", (full(), None), Some(presented(1))),
        ("a login without the factor", (Methods::PASSWORD, Some(at(100))), Some(presented(1))),
    ];
    let mut number = 0;
    for change in Own::ALL {
        for (case, proof, refresh) in &cases {
            let id = register(store, &format!("user{number}")).await;
            let has_factor = change.needs_factor();
            if has_factor {
                enrol(store, &id).await;
            }
            let session = open_proved(store, &id, number, *proof).await;
            number += 1;
            let what = format!("{change:?}: {case}");
            let before = account(store, &id).await;
            let (mut log, change_of) =
                (Reader::new(store), decided(store, &id, session, refresh.clone()).await);
            log.read_new().await;
            let outcome = change.make(store, change_of).await;
            // Without a factor, the password is the full proof.
            if *case == "a login without the factor" && !has_factor {
                assert!(is_written(&outcome), "{what}");
                continue;
            }
            assert!(!is_written(&outcome), "{what}");
            assert_eq!(format!("{:?}", account(store, &id).await), format!("{before:?}"), "{what}");
            assert_eq!(log.read_new().await, [], "{what}");
            let accepted = decided(store, &id, session, Some(presented(1))).await;
            if *proof == right {
                assert!(is_written(&change.make(store, accepted).await), "{what}: with the token");
            }
        }
    }
}

pub async fn a_predecessor_counts_within_the_grace_period<S>(store: &S)
where
    S: RegistrationStore + RefreshTokenStore,
{
    let id = register(store, "alice").await;
    let session = open_proved(store, &id, 1, (full(), Some(at(100)))).await;
    for (number, consumed) in [(1, 400), (2, 480)] {
        let rotation = presenting(number, at(consumed));
        let _consumed = store.refresh(&session, &rotation).await.unwrap();
    }
    for (number, expected, what) in [
        (1, false, "consumed 100 seconds ago"),
        (2, true, "consumed 20 seconds ago"),
        (2, false, "the change has ended the chain"),
    ] {
        let change = decided(store, &id, session, Some(presented(number))).await;
        assert_eq!(is_written(&store.end_others(&change).await.unwrap()), expected, "{what}");
    }
}

pub async fn a_session_is_ended_with_a_proof_only<S>(store: &S)
where
    S: RegistrationStore + RefreshTokenStore,
{
    let id = register(store, "alice").await;
    let session = open_proved(store, &id, 1, (full(), Some(at(100)))).await;
    let other = open(store, &id, 2).await;
    for (refresh, expected) in [
        (None, EndOutcome::ActorChanged),
        (Some(presented(2)), EndOutcome::ActorChanged),
        (Some(presented(1)), EndOutcome::Ended),
    ] {
        let by = decided(store, &id, session, refresh).await.actor;
        assert_eq!(store.end(&id, &other, Some(&by), at(500)).await.unwrap(), expected);
    }
}

async fn confirm<S: SessionStore>(store: &S, by: Actor, seconds: u64) -> OwnChangeOutcome {
    store.confirm(&Confirmation::new(by, full(), at(seconds))).await.unwrap()
}

pub async fn a_confirmation_changes_the_session_and_revokes_nothing<S>(store: &S)
where
    S: RegistrationStore + RefreshTokenStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let session = open_proved(store, &id, 1, (Methods::PASSWORD, None)).await;
    let other = open_renewable(store, &id, 2, at(9000)).await;
    let mut log = Reader::new(store);
    let by = actor(store, &id, Some(session)).await;
    let OwnChangeOutcome::Written(now, kept) = confirm(store, by, 200).await else {
        panic!("the session is live");
    };
    assert_eq!(now.generation(), 0);
    assert_eq!(kept, Some(KeptSession::new(Some(at(200)), at(9000))));
    assert_eq!(log.read_new().await, []);
    let refreshed = consume(store, &session, 1, 300).await;
    assert_eq!((refreshed.methods, refreshed.authenticated_at), (full(), Some(at(200))));
    assert_eq!((refreshed.created, refreshed.expires), (at(10), at(9000)));
    let others = consume(store, &other, 1, 300).await;
    assert_eq!(others.authenticated_at, None, "another session of the account");
}

pub async fn a_confirmation_needs_a_live_session<S>(store: &S)
where
    S: RegistrationStore + RefreshTokenStore,
{
    let id = register(store, "alice").await;
    let eve = register(store, "eve").await;
    let session = open_proved(store, &id, 1, (full(), None)).await;
    let own = actor(store, &id, Some(session)).await;
    let foreign = actor(store, &eve, Some(session)).await;
    let unknown = actor(store, &id, Some(session_id(9))).await;
    for by in [foreign, unknown] {
        assert!(!is_written(&confirm(store, by, 200).await));
    }
    written(store.end_others(&OwnChange::new(own.clone(), at(250))).await.unwrap());
    assert!(!is_written(&confirm(store, own, 300).await), "the account has changed");
    assert_eq!(store.end(&id, &session, None, at(310)).await.unwrap(), EndOutcome::Ended);
    let ended = actor(store, &id, Some(session)).await;
    assert!(!is_written(&confirm(store, ended, 320).await), "the session has ended");
}

pub async fn a_change_writes_the_time_of_its_proof<S>(store: &S)
where
    S: RegistrationStore + RefreshTokenStore,
{
    let id = register(store, "alice").await;
    let session = open_proved(store, &id, 1, (full(), Some(at(100)))).await;
    for (proof, seconds, expected) in [(None, 500, at(100)), (Some(at(600)), 600, at(600))] {
        let chain = RefreshChain::new(token(seconds), at(5000), full());
        let change = own(store, &id, Some(session), at(seconds))
            .await
            .with_refresh_chain(Some(chain))
            .with_authenticated_at(proof);
        let OwnChangeOutcome::Written(_, kept) = store.end_others(&change).await.unwrap() else {
            panic!("the session is live");
        };
        assert_eq!(kept, Some(KeptSession::new(Some(expected), at(9000))));
        let refreshed = consume(store, &session, seconds, seconds + 1).await;
        assert_eq!(refreshed.authenticated_at, Some(expected));
    }
}
