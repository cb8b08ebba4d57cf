//! The races between two processes: locks on the file decide, not locks in memory.
//!
//! The two processes wait for each other before each round. Each runs 32 tasks per round.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use hallpass_accounts::{
    AccountId, ConsumeOutcome, RegistrationOutcome, RegistrationStore, TwoFactorStore,
};
use hallpass_core::TotpDrift;
use hallpass_sqlx::SqliteStore;
use hallpass_testkit::store_suite::fixture::{
    at, enrol, new_account, own, recovery_hash, register, written,
};
use tokio::task::JoinSet;

use crate::{
    child::{self, Child},
    scratch::Scratch,
};

#[tokio::test]
async fn two_processes_race_and_one_wins() {
    race(40).await;
}

#[tokio::test]
#[ignore = "1,000 rounds take a minute on an idle machine; .ci/run runs it"]
async fn two_processes_race_a_thousand_times_and_one_wins() {
    race(1000).await;
}

/// Each step is consumed once. In each tenth round ten recovery codes succeed ten times, and a name
/// in 64 spellings is one row.
async fn race(rounds: u64) {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let id = register(&store, "alice").await;
    enrol(&store, &id).await;
    let start = |number| {
        let mut command = child::running("processes::race_against_another", &scratch);
        command.env(child::NUMBER, number).env(child::ROUNDS, rounds.to_string()).spawn().unwrap()
    };
    let mut won = BTreeMap::<String, u64>::new();
    for child in [start("0"), start("1")] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        for line in said.lines().filter_map(|line| line.strip_prefix("won ")) {
            *won.entry(line.to_owned()).or_default() += 1;
        }
    }
    for round in 0..rounds {
        let wins = |what: &str| won.get(&format!("{what} {round}")).copied().unwrap_or_default();
        let codes = if round % 10 == 0 { 10 } else { 0 };
        assert_eq!(
            (wins("step"), wins("code"), wins("name")),
            (1, codes, codes / 10),
            "round {round}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "is the child process of two_processes_race_and_one_wins"]
async fn race_against_another() {
    let child = Child::of_env();
    let store = Arc::new(SqliteStore::open(&child::url()).await.unwrap());
    let alice = AccountId::new("id-alice");
    for round in 0..child.rounds {
        child.meet(3 * round);
        let (id, step) = (alice.clone(), 101 + round);
        won(&store, ("step", round), |store, _| {
            let id = id.clone();
            async move {
                store.consume_step(&id, 1, step, TotpDrift::NONE).await.unwrap()
                    == ConsumeOutcome::Consumed
            }
        })
        .await;

        if round % 10 != 0 {
            continue;
        }
        // One process creates ten new codes, and both consume them.
        if child.number == 0 {
            let codes: Vec<_> = (0..10).map(recovery_hash).collect();
            let own = own(&*store, &alice, None, at(6)).await;
            written(store.replace_recovery_codes(&own, &codes).await.unwrap());
        }
        child.meet(3 * round + 1);
        won(&store, ("code", round), |store, task| {
            let (id, code) = (alice.clone(), recovery_hash(u8::try_from(task % 10).unwrap()));
            async move {
                store.consume_recovery_code(&id, 1, &code).await.unwrap()
                    == ConsumeOutcome::Consumed
            }
        })
        .await;

        child.meet(3 * round + 2);
        let first = child.number * 32;
        won(&store, ("name", round), |store, task| {
            let account =
                new_account(&format!("{round}.{}", first + task), &spelling(first + task, round));
            async move {
                matches!(store.create(account).await.unwrap(), RegistrationOutcome::Created(_))
            }
        })
        .await;
    }
}

/// Runs 32 attempts concurrently and prints each that succeeded.
#[allow(clippy::print_stdout, reason = "the child reports to its parent")]
async fn won<F: Future<Output = bool> + Send + 'static>(
    store: &Arc<SqliteStore>,
    (what, round): (&str, u64),
    attempt: impl Fn(Arc<SqliteStore>, u64) -> F,
) {
    let mut tasks = JoinSet::new();
    for task in 0..32 {
        tasks.spawn(attempt(store.clone(), task));
    }
    for _ in tasks.join_all().await.into_iter().filter(|won| *won) {
        println!("won {what} {round}");
    }
}

/// Returns one of 64 spellings of this round's name.
fn spelling(number: u64, round: u64) -> String {
    let upper_where_set = |(bit, letter): (usize, char)| match number >> bit & 1 {
        0 => letter,
        _ => letter.to_ascii_uppercase(),
    };
    "rosann".chars().enumerate().map(upper_where_set).chain(round.to_string().chars()).collect()
}
