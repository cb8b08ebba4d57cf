//! A flood of logins stays bounded in memory and in time, and does not delay the authenticator of
//! the routes (SECURITY row 13).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test binary has no outside"
)]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass_accounts::{
    Accounts, AccountsErrorKind, HashCost, PasswordHasherSettings, Settings, StoreSet, Visitor,
};
use hallpass_core::{Clock, KeyRing, Role, SystemClock};

use hallpass_test_support::memory_store::MemoryStore;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
}

const LOG_INS: usize = 1_000;
const MIB: u64 = 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and uses all cores for some seconds; run alone by .ci/run"]
async fn thousand_concurrent_logins_stay_within_memory_and_time() {
    let keys = KeyRing::generate_hs256([1; 32], SystemClock.now());
    let password_hasher = PasswordHasherSettings::default().hash_cost(HashCost::new(19_456, 2, 1));
    let permits = password_hasher.permits() as u64;
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.into());
    let settings = Settings::<SiteRole> { password_hasher, ..Settings::default() };
    let accounts = Accounts::new(keys, stores, settings).unwrap();
    let member = accounts
        .register("member", "two grey herons at dawn", &Visitor::default())
        .await
        .unwrap()
        .opened()
        .unwrap();
    let before = peak_kib();

    let flood: Vec<_> = (0..LOG_INS)
        .map(|number| {
            let accounts = accounts.clone();
            tokio::spawn(async move {
                let start = Instant::now();
                let refused =
                    accounts.log_in(&format!("name{number}"), "x", None, &Visitor::default()).await;
                (refused.unwrap_err().kind(), start.elapsed())
            })
        })
        .collect();

    // The cost of a guarded route during the flood: the scheduler's delay and the verification of a
    // token.
    let verifier = accounts.verifier();
    let mut route = Vec::new();
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        let start = Instant::now();
        tokio::spawn(tokio::time::sleep(Duration::from_millis(1))).await.unwrap();
        assert!(verifier.verify(member.access.as_str().as_bytes(), SystemClock.now()).is_ok());
        route.push(start.elapsed().saturating_sub(Duration::from_millis(1)));
    }

    let (mut looked_at, mut slowest) = (0, Duration::ZERO);
    for log_in in flood {
        let (kind, took) = log_in.await.unwrap();
        slowest = slowest.max(took);
        match kind {
            AccountsErrorKind::Refused => looked_at += 1,
            AccountsErrorKind::Busy { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    route.sort();
    let p99 = route[route.len() * 99 / 100];
    let grown = peak_kib() - before;
    println!(
        "{looked_at} hashed, slowest response {slowest:?}, route p99 {p99:?}, memory +{} MiB",
        grown / MIB
    );
    assert!(looked_at > 0);
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(p99 < Duration::from_millis(50), "{p99:?}");
    assert!(grown <= permits * 19 * MIB + 64 * MIB, "{grown} KiB");
}

/// Returns the peak resident memory of the process, in KiB (Linux).
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
