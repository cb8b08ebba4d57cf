//! Races: an operation that may succeed once succeeds once, in one process and in several.

use std::{collections::HashSet, future::Future, sync::Arc, time::Duration};

use hallpass_accounts::{
    AdministrationStore, AttemptOutcome, CommandOutcome, ConsumeOutcome, LimitedKey, NewSession,
    PasswordStore, RateLimit, RateLimitStore, RefreshOutcome, RefreshTokenStore,
    RegistrationOutcome, RegistrationStore, SessionId, SessionStore, TakeAllOutcome,
    TwoFactorStore,
};
use hallpass_core::TotpDrift;
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    account::own_change::{Command, Own},
    fixture::{
        account, actor, at, done, enrol, is_written, name, new_account, open_sessions, opened, own,
        recovery_hash, register, session_id, written,
    },
    session::refresh_token::{open_renewable, presenting, token},
};

/// Runs `tasks` tasks concurrently, spread over the stores, and counts the results that are `win`.
pub(super) async fn winners<S, F, T>(
    stores: &[Arc<S>],
    tasks: usize,
    attempt: impl Fn(Arc<S>, usize) -> F,
    win: impl Fn(&T) -> bool,
) -> usize
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(tasks));
    let mut set = JoinSet::new();
    for (number, store) in stores.iter().cycle().take(tasks).enumerate() {
        let (attempt, barrier) = (attempt(store.clone(), number), barrier.clone());
        set.spawn(async move {
            barrier.wait().await;
            attempt.await
        });
    }
    set.join_all().await.iter().filter(|answer| win(answer)).count()
}

pub async fn a_step_is_consumed_once<S>(stores: &[Arc<S>], rounds: u64)
where
    S: TwoFactorStore + RegistrationStore,
{
    let id = register(&*stores[0], "alice").await;
    enrol(&*stores[0], &id).await;
    for step in 101..101 + rounds {
        let consume = |store: Arc<S>, _| {
            let id = id.clone();
            async move { store.consume_step(&id, 1, step, TotpDrift::NONE).await.unwrap() }
        };
        let consumed =
            winners(stores, 64, consume, |consume| *consume == ConsumeOutcome::Consumed).await;
        assert_eq!(consumed, 1, "step {step}");
    }
}

pub async fn ten_codes_serve_ten_of_64<S>(stores: &[Arc<S>], rounds: u8)
where
    S: TwoFactorStore + RegistrationStore,
{
    let id = register(&*stores[0], "alice").await;
    enrol(&*stores[0], &id).await;
    for round in 0..rounds {
        let codes: Vec<_> = (0..10).map(|code| recovery_hash(round * 10 + code)).collect();
        let own = own(&*stores[0], &id, None, at(6)).await;
        written(stores[0].replace_recovery_codes(&own, &codes).await.unwrap());
        let consume = |store: Arc<S>, number: usize| {
            let (id, code) = (id.clone(), codes[number % 10].clone());
            async move { store.consume_recovery_code(&id, 1, &code).await.unwrap() }
        };
        let consumed =
            winners(stores, 64, consume, |consume| *consume == ConsumeOutcome::Consumed).await;
        assert_eq!(consumed, 10, "round {round}");
    }
}

pub async fn a_name_in_64_spellings_is_one_account<S: RegistrationStore>(stores: &[Arc<S>]) {
    let spelling = |number: usize| -> String {
        let upper_where_set = |(bit, letter): (usize, char)| match number >> bit & 1 {
            0 => letter,
            _ => letter.to_ascii_uppercase(),
        };
        "rosanna".chars().enumerate().map(upper_where_set).collect()
    };
    assert_eq!((0..64).map(spelling).collect::<HashSet<_>>().len(), 64);
    let create = |store: Arc<S>, number| {
        let account = new_account(&format!("id-{number}"), &spelling(number));
        async move { store.create(account).await.unwrap() }
    };
    let created = |answer: &RegistrationOutcome| matches!(answer, RegistrationOutcome::Created(_));
    assert_eq!(winners(stores, 64, create, created).await, 1);
    let mut rows = 0;
    for number in 0..64 {
        let id = hallpass_accounts::AccountId::new(format!("id-{number}"));
        rows += usize::from(stores[0].by_id(&id).await.unwrap().is_some());
    }
    assert_eq!(rows, 1);
    let found = stores[0].by_username(&name("rosanna")).await.unwrap();
    assert!(found.is_some());
}

/// Concurrent logins of one account leave no more sessions than it may have.
pub async fn concurrent_logins_keep_to_the_limit<S>(stores: &[Arc<S>], rounds: u8)
where
    S: SessionStore + RegistrationStore,
{
    const LIMIT: u32 = 6;
    let id = register(&*stores[0], "alice").await;
    for round in 0..rounds {
        let log_in = |store: Arc<S>, number: usize| {
            let id = id.clone();
            async move {
                let mut bytes = [round; 16];
                bytes[0] = u8::try_from(number).unwrap();
                let session = SessionId::from_random(bytes);
                let new = NewSession::new(session, id, 0, String::new(), at(10), at(1000));
                opened(store.open(new.with_limit(LIMIT)).await.unwrap());
            }
        };
        winners(stores, 32, log_in, |()| true).await;
        let left = open_sessions(&*stores[0], &id).await.len();
        assert_eq!(left, 6, "round {round}");
    }
}

