//! Checks of second factors and recovery codes.

use hallpass_accounts::{
    AccountId, AccountStore, AdministrationStore, CommandOutcome, ConsumeOutcome,
    RegistrationStore, ReplaceOutcome, RevocationLog, SessionStore, TwoFactorStore,
};
use hallpass_core::TotpDrift;

use super::fixture::{
    Reader, account, at, disable, done, enrol, enrolment, is_written, open, open_sessions, own,
    recovery_hash, register, revoked, written,
};

async fn generation_of<S: AccountStore>(store: &S, id: &AccountId) -> u32 {
    account(store, id).await.generation()
}

pub async fn enabling_a_factor_is_one_change<S>(store: &S)
where
    S: TwoFactorStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let here = open(store, &id, 1).await;
    open(store, &id, 2).await;
    let mut log = Reader::new(store);

    let mut first = enrolment(store, &id).await;
    first.own.actor.session = Some(here);
    let now = written(store.enable(first.clone()).await.unwrap());
    let factor = now.second_factor().unwrap();
    assert_eq!((factor.encrypted_secret(), factor.last_step()), (&b"encrypted"[..], Some(100)));
    assert_eq!(now.generation(), 1);
    assert_eq!(open_sessions(store, &id).await, [here]);
    assert_eq!(log.read_new().await, [revoked(&id, 1, at(5))]);
    let first_code_again = store
        .consume_step(&id, generation_of(store, &id).await, 100, TotpDrift::NONE)
        .await
        .unwrap();
    assert_eq!(first_code_again, ConsumeOutcome::AlreadyConsumed);

    // Another factor, even at the right generation, does not replace the first.
    let mut second = enrolment(store, &id).await;
    second.encrypted = b"another".to_vec();
    assert!(!is_written(&store.enable(second).await.unwrap()));
    let now = account(store, &id).await;
    assert_eq!(now.second_factor().unwrap().encrypted_secret(), b"encrypted");
    assert_eq!(log.read_new().await, []);
}

pub async fn a_factor_is_refused_to_an_account_that_changed<S>(store: &S)
where
    S: TwoFactorStore + RegistrationStore + AdministrationStore,
{
    let id = register(store, "alice").await;
    let stale = enrolment(store, &id).await;
    done(store.set_disabled(&id, true, &[], None, at(1)).await.unwrap());
    done(store.set_disabled(&id, false, &[], None, at(1)).await.unwrap());
    assert!(!is_written(&store.enable(stale).await.unwrap()));

    done(store.set_disabled(&id, true, &[], None, at(2)).await.unwrap());
    let disabled = enrolment(store, &id).await;
    assert!(!is_written(&store.enable(disabled.clone()).await.unwrap()));

    let mut nobody = disabled;
    nobody.own.actor.account = AccountId::new("nobody");
    assert!(!is_written(&store.enable(nobody).await.unwrap()));
    assert!(account(store, &id).await.second_factor().is_none());
    let code =
        store.consume_recovery_code(&id, generation_of(store, &id).await, &recovery_hash(0)).await;
    assert_eq!(code.unwrap(), ConsumeOutcome::AlreadyConsumed, "no codes without a factor");
}

pub async fn only_a_later_step_is_accepted<S: TwoFactorStore + RegistrationStore>(store: &S) {
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    assert_eq!(
        store
            .consume_step(&id, generation_of(store, &id).await, 101, TotpDrift::NONE)
            .await
            .unwrap(),
        ConsumeOutcome::AlreadyConsumed
    );
    enrol(store, &id).await;
    enrol(store, &other).await;
    for (step, expected) in [
        (101, ConsumeOutcome::Consumed),
        (101, ConsumeOutcome::AlreadyConsumed),
        (100, ConsumeOutcome::AlreadyConsumed),
        (0, ConsumeOutcome::AlreadyConsumed),
        (102, ConsumeOutcome::Consumed),
        (1 << 40, ConsumeOutcome::Consumed),
        (103, ConsumeOutcome::AlreadyConsumed),
    ] {
        assert_eq!(
            store
                .consume_step(&id, generation_of(store, &id).await, step, TotpDrift::NONE)
                .await
                .unwrap(),
            expected,
            "{step}"
        );
    }
    let last = account(store, &id).await.second_factor().unwrap().last_step();
    assert_eq!(last, Some(1 << 40));
    assert_eq!(
        store
            .consume_step(&other, generation_of(store, &other).await, 101, TotpDrift::NONE)
            .await
            .unwrap(),
        ConsumeOutcome::Consumed
    );
    let nobody = AccountId::new("nobody");
    assert_eq!(
        store.consume_step(&nobody, 0, 500, TotpDrift::NONE).await.unwrap(),
        ConsumeOutcome::AlreadyConsumed
    );
}

