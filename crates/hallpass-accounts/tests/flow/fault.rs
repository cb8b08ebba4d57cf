//! If the store fails or hangs, a login fails within two seconds with an error that HTTP renders as
//! 503, and nobody is logged in (SECURITY row 16).

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass_accounts::{
    Account, AccountId, AccountStore, Accounts, AccountsErrorKind, Event, HashCost,
    PasswordHasherSettings, Settings, SettingsError, StoreSet, Username,
};
use hallpass_core::{KeyRing, UnixTime};

use crate::site::{PASSWORD, Site, SiteRole, here};
use hallpass_test_support::memory_store::MemoryStore;

struct Hangs;

impl AccountStore for Hangs {
    type Error = Infallible;

    async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> {
        pending().await
    }

    async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Infallible> {
        pending().await
    }
}

fn keys() -> KeyRing {
    KeyRing::generate_hs256([1; 32], UnixTime::from_secs(0))
}

fn passwords_only(
    store: impl AccountStore,
    password_hasher: PasswordHasherSettings,
) -> Accounts<SiteRole> {
    let settings = Settings { password_hasher, ..Settings::default() };
    Accounts::new(keys(), StoreSet::new(Arc::new(store)), settings).unwrap()
}

#[tokio::test]
async fn a_login_on_a_hanging_store_times_out() {
    let accounts = passwords_only(Hangs, PasswordHasherSettings::default());
    let start = Instant::now();
    let failed = accounts.log_in("alice", PASSWORD, None, &here()).await.unwrap_err();
    assert!(matches!(failed.kind(), AccountsErrorKind::Unavailable { .. }));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(accounts.password_hasher().runs(), 0);
}

#[tokio::test]
async fn a_failing_store_logs_nobody_in_and_costs_no_hashing() {
    let site = Site::new();
    site.register("alice").await;
    let runs = site.accounts.password_hasher().runs();
    site.store.set_down(true);
    for name in ["alice", "nobody"] {
        let failed = site.log_in(name, PASSWORD, None).await.map(|_| ());
        assert!(matches!(failed, Err(AccountsErrorKind::Unavailable { .. })), "{failed:?}");
    }
    assert_eq!(site.accounts.password_hasher().runs(), runs);
    assert_eq!(site.heard(|event| matches!(event, Event::StoreFailed { .. })), 2);
}

#[tokio::test]
async fn a_full_hashing_queue_returns_busy_and_not_refused() {
    let store = MemoryStore::default();
    let nothing_waits = PasswordHasherSettings::default()
        .hash_cost(HashCost::new(19_456, 8, 1))
        .max_permits(1)
        .queue_length(0);
    let accounts = passwords_only(store, nothing_waits);
    let slow = {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.log_in("a", "x", None, &here()).await.map(|_| ()) })
    };
    while accounts.password_hasher().runs() == 0 {
        tokio::task::yield_now().await;
    }
    let busy = accounts.log_in("alice", PASSWORD, None, &here()).await.unwrap_err();
    assert!(matches!(busy.kind(), AccountsErrorKind::Busy { .. }), "{busy:?}");
    assert_eq!(slow.await.unwrap().unwrap_err().kind(), AccountsErrorKind::Refused);
}

/// Otherwise people with the right password were at 429 after a flood.
#[tokio::test]
async fn a_login_that_is_not_admitted_is_not_counted() {
    let site = Site::new();
    site.register("alice").await;
    let one_at_a_time = PasswordHasherSettings::default()
        .hash_cost(HashCost::new(19_456, 8, 1))
        .max_permits(1)
        .queue_length(0);
    let busy = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.password_hasher = one_at_a_time;
    });
    let slow = {
        let accounts = busy.accounts.clone();
        tokio::spawn(async move { accounts.log_in("a", "x", None, &here()).await.map(|_| ()) })
    };
    while busy.accounts.password_hasher().runs() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        let refused = busy.log_in("alice", PASSWORD, None).await.map(|_| ()).unwrap_err();
        assert!(matches!(refused, AccountsErrorKind::Busy { .. }), "{refused:?}");
        let refused = busy.accounts.register("bob", PASSWORD, &here()).await.map(|_| ());
        assert!(matches!(refused.unwrap_err().kind(), AccountsErrorKind::Busy { .. }));
    }
    assert_eq!(slow.await.unwrap().unwrap_err().kind(), AccountsErrorKind::Refused);
    assert!(busy.log_in("alice", PASSWORD, None).await.is_ok());
    assert_eq!(busy.heard(|event| matches!(event, Event::HashingBusy)), 1, "once per minute");
}

#[tokio::test]
async fn a_password_only_store_offers_login_only() {
    let site = Site::new();
    site.register("alice").await;
    let accounts = passwords_only(site.store.clone(), PasswordHasherSettings::default());
    assert!(accounts.log_in("alice", PASSWORD, None, &here()).await.is_ok());
    let registering = accounts.register("bob", PASSWORD, &here()).await;
    assert_eq!(registering.unwrap_err().kind(), AccountsErrorKind::NotOffered);
    assert_eq!(
        accounts.refresh(b"whatever").await.unwrap_err().kind(),
        AccountsErrorKind::NotOffered
    );

    let bob = site.enrolled("bob").await;
    let code = bob.next_code();
    let skipped = accounts.log_in("bob", PASSWORD, Some(&code), &here()).await;
    assert!(skipped.is_err(), "a factor that cannot be verified is not skipped");
}

#[test]
fn an_invalid_setting_is_an_error_of_new() {
    let store = Arc::new(MemoryStore::default());
    let id = keys().active().unwrap().id().to_string();
    let verifies =
        KeyRing::from_json(&keys().to_json().replace(&format!(r#","active":"{id}""#), "")).unwrap();
    let built =
        Accounts::<SiteRole>::new(verifies, StoreSet::new(store.clone()), Settings::default());
    assert_eq!(built.map(|_| ()), Err(SettingsError::NoSigningKey));

    let password_hasher = PasswordHasherSettings::default().hash_cost(HashCost::new(1, 1, 1));
    let settings = Settings::<SiteRole> { password_hasher, ..Settings::default() };
    let built = Accounts::new(keys(), StoreSet::new(store.clone()), settings);
    assert!(matches!(built.map(|_| ()), Err(SettingsError::HashCost(_))));

    let mut stores = StoreSet::new(store.clone());
    stores.notifiers.push(store.into());
    let built = Accounts::<SiteRole>::new(keys(), stores, Settings::default());
    assert_eq!(built.map(|_| ()), Err(SettingsError::NotifierWithoutLog));
}