/// One call consumes the token. Every other call gets the same successor, and the session
/// continues.
pub async fn a_refresh_token_is_consumed_once<S>(stores: &[Arc<S>], rounds: u64)
where
    S: RefreshTokenStore + RegistrationStore,
{
    let id = register(&*stores[0], "alice").await;
    let session = open_renewable(&*stores[0], &id, 1, at(10_000_000)).await;
    for round in 1..=rounds {
        let refresh = |store: Arc<S>, _| async move {
            let rotation = presenting(round, at(400 * round));
            match store.refresh(&session, &rotation).await.unwrap() {
                RefreshOutcome::Consumed(_) => true,
                RefreshOutcome::InGrace { live, .. } if live == token(round + 1) => false,
                other => panic!("round {round}: {other:?}"),
            }
        };
        assert_eq!(winners(stores, 64, refresh, |consumed| *consumed).await, 1, "round {round}");
    }
}

/// A login that has read the account opens its session while an operator disables the account. In
/// either order no session is left.
pub async fn no_session_outlives_a_disabling_beside_it<S>(stores: &[Arc<S>], rounds: u8)
where
    S: SessionStore + AdministrationStore + RegistrationStore,
{
    for round in 0..rounds {
        let id = register(&*stores[0], &format!("user{round}")).await;
        let beside = |store: Arc<S>, number: usize| {
            let id = id.clone();
            async move {
                if number == 8 {
                    done(store.set_disabled(&id, true, &[], None, at(20)).await.unwrap());
                    return;
                }
                let session = session_id(round * 16 + u8::try_from(number).unwrap());
                let new = NewSession::new(session, id, 0, "Firefox".into(), at(10), at(1000));
                let _either = store.open(new).await.unwrap();
            }
        };
        winners(stores, 16, beside, |()| true).await;
        assert_eq!(open_sessions(&*stores[0], &id).await, [], "round {round}");
    }
}

pub async fn of_200_attempts_five_are_evaluated<S: RateLimitStore>(stores: &[Arc<S>]) {
    const POLICY: RateLimit = RateLimit::new(5, Duration::from_secs(30));
    let take = |store: Arc<S>, _| async move {
        store.try_take("account:alice", &POLICY, at(0)).await.unwrap()
    };
    let allowed = |attempted: &AttemptOutcome| *attempted == AttemptOutcome::Allowed;
    assert_eq!(winners(stores, 200, take, allowed).await, 5);
}

/// Two attempts that count on the same two keys, in either order of the keys. No two calls wait for
/// each other.
pub async fn of_200_attempts_on_two_keys_five_are_evaluated<S: RateLimitStore>(
    stores: &[Arc<S>],
    rounds: u64,
) {
    const POLICY: RateLimit = RateLimit::new(5, Duration::from_secs(30));
    // More than the attempts, because a rejected attempt may be counted for a moment.
    const WIDE: RateLimit = RateLimit::new(250, Duration::from_secs(30));
    for round in 0..rounds {
        let take = |store: Arc<S>, number: usize| async move {
            let (address, account) = (format!("address:{round}"), format!("account:{round}"));
            let mut keys = [LimitedKey::new(&address, &WIDE), LimitedKey::new(&account, &POLICY)];
            if number.is_multiple_of(3) {
                keys.reverse();
            }
            store.try_take_all(&keys, at(0)).await.unwrap()
        };
        let allowed = |attempted: &TakeAllOutcome| *attempted == TakeAllOutcome::Allowed;
        assert_eq!(winners(stores, 200, take, allowed).await, 5, "round {round}");
        // The rejected attempts did not count on the address.
        let address = format!("address:{round}");
        let mut left = 0;
        while stores[0].try_take(&address, &WIDE, at(0)).await.unwrap() == AttemptOutcome::Allowed {
            left += 1;
        }
        assert_eq!(left, 245, "round {round}");
    }
}

/// Logins that succeed at one address, while other attempts fail there. Only the failed ones count.
pub async fn a_settled_attempt_never_counts<S: RateLimitStore>(stores: &[Arc<S>]) {
    const LOGINS: usize = 40;
    const FAILED: usize = 7;
    const WIDE: RateLimit = RateLimit::new(60, Duration::from_secs(30));
    let log_in = |store: Arc<S>, number: usize| async move {
        let account = format!("account:{number}");
        let keys = [LimitedKey::new("address", &WIDE), LimitedKey::new(&account, &WIDE)];
        assert_eq!(store.try_take_all(&keys, at(0)).await.unwrap(), TakeAllOutcome::Allowed);
        if number >= FAILED {
            store.settle(&[&account], &keys[..1], at(0)).await.unwrap();
        }
    };
    winners(stores, LOGINS, log_in, |()| true).await;
    let mut left = 0;
    while stores[0].try_take("address", &WIDE, at(0)).await.unwrap() == AttemptOutcome::Allowed {
        left += 1;
    }
    assert_eq!(left, 60 - FAILED);
}

