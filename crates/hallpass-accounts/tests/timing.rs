//! The duration of a rejected login does not show whether the user name exists (SECURITY row 14).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test binary has no outside"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hallpass_accounts::{
    Accounts, AccountsErrorKind, HashCost, PasswordHasherSettings, RateLimit, RateLimits, Settings,
    StoreSet, Visitor,
};
use hallpass_core::{KeyRing, Role, UnixTime};

use hallpass_test_support::memory_store::MemoryStore;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
}

/// Number of measured pairs. With this number, a leak makes |t| larger than 4.5, the threshold of
/// the TVLA method.
const PAIRS: usize = 500;

#[tokio::test]
#[ignore = "measures for twenty seconds and requires an idle machine; run alone by .ci/run"]
async fn known_and_unknown_names_are_rejected_in_equal_time() {
    let keys = KeyRing::generate_hs256([1; 32], UnixTime::from_secs(0));
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.into());
    let many = RateLimit::new(u32::MAX, Duration::ZERO);
    let settings = Settings::<SiteRole> {
        rate_limits: RateLimits::default()
            .account(many.clone())
            .network(many)
            .site(u32::MAX, u32::MAX),
        password_hasher: PasswordHasherSettings::default().hash_cost(HashCost::new(19_456, 2, 1)),
        ..Settings::default()
    };
    let accounts = Accounts::new(keys, stores, settings).unwrap();
    let nowhere = Visitor::default();
    assert!(accounts.register("known", "two grey herons at dawn", &nowhere).await.is_ok());

    let time = async |name: &str| {
        let start = Instant::now();
        let refused = accounts.log_in(name, "two grey herons at dusk", None, &nowhere).await;
        assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
        start.elapsed().as_secs_f64() * 1e6
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        // The order alternates, so that a machine that becomes faster or slower does not affect one
        // name more than the other.
        if pair % 2 == 0 {
            known.push(time("known").await);
            unknown.push(time("unkno").await);
        } else {
            unknown.push(time("unkno").await);
            known.push(time("known").await);
        }
    }
    let (t, apart) = (welch(&known, &unknown), median(&mut known) / median(&mut unknown) - 1.0);
    println!("Welch t = {t:.2}, medians {:.2}% apart, {:.0} µs", apart * 100.0, median(&mut known));
    assert!(t.abs() < 4.5, "{t}");
    assert!(apart.abs() < 0.05, "{apart}");
}

fn welch(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, spread_a) = moments(a);
    let (mean_b, spread_b) = moments(b);
    (mean_a - mean_b) / (spread_a + spread_b).sqrt()
}

/// Returns the mean and its squared standard error.
fn moments(samples: &[f64]) -> (f64, f64) {
    let count = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let variance =
        samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
