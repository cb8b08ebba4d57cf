//! Checks of the outcomes of forms.

use std::sync::Arc;

use hallpass_accounts::{
    AccountId, Outcome, OutcomeId, OutcomeKind, OutcomeStore, PutOutcome, RegistrationStore,
};

use super::{
    fixture::{at, register, session_id},
    races::winners,
};

fn id(number: u8) -> OutcomeId {
    OutcomeId::from_bytes([number; 32])
}

/// Returns a login at second 10, whose row ends at second 70.
fn login(number: u8, account: &AccountId, session: u8) -> Outcome {
    Outcome::new(id(number), OutcomeKind::LoggedIn, at(10), at(70))
        .with_account(account.clone(), 3)
        .with_session(Some(session_id(session)))
}

async fn inserted<S: OutcomeStore>(store: &S, outcome: &Outcome) {
    assert_eq!(store.put(outcome).await.unwrap(), PutOutcome::Inserted);
}

pub async fn an_outcome_comes_back_whole<S: OutcomeStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    for (number, kind) in (0..).zip(OutcomeKind::ALL) {
        let empty = Outcome::new(id(number), *kind, at(10), at(70));
        let full = Outcome::new(id(100 + number), *kind, at(11), at(700))
            .with_account(alice.clone(), u32::MAX)
            .with_session(Some(session_id(number)))
            .with_sealed(Some((0..=255).collect()));
        for outcome in [empty, full] {
            inserted(store, &outcome).await;
            assert_eq!(store.find(&outcome.id, at(12)).await.unwrap(), Some(outcome));
        }
    }
}

pub async fn an_outcome_is_found_until_its_end<S: OutcomeStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let outcome = login(1, &alice, 1);
    assert_eq!(store.find(&outcome.id, at(10)).await.unwrap(), None);
    inserted(store, &outcome).await;
    assert_eq!(store.find(&outcome.id, at(69)).await.unwrap(), Some(outcome.clone()));
    assert_eq!(store.find(&outcome.id, at(70)).await.unwrap(), None);
    assert_eq!(store.find(&id(2), at(10)).await.unwrap(), None);
}

pub async fn a_second_outcome_returns_the_first<S: OutcomeStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let first = login(1, &alice, 1).with_sealed(Some(b"first".to_vec()));
    inserted(store, &first).await;
    let mut second = login(1, &alice, 2).with_sealed(Some(b"second".to_vec()));
    (second.at, second.keep_until) = (at(69), at(129));
    let existing = PutOutcome::Existing(Box::new(first.clone()));
    assert_eq!(store.put(&second).await.unwrap(), existing);
    assert_eq!(store.put(&first).await.unwrap(), existing);
    assert_eq!(store.find(&first.id, at(69)).await.unwrap(), Some(first), "nothing was written");
    inserted(store, &login(2, &alice, 2)).await;
}

pub async fn an_outcome_that_is_over_is_replaced<S: OutcomeStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    inserted(store, &login(1, &alice, 1).with_sealed(Some(b"first".to_vec()))).await;
    let second = Outcome::new(id(1), OutcomeKind::SessionsEnded, at(70), at(130));
    inserted(store, &second).await;
    assert_eq!(store.find(&second.id, at(71)).await.unwrap(), Some(second));
}

pub async fn only_the_outcome_that_was_read_is_deleted<S: OutcomeStore + RegistrationStore>(
    store: &S,
) {
    let alice = register(store, "alice").await;
    let (first, other) = (login(1, &alice, 1), login(2, &alice, 1));
    inserted(store, &first).await;
    inserted(store, &other).await;
    let mut later = first.clone();
    later.at = at(11);
    let mut after_a_change = first.clone();
    after_a_change.revoked_below = 4;
    for not_this in [
        login(1, &alice, 2),
        login(1, &alice, 1).with_session(None),
        later,
        after_a_change,
        login(3, &alice, 1),
    ] {
        assert_eq!(store.delete(&not_this).await.unwrap(), 0, "{not_this:?}");
    }
    assert_eq!(store.delete(&first).await.unwrap(), 1);
    assert_eq!(store.delete(&first).await.unwrap(), 0);
    assert_eq!(store.find(&first.id, at(11)).await.unwrap(), None);
    assert_eq!(store.find(&other.id, at(11)).await.unwrap(), Some(other));

    let without_session = Outcome::new(id(4), OutcomeKind::Registered, at(10), at(70));
    inserted(store, &without_session).await;
    assert_eq!(store.delete(&without_session).await.unwrap(), 1);
}

