//! The duration of a rejected login does not show whether the user name exists (SECURITY rows 14
//! and 38).

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
    AccountId, Accounts, AccountsErrorKind, ForeignHash, ForeignMatch, HashCost, NewAccount,
    PasswordHasherSettings, RateLimit, RateLimits, RegistrationOutcome, RegistrationStore as _,
    Settings, StoreSet, Username, Visitor,
};
use hallpass_core::{KeyRing, Role, UnixTime};

use hallpass_test_support::memory_store::MemoryStore;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
}

/// Number of measured rounds. With this number, a leak makes |t| larger than 4.5, the threshold of
/// the TVLA method. `ROUNDS` sets another number for the long form.
fn rounds(short: usize) -> usize {
    std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(short)
}

/// bcrypt of a cost that takes about as long as argon2.
struct Bcrypt(String);

impl ForeignHash for Bcrypt {
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
        stored.starts_with("$2b$").then(|| match bcrypt::verify(password, stored) {
            Ok(true) => ForeignMatch::Right,
            Ok(false) => ForeignMatch::Wrong,
            Err(_) => ForeignMatch::Unusable,
        })
    }

    fn decoy(&self) -> &str {
        &self.0
    }
}

const BCRYPT_COST: u32 = 8;

async fn site(hasher: PasswordHasherSettings) -> (Accounts<SiteRole>, Arc<MemoryStore>) {
    let keys = KeyRing::generate_hs256([1; 32], UnixTime::from_secs(0));
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.clone().into());
    let many = RateLimit::new(u32::MAX, Duration::ZERO);
    let settings = Settings::<SiteRole> {
        rate_limits: RateLimits::default()
            .account(many.clone())
            .network(many)
            .site(u32::MAX, u32::MAX),
        password_hasher: hasher.hash_cost(HashCost::new(19_456, 2, 1)),
        ..Settings::default()
    };
    let accounts = Accounts::new(keys, stores, settings).unwrap();
    let nowhere = Visitor::default();
    assert!(accounts.register("argon", "two grey herons at dawn", &nowhere).await.is_ok());
    (accounts, store)
}

/// Measures a rejected login of each name per round, and compares the times of each two names.
async fn rejected_in_equal_time(
    accounts: &Accounts<SiteRole>,
    names: &[&str],
    rounds: usize,
    most: f64,
) {
    let nowhere = Visitor::default();
    let time = async |name: &str| {
        let start = Instant::now();
        let refused = accounts.log_in(name, "two grey herons at dusk", None, &nowhere).await;
        assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
        start.elapsed().as_secs_f64() * 1e6
    };
    let mut times = vec![Vec::new(); names.len()];
    for round in 0..rounds {
        // The order rotates, so that a machine that becomes faster or slower does not affect one
        // name more than the others.
        for place in 0..names.len() {
            let name = (round + place) % names.len();
            times[name].push(time(names[name]).await);
        }
    }
    for one in 0..names.len() {
        for other in 0..one {
            let t = welch(&times[one], &times[other]);
            let apart = median(&mut times[one].clone()) / median(&mut times[other].clone()) - 1.0;
            println!(
                "{} and {}: Welch t = {t:.2}, medians {:.2}% apart, {:.0} µs",
                names[one],
                names[other],
                apart * 100.0,
                median(&mut times[one].clone())
            );
            assert!(t.abs() < 4.5, "{} and {}: {t}", names[one], names[other]);
            assert!(apart.abs() < most, "{} and {}: {apart}", names[one], names[other]);
        }
    }
}

#[tokio::test]
#[ignore = "measures for twenty seconds and requires an idle machine; run alone by .ci/run"]
async fn known_and_unknown_names_are_rejected_in_equal_time() {
    let (accounts, _) = site(PasswordHasherSettings::default()).await;
    rejected_in_equal_time(&accounts, &["argon", "unkno"], rounds(500), 0.05).await;
}

/// An account that has not been migrated, one that has, and no account.
#[tokio::test]
#[ignore = "measures for thirty seconds and requires an idle machine; run alone by .ci/run"]
async fn foreign_hashes_are_rejected_in_equal_time() {
    let decoy = bcrypt::hash("of nobody", BCRYPT_COST).unwrap();
    let (accounts, store) = site(PasswordHasherSettings::default().read_also(Bcrypt(decoy))).await;
    let hash = bcrypt::hash("two grey herons at dawn", BCRYPT_COST).unwrap();
    let (id, name) = (AccountId::new("old"), Username::parse("bcryp").unwrap());
    let old = NewAccount::new(id, name, hash, Vec::new(), UnixTime::from_secs(0));
    assert!(matches!(store.create(old).await, Ok(RegistrationOutcome::Created(_))));
    rejected_in_equal_time(&accounts, &["argon", "bcryp", "unkno"], rounds(400), 0.1).await;
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