/// The drift is stored by the call that consumes the step, and by no other.
pub async fn a_drift_is_kept_with_the_step_that_showed_it<S: TwoFactorStore + RegistrationStore>(
    store: &S,
) {
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    let steps = TotpDrift::from_steps;
    let kept =
        async |id| account(store, id).await.second_factor().map(|factor| factor.drift().steps());
    let first = enrolment(store, &id).await.with_drift(steps(1));
    written(store.enable(first).await.unwrap());
    enrol(store, &other).await;
    assert_eq!((kept(&id).await, kept(&other).await), (Some(1), Some(0)));
    for (step, drift, expected) in
        [(102, 2, 2), (102, -1, 2), (101, 4, 2), (103, -4, -4), (104, 0, 0), (105, 4, 4)]
    {
        let consumed = store
            .consume_step(&id, generation_of(store, &id).await, step, steps(drift))
            .await
            .unwrap();
        assert_eq!(
            (consumed == ConsumeOutcome::Consumed, kept(&id).await),
            (expected == drift, Some(expected)),
            "{step} {drift}"
        );
    }
    assert_eq!(
        store.reencrypt(&id, b"encrypted", b"reencrypted").await.unwrap(),
        ReplaceOutcome::Replaced
    );
    assert_eq!((kept(&id).await, kept(&other).await), (Some(4), Some(0)));

    // A factor that is set up again is another authenticator.
    disable(store, &id).await;
    assert_eq!(kept(&id).await, None);
    enrol(store, &id).await;
    assert_eq!(kept(&id).await, Some(0));
}

pub async fn a_recovery_code_works_once<S: TwoFactorStore + RegistrationStore>(store: &S) {
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    enrol(store, &id).await;
    enrol(store, &other).await;
    let consume = async |id, number| {
        let code = recovery_hash(number);
        store.consume_recovery_code(id, generation_of(store, id).await, &code).await.unwrap()
    };
    assert_eq!(consume(&id, 3).await, ConsumeOutcome::Consumed);
    assert_eq!(consume(&id, 3).await, ConsumeOutcome::AlreadyConsumed);
    assert_eq!(consume(&id, 77).await, ConsumeOutcome::AlreadyConsumed, "never was a code");
    assert_eq!(
        consume(&other, 3).await,
        ConsumeOutcome::Consumed,
        "each account has its own codes"
    );

    let fresh = [recovery_hash(20), recovery_hash(21)];
    let replaced =
        store.replace_recovery_codes(&own(store, &id, None, at(6)).await, &fresh).await.unwrap();
    assert_eq!(written(replaced).generation(), 1, "new codes revoke nothing");
    assert_eq!(consume(&id, 4).await, ConsumeOutcome::AlreadyConsumed, "the old codes are invalid");
    assert_eq!(consume(&id, 20).await, ConsumeOutcome::Consumed);
    assert_eq!(consume(&other, 4).await, ConsumeOutcome::Consumed);
}

