//! A future that is dropped at any of its awaits leaves the state before or the state after, on
//! both databases.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use hallpass_accounts::{
    AccountId, ConsumeOutcome, PasswordChange, PasswordStore, RegistrationStore, ReplaceOutcome,
    RevocationLog, SessionStore, TwoFactorStore,
};
use hallpass_testkit::store_suite::fixture::{
    Reader, account, at, enrolment, open, open_sessions, own, register, written,
};

/// Polls the future each time it is woken, at most `polls` times. Returns `None` if it was dropped
/// unfinished.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Writes to the account without a change. When this returns, an unfinished transaction has been
/// rolled back or committed.
async fn settle<S: PasswordStore>(store: &S, id: &AccountId) {
    assert_eq!(
        store.replace_hash(id, "never was", "is not now").await.unwrap(),
        ReplaceOutcome::Changed
    );
}

pub(crate) async fn a_password_change_is_whole_or_nothing<S>(store: &S)
where
    S: PasswordStore + RegistrationStore + SessionStore + RevocationLog,
{
    let mut log = Reader::new(store);
    let (mut whole, mut nothing) = (0, 0);
    for polls in 1.. {
        let id = register(store, &format!("user{polls}")).await;
        let here = open(store, &id, 2 * polls).await;
        open(store, &id, 2 * polls + 1).await;
        let change = own(store, &id, Some(here), at(30)).await;
        let change = PasswordChange::new(change, "hash-0".into(), "hash-1".into());
        let answer = at_most(polls.into(), store.change(change)).await;
        settle(store, &id).await;

        let changes = log.read_new().await;
        let now = account(store, &id).await;
        let sessions = open_sessions(store, &id).await.len();
        match (now.password_hash(), now.generation(), sessions, changes.len()) {
            ("hash-0", 0, 2, 0) => nothing += 1,
            ("hash-1", 1, 1, 1) => whole += 1,
            between => panic!("after {polls} polls: {between:?}"),
        }
        if let Some(answer) = answer {
            assert_eq!(written(answer.unwrap()).generation(), 1);
            break;
        }
    }
    assert!(nothing > 0 && whole > 0, "{nothing} before, {whole} after");
}

pub(crate) async fn an_enrolment_is_whole_or_nothing<S>(store: &S)
where
    S: TwoFactorStore + PasswordStore + RegistrationStore,
{
    for polls in 1.. {
        let id = register(store, &format!("user{polls}")).await;
        let enrolment = enrolment(store, &id).await;
        let codes = enrolment.recovery_codes.clone();
        let answer = at_most(polls, store.enable(enrolment)).await;
        settle(store, &id).await;

        let now = account(store, &id).await;
        let on = now.second_factor().is_some();
        assert_eq!(now.generation(), u32::from(on), "after {polls} polls");
        for code in &codes {
            let consumed = store.consume_recovery_code(&id, now.generation(), code).await.unwrap();
            assert_eq!(consumed == ConsumeOutcome::Consumed, on, "after {polls} polls");
        }
        if answer.is_some() {
            assert!(on);
            break;
        }
    }
}
