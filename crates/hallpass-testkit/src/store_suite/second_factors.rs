//! Keeping authenticators and recovery codes.

use hallpass_core::TotpDrift;
use hallpass_signin::{
    AccountId, Administration, Enabled, Feed, Registration, Replaced, SecondFactors, Sessions, Spend,
};

use super::fixture::{Reader, account, at, enrol, enrolment, open, open_sessions, raised, recovery_hash, register};

pub async fn a_factor_goes_on_whole<S>(store: &S)
where
    S: SecondFactors + Registration + Sessions + Feed,
{
    let id = register(store, "alice").await;
    let here = open(store, &id, 1).await;
    open(store, &id, 2).await;
    let mut feed = Reader::new(store);

    let mut first = enrolment(store, &id).await;
    first.keep = Some(here);
    let enabled = store.enable(first.clone()).await.unwrap();
    assert_eq!(enabled, Enabled::Live { generation: 1 });

    let now = account(store, &id).await;
    let factor = now.second_factor().unwrap();
    assert_eq!((factor.sealed_secret(), factor.last_step()), (&b"sealed"[..], Some(100)));
    assert_eq!(now.generation(), 1);
    assert_eq!(open_sessions(store, &id).await, [here]);
    assert_eq!(feed.news().await, [raised(&id, 1, at(5))]);
    let first_code_again = store.spend_step(&id, 100, TotpDrift::NONE).await.unwrap();
    assert_eq!(first_code_again, Spend::AlreadySpent);

    // A second one, even of the right generation, does not replace it.
    let mut second = enrolment(store, &id).await;
    second.sealed = b"another".to_vec();
    assert_eq!(store.enable(second).await.unwrap(), Enabled::Changed);
    let now = account(store, &id).await;
    assert_eq!(now.second_factor().unwrap().sealed_secret(), b"sealed");
    assert_eq!(feed.news().await, []);
}

pub async fn a_factor_is_refused_to_an_account_that_changed<S>(store: &S)
where
    S: SecondFactors + Registration + Administration,
{
    let id = register(store, "alice").await;
    let stale = enrolment(store, &id).await;
    store.set_roles(&id, &[], at(1)).await.unwrap();
    assert_eq!(store.enable(stale).await.unwrap(), Enabled::Changed);

    store.set_disabled(&id, true, at(2)).await.unwrap();
    let disabled = enrolment(store, &id).await;
    assert_eq!(store.enable(disabled.clone()).await.unwrap(), Enabled::Changed);

    let mut nobody = disabled;
    nobody.account = AccountId::new("nobody");
    assert_eq!(store.enable(nobody).await.unwrap(), Enabled::Changed);
    assert!(account(store, &id).await.second_factor().is_none());
    let code = store.spend_recovery_code(&id, &recovery_hash(0)).await;
    assert_eq!(code.unwrap(), Spend::AlreadySpent, "no codes without a factor");
}

pub async fn only_a_later_step_is_good<S: SecondFactors + Registration>(store: &S) {
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    assert_eq!(store.spend_step(&id, 101, TotpDrift::NONE).await.unwrap(), Spend::AlreadySpent);
    enrol(store, &id).await;
    enrol(store, &other).await;
    for (step, expected) in [
        (101, Spend::Spent),
        (101, Spend::AlreadySpent),
        (100, Spend::AlreadySpent),
        (0, Spend::AlreadySpent),
        (102, Spend::Spent),
        (1 << 40, Spend::Spent),
        (103, Spend::AlreadySpent),
    ] {
        assert_eq!(store.spend_step(&id, step, TotpDrift::NONE).await.unwrap(), expected, "{step}");
    }
    let last = account(store, &id).await.second_factor().unwrap().last_step();
    assert_eq!(last, Some(1 << 40));
    assert_eq!(store.spend_step(&other, 101, TotpDrift::NONE).await.unwrap(), Spend::Spent);
    let nobody = AccountId::new("nobody");
    assert_eq!(store.spend_step(&nobody, 500, TotpDrift::NONE).await.unwrap(), Spend::AlreadySpent);
}

