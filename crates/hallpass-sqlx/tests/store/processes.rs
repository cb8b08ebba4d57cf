//! The races once more, between processes: there it is locks on the file that decide, not locks in memory.

use std::sync::Arc;

use hallpass_signin::{AccountId, SecondFactors, Spend};
use hallpass_sqlx::SqliteStore;
use tokio::task::JoinSet;

use crate::{child, scratch::Scratch};
use hallpass_testkit::store_suite::fixture::{enrol, register};

const STEPS: std::ops::Range<u64> = 101..161;

#[tokio::test]
async fn two_processes_spend_each_step_once() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let id = register(&store, "alice").await;
    enrol(&store, &id).await;
    let start = || child::running("processes::spend_beside_another", &scratch).spawn().unwrap();
    let children = [start(), start()];
    child::go(&scratch);
    let mut spent = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        let steps = said.lines().filter_map(|line| line.strip_prefix("spent "));
        spent.extend(steps.map(|step| step.parse::<u64>().unwrap()));
    }
    spent.sort_unstable();
    assert_eq!(spent, STEPS.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is the child process of two_processes_spend_each_step_once"]
async fn spend_beside_another() {
    let store = Arc::new(SqliteStore::open(&child::url()).await.unwrap());
    child::wait_for_go();
    for step in STEPS {
        let mut tasks = JoinSet::new();
        for _ in 0..32 {
            let store = store.clone();
            tasks.spawn(async move { store.spend_step(&AccountId::new("id-alice"), step).await.unwrap() });
        }
        for spend in tasks.join_all().await {
            if spend == Spend::Spent {
                println!("spent {step}");
            }
        }
    }
}