/// The command holds in either order. The roles are the operator's. After the other commands the
/// account has no session: if the own change came first, the command ends the kept session.
pub async fn a_command_beside_an_own_change_holds<S>(stores: &[Arc<S>], rounds: u32)
where
    S: RegistrationStore + PasswordStore + TwoFactorStore + SessionStore + AdministrationStore,
{
    for round in 0..rounds {
        for (number, change) in Own::ALL.into_iter().enumerate() {
            for command in Command::ALL {
                let store = &*stores[0];
                let name = format!("user{round}x{number}x{command:?}");
                let id = register(store, &name).await;
                if change.needs_factor() {
                    enrol(store, &id).await;
                }
                let mut random = [0; 16];
                random[..4].copy_from_slice(&round.to_be_bytes());
                random[4..6].copy_from_slice(&[u8::try_from(number).unwrap(), command as u8]);
                let session = SessionId::from_random(random);
                let generation = account(store, &id).await.generation();
                let new = NewSession::new(
                    session,
                    id.clone(),
                    generation,
                    "Firefox".into(),
                    at(10),
                    at(1000),
                );
                opened(store.open(new).await.unwrap());
                let decided = own(store, &id, Some(session), at(30)).await;

                let beside = |store: Arc<S>, task: usize| {
                    let (id, decided) = (id.clone(), decided.clone());
                    async move {
                        if task == 1 {
                            command.give(&*store, &id, &session, at(30)).await;
                            return None;
                        }
                        Some(change.make(&*store, decided).await)
                    }
                };
                let won =
                    winners(stores, 2, beside, |made| made.as_ref().is_some_and(is_written)).await;

                let what = format!("round {round}: {change:?} during {command:?}, written: {won}");
                let (now, sessions) = (account(store, &id).await, open_sessions(store, &id).await);
                match command {
                    Command::SetRoles => assert_eq!(now.roles(), ["visitor"], "{what}"),
                    Command::Disable => assert!(now.disabled() && sessions.is_empty(), "{what}"),
                    Command::LogOut | Command::EndSession => assert_eq!(sessions, [], "{what}"),
                    Command::ResetFactor => {
                        assert!(now.second_factor().is_none() && sessions.is_empty(), "{what}");
                    }
                }
            }
        }
    }
}

/// Two administrators disable each other at the same moment. One command is carried out. The other
/// is not, because its actor is disabled by then.
pub async fn of_two_administrators_one_wins<S>(stores: &[Arc<S>], rounds: u32)
where
    S: RegistrationStore + AdministrationStore,
{
    for round in 0..rounds {
        let store = &*stores[0];
        let ids = [
            register(store, &format!("ann{round}")).await,
            register(store, &format!("bob{round}")).await,
        ];
        let actors = [actor(store, &ids[0], None).await, actor(store, &ids[1], None).await];
        let disable_the_other = |store: Arc<S>, task: usize| {
            let (by, target) = (actors[task].clone(), ids[1 - task].clone());
            async move { store.set_disabled(&target, true, &[], Some(&by), at(20)).await.unwrap() }
        };
        let won = winners(stores, 2, disable_the_other, |outcome| {
            matches!(outcome, CommandOutcome::Done(_))
        })
        .await;
        assert_eq!(won, 1, "round {round}");
    }
}

/// The last two accounts with a role that must be kept are demoted or disabled at the same moment,
/// by two operators, or by the two administrators each other. Exactly one command is carried out.
pub async fn of_two_last_accounts_of_a_role_one_stays<S>(stores: &[Arc<S>], rounds: u32)
where
    S: RegistrationStore + AdministrationStore,
{
    let keep = ["admin".to_owned()];
    for round in 0..rounds {
        let store = &*stores[0];
        let ids = [
            register(store, &format!("ann{round}")).await,
            register(store, &format!("bob{round}")).await,
        ];
        for id in &ids {
            done(store.set_roles(id, &keep, &[], None, at(10)).await.unwrap());
        }
        let actors = [actor(store, &ids[0], None).await, actor(store, &ids[1], None).await];
        let take_away = |store: Arc<S>, task: usize| {
            let by = (round % 2 == 0).then(|| actors[task].clone());
            let (target, keep) = (ids[1 - task].clone(), keep.clone());
            async move {
                match (round / 2 + u32::try_from(task).unwrap()) % 2 {
                    0 => store.set_disabled(&target, true, &keep, by.as_ref(), at(20)).await,
                    _ => store.set_roles(&target, &[], &keep, by.as_ref(), at(20)).await,
                }
                .unwrap()
            }
        };
        let is_done = |outcome: &CommandOutcome| matches!(outcome, CommandOutcome::Done(_));
        assert_eq!(winners(stores, 2, take_away, is_done).await, 1, "round {round}");
        // The next round begins without an account that has the role.
        for id in &ids {
            done(store.set_roles(id, &[], &[], None, at(30)).await.unwrap());
        }
    }
}
