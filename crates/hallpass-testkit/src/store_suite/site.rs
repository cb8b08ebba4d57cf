//! Checks of the facts of the site.

use hallpass_accounts::{
    Actor, AdministrationStore, EndOutcome, Incarnation, KeyCheck, OwnChange, RefreshOutcome,
    RefreshTokenStore, RegistrationStore, Revocation, RevocationLog, SessionStore, SiteStore,
};

use super::{
    fixture::{Reader, account, at, open, open_sessions, own, register},
    session::refresh_token::{open_renewable, presenting},
};

pub async fn a_raised_epoch_ends_every_session<S>(store: &S)
where
    S: RegistrationStore + RefreshTokenStore + SiteStore + RevocationLog,
{
    let (alice, bob) = (register(store, "alice").await, register(store, "bob").await);
    open(store, &alice, 1).await;
    let session = open_renewable(store, &bob, 2, at(10_000)).await;
    let mut log = Reader::new(store);
    log.read_new().await;

    let epoch = store.raise_epoch(at(500)).await.unwrap();
    assert_eq!(epoch, at(500).as_secs());
    assert_eq!(log.read_new().await, [Revocation::EpochRaised { epoch, at: at(500) }]);
    assert_eq!(account(store, &alice).await.epoch(), epoch);
    for id in [&alice, &bob] {
        assert_eq!(open_sessions(store, id).await, []);
    }
    let refreshed = store.refresh(&session, &presenting(1, at(501))).await.unwrap();
    assert!(matches!(refreshed, RefreshOutcome::Ended), "{refreshed:?}");

    let renewed = open_renewable(store, &bob, 3, at(10_000)).await;
    let refreshed = store.refresh(&renewed, &presenting(1, at(502))).await.unwrap();
    assert!(matches!(refreshed, RefreshOutcome::Consumed(_)), "{refreshed:?}");
}

pub async fn an_epoch_is_raised_past_the_old_one_and_the_time<S: SiteStore>(store: &S) {
    let first = at(500).as_secs();
    assert_eq!(store.raise_epoch(at(500)).await.unwrap(), first);
    assert_eq!(store.raise_epoch(at(500)).await.unwrap(), first + 1);
    assert_eq!(store.raise_epoch(at(3)).await.unwrap(), first + 2, "the clock was set back");
    assert_eq!(store.raise_epoch(at(900)).await.unwrap(), at(900).as_secs());
}

pub async fn a_change_of_an_older_epoch_writes_nothing<S>(store: &S)
where
    S: RegistrationStore + SessionStore + AdministrationStore + SiteStore,
{
    let (alice, bob) = (register(store, "alice").await, register(store, "bob").await);
    let session = open(store, &alice, 1).await;
    let decided: OwnChange = own(store, &alice, Some(session), at(20)).await;
    let actor: Actor = decided.actor.clone();
    store.raise_epoch(at(30)).await.unwrap();

    let ended = store.end_others(&decided).await.unwrap();
    assert!(matches!(ended, hallpass_accounts::OwnChangeOutcome::NotWritten));
    let set = store.set_roles(&bob, &[], &[], Some(&actor), at(40)).await.unwrap();
    assert!(matches!(set, hallpass_accounts::CommandOutcome::ActorChanged));
    let ended = store.end(&alice, &session, Some(&actor), at(40)).await.unwrap();
    assert_eq!(ended, EndOutcome::ActorChanged);
}

/// Lost revocations are written again, and the others stay as they are. A store that never fails
/// over may ignore the call: it returns no account.
pub async fn a_lost_revocation_is_written_again<S>(store: &S)
where
    S: RegistrationStore + SessionStore + AdministrationStore + SiteStore + RevocationLog,
{
    let (alice, bob) = (register(store, "alice").await, register(store, "bob").await);
    open(store, &alice, 1).await;
    let ended = open(store, &bob, 2).await;
    let kept = open(store, &bob, 3).await;
    let mut log = Reader::new(store);
    log.read_new().await;
    let lost = [
        Revocation::RevokedBelow { account: alice.clone(), number: 4, disabled: true, at: at(50) },
        Revocation::StaleBelow { account: bob.clone(), number: 3, at: at(51) },
        Revocation::SessionEnded { session: ended, at: at(52) },
        Revocation::EpochRaised { epoch: 0, at: at(53) },
    ];
    let accounts = store.write_again(&lost).await.unwrap();
    if accounts.is_empty() {
        return;
    }
    assert_eq!(accounts, [alice.clone(), bob.clone()]);
    let now = account(store, &alice).await;
    assert_eq!((now.numbers().revoked_below, now.disabled()), (4, true));
    assert_eq!(account(store, &bob).await.numbers().stale_below, 3);
    assert_eq!(open_sessions(store, &alice).await, []);
    assert_eq!(open_sessions(store, &bob).await, [kept]);
    assert_eq!(log.read_new().await, &lost[..3], "the epoch was not lost");

    assert_eq!(store.write_again(&lost).await.unwrap(), [], "nothing is lost any more");
    assert_eq!(log.read_new().await, []);
    let older =
        [Revocation::RevokedBelow { account: alice, number: 2, disabled: false, at: at(60) }];
    assert_eq!(store.write_again(&older).await.unwrap(), []);
    assert!(now.disabled(), "a later command is not undone");
}

pub async fn an_incarnation_is_recorded_once<S: SiteStore + RevocationLog>(store: &S) {
    let facts = store.read_after(Default::default()).await.unwrap().facts.unwrap();
    let (recorded, observed) = (facts.recorded, facts.observed);
    let new = observed.unwrap_or(Incarnation { identity: "one".into(), timeline: 1 });
    let other = Incarnation { identity: "other".into(), timeline: 9 };
    assert!(!store.record_incarnation(Some(&other), &new).await.unwrap());
    assert!(store.record_incarnation(recorded.as_ref(), &new).await.unwrap());
    if recorded.as_ref() != Some(&new) {
        assert!(!store.record_incarnation(recorded.as_ref(), &new).await.unwrap());
    }
    let facts = store.read_after(Default::default()).await.unwrap().facts.unwrap();
    assert_eq!((facts.recorded.as_ref(), facts.observed.as_ref()), (Some(&new), Some(&new)));
}

pub async fn key_checks_are_kept_until_forgotten<S: SiteStore>(store: &S) {
    let check = |value: &str| KeyCheck { value: value.into(), used_for: "encryption".into() };
    let (one, two) = (check("one"), check("two"));
    assert_eq!(store.key_checks().await.unwrap(), []);
    store.record_key_checks(&[one.clone(), two.clone()], at(5)).await.unwrap();
    store.record_key_checks(std::slice::from_ref(&two), at(6)).await.unwrap();
    let mut checks = store.key_checks().await.unwrap();
    checks.sort();
    assert_eq!(checks, [one.clone(), two.clone()]);
    store.forget_key_checks(&[one]).await.unwrap();
    assert_eq!(store.key_checks().await.unwrap(), [two]);
}
