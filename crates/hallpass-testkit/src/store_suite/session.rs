//! Checks of sessions.

use hallpass_accounts::{
    AccountId, AdministrationStore, CommandOutcome, EndOutcome, NewSession, OpenOutcome,
    RegistrationStore, Revocation, RevocationLog, SessionStore,
};

use super::fixture::{
    Reader, account, at, done, open, open_sessions, opened, own, register, revoked, session_id,
    written,
};

pub mod refresh_token;
pub mod step_up;

pub async fn sessions_are_listed_newest_first_until_they_expire<S>(store: &S)
where
    S: SessionStore + RegistrationStore,
{
    let id = register(store, "alice").await;
    for (number, begins, ends) in [(1, 10, 100), (2, 30, 50), (3, 20, 100)] {
        let device = format!("Browser {number} <b>");
        let session = session_id(number);
        let new = NewSession::new(session, id.clone(), 0, device, at(begins), at(ends));
        assert_eq!(opened(store.open(new).await.unwrap()).roles(), ["guest"]);
    }
    let listed = store.list(&id, at(49)).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|session| session.id).collect();
    assert_eq!(ids, [2, 3, 1].map(session_id));
    let newest = &listed[0];
    assert_eq!(newest.device, "Browser 2 <b>");
    assert_eq!((newest.created, newest.refreshed, newest.expires), (at(30), at(30), at(50)));
    let later = store.list(&id, at(50)).await.unwrap();
    assert_eq!(later.len(), 2, "a session that expires at 50 is over at 50");
    assert_eq!(store.list(&AccountId::new("?"), at(0)).await.unwrap(), []);
}

pub async fn no_session_opens_on_an_account_that_changed<S>(store: &S)
where
    S: SessionStore + RegistrationStore + AdministrationStore,
{
    let id = register(store, "alice").await;
    let new = |generation, account: &AccountId| {
        let device = String::new();
        NewSession::new(session_id(1), account.clone(), generation, device, at(10), at(99))
    };
    for wrong in [new(1, &id), new(0, &AccountId::new("nobody"))] {
        let opened = store.open(wrong).await.unwrap();
        assert!(matches!(opened, OpenOutcome::AccountChanged));
    }
    done(store.set_disabled(&id, true, &[], None, at(1)).await.unwrap());
    let disabled = store.open(new(1, &id)).await.unwrap();
    assert!(matches!(disabled, OpenOutcome::AccountChanged), "disabled");
    assert_eq!(open_sessions(store, &id).await, []);
    done(store.set_disabled(&id, false, &[], None, at(2)).await.unwrap());
    assert_eq!(opened(store.open(new(2, &id)).await.unwrap()).generation(), 2);
}

/// Each login opens a session. The one that was idle for the longest time ends, and no other.
pub async fn sessions_above_the_limit_end_by_idle_time<S>(store: &S)
where
    S: SessionStore + RegistrationStore + RevocationLog,
{
    let (id, other) = (register(store, "alice").await, register(store, "bob").await);
    let foreign = open(store, &other, 9).await;
    let mut log = Reader::new(store);
    // Session 2 is the oldest one, and session 1 comes next.
    for (number, seconds, ended) in
        [(1, 20, vec![]), (2, 10, vec![]), (3, 30, vec![]), (4, 40, vec![2]), (5, 5, vec![1])]
    {
        let (session, device) = (session_id(number), String::new());
        let new = NewSession::new(session, id.clone(), 0, device, at(seconds), at(1000));
        let ended: Vec<_> = ended.into_iter().map(session_id).collect();
        match store.open(new.with_limit(3)).await.unwrap() {
            OpenOutcome::Opened { ended: excess, .. } => assert_eq!(excess, ended, "{number}"),
            OpenOutcome::AccountChanged => panic!("the session was not opened"),
        }
        let logged: Vec<_> = ended
            .into_iter()
            .map(|session| Revocation::SessionEnded { session, at: at(seconds) })
            .collect();
        assert_eq!(log.read_new().await, logged);
    }
    let left: Vec<_> = store.list(&id, at(50)).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(left, [4, 3, 5].map(session_id), "the new session stays, whatever its time is");
    assert_eq!(open_sessions(store, &other).await, [foreign]);

    // A lower limit ends several.
    let new = NewSession::new(session_id(6), id.clone(), 0, String::new(), at(60), at(1000));
    match store.open(new.with_limit(1)).await.unwrap() {
        OpenOutcome::Opened { ended, .. } => assert_eq!(ended.len(), 3),
        OpenOutcome::AccountChanged => panic!("the session was not opened"),
    }
    assert_eq!(store.list(&id, at(60)).await.unwrap().len(), 1);
}

pub async fn a_session_is_ended_by_its_own_account_alone<S>(store: &S)
where
    S: SessionStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    let session = open(store, &id, 1).await;
    let stays = open(store, &id, 2).await;
    let mut log = Reader::new(store);

    let foreign = store.end(&other, &session, None, at(20)).await.unwrap();
    assert_eq!(foreign, EndOutcome::NotFound);
    assert_eq!(open_sessions(store, &id).await.len(), 2);
    assert_eq!(log.read_new().await, []);

    assert_eq!(store.end(&id, &session, None, at(20)).await.unwrap(), EndOutcome::Ended);
    let ended = Revocation::SessionEnded { session, at: at(20) };
    assert_eq!(log.read_new().await, [ended]);
    assert_eq!(open_sessions(store, &id).await, [stays]);
    assert_eq!(account(store, &id).await.generation(), 0);

    let again = store.end(&id, &session, None, at(21)).await.unwrap();
    assert_eq!(again, EndOutcome::NotFound);
    assert_eq!(log.read_new().await, []);
}

pub async fn log_out_everywhere_raises_the_generation<S>(store: &S)
where
    S: SessionStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    let here = open(store, &id, 1).await;
    open(store, &id, 2).await;
    let others = open(store, &other, 3).await;
    let mut log = Reader::new(store);

    let others_ended = store.end_others(&own(store, &id, Some(here), at(20)).await).await.unwrap();
    assert_eq!(written(others_ended).generation(), 1);
    assert_eq!(open_sessions(store, &id).await, [here]);
    assert_eq!(log.read_new().await, [revoked(&id, 1, at(20))]);

    assert_eq!(done(store.end_all(&id, None, at(21)).await.unwrap()).generation(), 2);
    assert_eq!(open_sessions(store, &id).await, []);
    assert_eq!(log.read_new().await, [revoked(&id, 2, at(21))]);

    assert_eq!(open_sessions(store, &other).await, [others]);
    let unknown = store.end_all(&AccountId::new("?"), None, at(22)).await;
    assert!(matches!(unknown.unwrap(), CommandOutcome::NotFound));
    assert_eq!(log.read_new().await, []);
}