pub async fn outcomes_that_are_over_are_pruned_in_pieces<S: OutcomeStore + RegistrationStore>(
    store: &S,
) {
    for number in 0..6 {
        let end = at(70 + u64::from(number));
        let outcome = Outcome::new(id(number), OutcomeKind::LoggedIn, at(10), end);
        inserted(store, &outcome).await;
    }
    assert_eq!(store.prune(at(69), 100).await.unwrap(), 0);
    assert_eq!(store.prune(at(74), 2).await.unwrap(), 2);
    let mut left = Vec::new();
    for number in 0..6 {
        left.push(store.find(&id(number), at(11)).await.unwrap().is_some());
    }
    assert_eq!(left, [false, false, true, true, true, true], "the earliest end first");
    assert_eq!(store.prune(at(74), 2).await.unwrap(), 2);
    assert_eq!(store.prune(at(74), 2).await.unwrap(), 1);
    assert_eq!(store.prune(at(74), 2).await.unwrap(), 0);
    assert!(store.find(&id(5), at(11)).await.unwrap().is_some());
}

/// One of 64 submissions of a form makes the change. All others return its outcome.
pub async fn of_64_submissions_one_is_inserted<S>(stores: &[Arc<S>], rounds: u8)
where
    S: OutcomeStore + RegistrationStore,
{
    let alice = register(&*stores[0], "alice").await;
    for round in 0..rounds {
        // In each second round the form has an outcome that is over.
        if round % 2 == 1 {
            let over = Outcome::new(id(round), OutcomeKind::LoggedIn, at(1), at(10));
            inserted(&*stores[0], &over).await;
        }
        let submit = |store: Arc<S>, number: usize| {
            let outcome = login(round, &alice, u8::try_from(number).unwrap());
            async move {
                match store.put(&outcome).await.unwrap() {
                    PutOutcome::Inserted => (true, outcome.session),
                    PutOutcome::Existing(first) => (false, first.session),
                }
            }
        };
        let sessions = std::sync::Mutex::new(Vec::new());
        let won = winners(stores, 64, submit, |(won, session)| {
            sessions.lock().unwrap().push(*session);
            *won
        })
        .await;
        assert_eq!(won, 1, "round {round}");
        let stored = stores[0].find(&id(round), at(11)).await.unwrap().unwrap().session;
        let sessions = sessions.into_inner().unwrap();
        assert!(sessions.iter().all(|session| *session == stored), "round {round}: {sessions:?}");
    }
}

/// 64 submissions read an outcome whose session has ended, delete it, and insert their own. One
/// makes the change: no submission deletes the new outcome of another.
pub async fn of_64_replacements_one_is_inserted<S>(stores: &[Arc<S>], rounds: u8)
where
    S: OutcomeStore + RegistrationStore,
{
    let alice = register(&*stores[0], "alice").await;
    for round in 0..rounds {
        let ended = login(round, &alice, 200);
        inserted(&*stores[0], &ended).await;
        let submit = |store: Arc<S>, number: usize| {
            let (outcome, ended) =
                (login(round, &alice, u8::try_from(number).unwrap()), ended.clone());
            async move {
                match store.put(&outcome).await.unwrap() {
                    PutOutcome::Existing(seen) if *seen == ended => {
                        store.delete(&seen).await.unwrap();
                        store.put(&outcome).await.unwrap() == PutOutcome::Inserted
                    }
                    PutOutcome::Existing(_) => false,
                    PutOutcome::Inserted => true,
                }
            }
        };
        assert_eq!(winners(stores, 64, submit, |won| *won).await, 1, "round {round}");
    }
}

/// Concurrent calls delete each row once, and none fails.
pub async fn concurrent_prunes_delete_each_outcome_once<S>(stores: &[Arc<S>])
where
    S: OutcomeStore + RegistrationStore,
{
    for number in 0..200 {
        let end = at(if number < 150 { 20 } else { 99 });
        let outcome = Outcome::new(id(number), OutcomeKind::LoggedIn, at(10), end);
        inserted(&*stores[0], &outcome).await;
    }
    let pruned = std::sync::Mutex::new(0);
    let prune = |store: Arc<S>, _| async move { store.prune(at(20), 10).await.unwrap() };
    let within_limit = winners(stores, 64, prune, |count| {
        *pruned.lock().unwrap() += *count;
        *count <= 10
    })
    .await;
    assert_eq!(within_limit, 64);
    // A call may skip the rows of a concurrent one, so some may be left.
    let left = stores[0].prune(at(20), 1000).await.unwrap();
    assert_eq!(pruned.into_inner().unwrap() + left, 150);
    assert!(stores[0].find(&id(199), at(11)).await.unwrap().is_some());
}