pub async fn resetting_a_factor_is_one_change<S>(store: &S)
where
    S: TwoFactorStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let other = register(store, "bob").await;
    enrol(store, &id).await;
    enrol(store, &other).await;
    open(store, &id, 1).await;
    let others = open(store, &other, 2).await;
    let mut log = Reader::new(store);
    log.read_new().await;

    let before = account(store, &id).await.numbers();
    let now = done(store.reset(&id, None, at(40)).await.unwrap());
    assert_eq!((now.generation(), now.second_factor()), (2, None));
    assert_eq!(now.numbers().credential, before.credential + 1, "every browser is unknown");
    assert!(account(store, &id).await.second_factor().is_none());
    assert_eq!(open_sessions(store, &id).await, []);
    assert_eq!(log.read_new().await, [revoked(&id, 2, at(40))]);

    // Codes of the old factor are not accepted with a new one either.
    let mut again = enrolment(store, &id).await;
    again.recovery_codes = vec![recovery_hash(50)];
    written(store.enable(again).await.unwrap());
    let consume = async |number| {
        let generation = generation_of(store, &id).await;
        store.consume_recovery_code(&id, generation, &recovery_hash(number)).await.unwrap()
    };
    assert_eq!(consume(1).await, ConsumeOutcome::AlreadyConsumed);
    assert_eq!(consume(50).await, ConsumeOutcome::Consumed);

    assert!(account(store, &other).await.second_factor().is_some());
    assert_eq!(open_sessions(store, &other).await, [others]);
    let nobody = store.reset(&AccountId::new("nobody"), None, at(41)).await.unwrap();
    assert!(matches!(nobody, CommandOutcome::NotFound), "{nobody:?}");
}

pub async fn disabling_a_factor_is_one_change<S>(store: &S)
where
    S: TwoFactorStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let change = own(store, &id, None, at(1)).await;
    assert!(!is_written(&store.disable(&change).await.unwrap()));
    assert!(!is_written(
        &store.replace_recovery_codes(&change, &[recovery_hash(9)]).await.unwrap()
    ));
    enrol(store, &id).await;
    let here = open(store, &id, 1).await;
    open(store, &id, 2).await;
    let mut log = Reader::new(store);
    log.read_new().await;

    let off = store.disable(&own(store, &id, Some(here), at(40)).await).await.unwrap();
    let off = written(off);
    assert_eq!((off.generation(), off.second_factor()), (2, None));
    assert!(account(store, &id).await.second_factor().is_none());
    assert_eq!(open_sessions(store, &id).await, [here]);
    assert_eq!(log.read_new().await, [revoked(&id, 2, at(40))]);
    let code =
        store.consume_recovery_code(&id, generation_of(store, &id).await, &recovery_hash(1)).await;
    assert_eq!(code.unwrap(), ConsumeOutcome::AlreadyConsumed);
    assert_eq!(
        store
            .consume_step(&id, generation_of(store, &id).await, 200, TotpDrift::NONE)
            .await
            .unwrap(),
        ConsumeOutcome::AlreadyConsumed
    );

    enrol(store, &id).await;
    let code =
        store.consume_recovery_code(&id, generation_of(store, &id).await, &recovery_hash(1)).await;
    assert_eq!(code.unwrap(), ConsumeOutcome::Consumed, "on again, with a new set");
}

pub async fn a_new_encryption_keeps_the_consumed_step<S>(store: &S)
where
    S: TwoFactorStore + RegistrationStore,
{
    let id = register(store, "alice").await;
    enrol(store, &id).await;
    let stale = store.reencrypt(&id, b"other", b"reencrypted").await.unwrap();
    assert_eq!(stale, ReplaceOutcome::Changed);
    let reencrypted = store.reencrypt(&id, b"encrypted", b"reencrypted").await.unwrap();
    assert_eq!(reencrypted, ReplaceOutcome::Replaced);
    let now = account(store, &id).await;
    let factor = now.second_factor().unwrap();
    assert_eq!((factor.encrypted_secret(), factor.last_step()), (&b"reencrypted"[..], Some(100)));
    assert_eq!(now.generation(), 1, "a new encryption revokes nothing");
}

pub async fn stored_secrets_are_listed_in_pages<S: TwoFactorStore + RegistrationStore>(store: &S) {
    let mut enrolled = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        let id = register(store, name).await;
        if name != "bob" {
            enrol(store, &id).await;
            enrolled.push(id);
        }
    }
    let (mut listed, mut last) = (Vec::new(), None);
    loop {
        let page = store.list_secrets(last.as_ref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(secret) = page.last() else { break };
        last = Some(secret.account.clone());
        listed.extend(page);
    }
    assert!(listed.iter().all(|secret| secret.encrypted == b"encrypted"));
    let mut listed: Vec<_> = listed.into_iter().map(|secret| secret.account).collect();
    for ids in [&mut listed, &mut enrolled] {
        ids.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    }
    assert_eq!(listed, enrolled);
}