/// The drift goes with the step: kept by the call that spends it, and by no other.
pub async fn a_drift_is_kept_with_the_step_that_showed_it<S: SecondFactors + Registration>(store: &S) {
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    let steps = TotpDrift::from_steps;
    let kept = async |id| account(store, id).await.second_factor().map(|factor| factor.drift().steps());
    let first = enrolment(store, &id).await.with_drift(steps(1));
    assert!(matches!(store.enable(first).await.unwrap(), Enabled::Live { .. }));
    enrol(store, &other).await;
    assert_eq!((kept(&id).await, kept(&other).await), (Some(1), Some(0)));
    for (step, drift, expected) in [(102, 2, 2), (102, -1, 2), (101, 4, 2), (103, -4, -4), (104, 0, 0), (105, 4, 4)] {
        let spent = store.spend_step(&id, step, steps(drift)).await.unwrap();
        assert_eq!((spent == Spend::Spent, kept(&id).await), (expected == drift, Some(expected)), "{step} {drift}");
    }
    assert_eq!(store.reseal(&id, b"sealed", b"resealed").await.unwrap(), Replaced::Replaced);
    assert_eq!((kept(&id).await, kept(&other).await), (Some(4), Some(0)));

    // A factor that is set up anew is another authenticator.
    store.disable(&id, None, at(40)).await.unwrap();
    assert_eq!(kept(&id).await, None);
    enrol(store, &id).await;
    assert_eq!(kept(&id).await, Some(0));
}

pub async fn a_recovery_code_works_once<S: SecondFactors + Registration>(store: &S) {
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    enrol(store, &id).await;
    enrol(store, &other).await;
    let spend = async |id, number| {
        let code = recovery_hash(number);
        store.spend_recovery_code(id, &code).await.unwrap()
    };
    assert_eq!(spend(&id, 3).await, Spend::Spent);
    assert_eq!(spend(&id, 3).await, Spend::AlreadySpent);
    assert_eq!(spend(&id, 77).await, Spend::AlreadySpent, "never was one");
    assert_eq!(spend(&other, 3).await, Spend::Spent, "each has their own");

    let fresh = [recovery_hash(20), recovery_hash(21)];
    let replaced = store.replace_recovery_codes(&id, &fresh).await.unwrap();
    assert_eq!(replaced, Replaced::Replaced);
    assert_eq!(spend(&id, 4).await, Spend::AlreadySpent, "the old set is dead");
    assert_eq!(spend(&id, 20).await, Spend::Spent);
    assert_eq!(spend(&other, 4).await, Spend::Spent);
}

pub async fn a_factor_goes_off_whole<S>(store: &S)
where
    S: SecondFactors + Registration + Sessions + Feed,
{
    let id = register(store, "alice").await;
    assert_eq!(store.disable(&id, None, at(1)).await.unwrap(), None);
    let none = store.replace_recovery_codes(&id, &[recovery_hash(9)]).await;
    assert_eq!(none.unwrap(), Replaced::Changed);
    enrol(store, &id).await;
    let here = open(store, &id, 1).await;
    open(store, &id, 2).await;
    let mut feed = Reader::new(store);
    feed.news().await;

    let off = store.disable(&id, Some(&here), at(40)).await.unwrap();
    assert_eq!(off, Some(2));
    assert!(account(store, &id).await.second_factor().is_none());
    assert_eq!(open_sessions(store, &id).await, [here]);
    assert_eq!(feed.news().await, [raised(&id, 2, at(40))]);
    let code = store.spend_recovery_code(&id, &recovery_hash(1)).await;
    assert_eq!(code.unwrap(), Spend::AlreadySpent);
    assert_eq!(store.spend_step(&id, 200, TotpDrift::NONE).await.unwrap(), Spend::AlreadySpent);

    enrol(store, &id).await;
    let code = store.spend_recovery_code(&id, &recovery_hash(1)).await;
    assert_eq!(code.unwrap(), Spend::Spent, "on again, with a new set");
}

pub async fn a_new_seal_keeps_the_spent_step<S>(store: &S)
where
    S: SecondFactors + Registration,
{
    let id = register(store, "alice").await;
    enrol(store, &id).await;
    let stale = store.reseal(&id, b"other", b"resealed").await.unwrap();
    assert_eq!(stale, Replaced::Changed);
    let resealed = store.reseal(&id, b"sealed", b"resealed").await.unwrap();
    assert_eq!(resealed, Replaced::Replaced);
    let now = account(store, &id).await;
    let factor = now.second_factor().unwrap();
    assert_eq!((factor.sealed_secret(), factor.last_step()), (&b"resealed"[..], Some(100)));
    assert_eq!(now.generation(), 1, "a new seal voids nothing");
}
