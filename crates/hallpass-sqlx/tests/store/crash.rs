//! Killed processes: no acknowledged write is lost.

use std::{
    io::{BufRead, BufReader},
    thread,
    time::Duration,
};

use hallpass_accounts::{AccountId, AccountStore, RegistrationStore};
use hallpass_sqlx::SqliteStore;
use hallpass_testkit::store_suite::fixture::new_account;

use crate::{child, scratch::Scratch};

#[tokio::test]
async fn acknowledged_writes_survive_kill_9() {
    let scratch = Scratch::new();
    let mut acknowledged = Vec::new();
    for round in 0..10 {
        let mut child = child::running("crash::register_until_killed", &scratch)
            .env("HALLPASS_TEST_ROUND", round.to_string())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let lines = stdout.lines().map_while(Result::ok);
        let mut names = lines.filter_map(|line| line.strip_prefix("made ").map(str::to_owned));
        acknowledged.extend(names.next());
        let killer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(7 * round));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        acknowledged.extend(names);
        killer.join().unwrap();
    }
    assert!(acknowledged.len() >= 10);
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    for name in acknowledged {
        let id = AccountId::new(name);
        assert!(store.by_id(&id).await.unwrap().is_some(), "{id}");
    }
}

#[tokio::test]
#[ignore = "is the child process of acknowledged_writes_survive_kill_9"]
async fn register_until_killed() {
    let round = std::env::var("HALLPASS_TEST_ROUND").unwrap();
    let store = SqliteStore::open(&child::url()).await.unwrap();
    for number in 0.. {
        let name = format!("user{round}.{number}");
        let _ = store.create(new_account(&name, &name)).await.unwrap();
        println!("made {name}");
    }
}
