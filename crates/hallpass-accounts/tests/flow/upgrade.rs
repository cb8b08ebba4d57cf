//! A hash below the cost of the site is replaced at the next login. The replacement does not show
//! whether a guessed password is right.

use hallpass_accounts::{AccountsErrorKind, Event, HashCost, PasswordHasherSettings, Username};

use crate::site::{PASSWORD, Site, logged_in};

fn stronger(site: &Site) -> Site {
    let hasher = PasswordHasherSettings::default().hash_cost(HashCost::new(128, 1, 1));
    Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.password_hasher = hasher
    })
}

async fn cost_of(site: &Site, name: &str) -> String {
    let account = site.accounts.find(&Username::parse(name).unwrap()).await.unwrap().unwrap();
    account.password_hash().split('$').nth(3).unwrap().to_owned()
}

#[tokio::test]
async fn a_weak_hash_is_upgraded_once_at_the_next_login() {
    let old = Site::new();
    old.register("alice").await;
    let new = stronger(&old);
    assert_eq!(cost_of(&new, "alice").await, "m=64,t=1,p=1");
    assert!(new.log_in("alice", "wrong", None).await.is_err());
    assert_eq!(cost_of(&new, "alice").await, "m=64,t=1,p=1");
    for runs in [2, 1] {
        let before = new.accounts.password_hasher().runs();
        logged_in(new.log_in("alice", PASSWORD, None).await);
        assert_eq!(new.accounts.password_hasher().runs() - before, runs);
        assert_eq!(cost_of(&new, "alice").await, "m=128,t=1,p=1");
    }
    assert_eq!(new.heard(|event| matches!(event, Event::PasswordHashUpgraded { .. })), 1);
}

#[tokio::test]
async fn a_hash_of_a_debug_build_is_upgraded_in_a_release_build() {
    let site = Site::new();
    let node = |hasher: PasswordHasherSettings| {
        Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
            settings.password_hasher = hasher
        })
    };
    let default = node(PasswordHasherSettings::default());
    default.register("alice").await;
    let release = HashCost::new(19_456, 2, 1);
    let made =
        if cfg!(debug_assertions) { "m=256,t=1,p=1".to_owned() } else { release.to_string() };
    assert_eq!(cost_of(&default, "alice").await, made);
    logged_in(
        node(PasswordHasherSettings::default().hash_cost(release))
            .log_in("alice", PASSWORD, None)
            .await,
    );
    assert_eq!(cost_of(&default, "alice").await, release.to_string());
}

#[tokio::test]
async fn a_hash_is_not_upgraded_before_the_code_is_right() {
    let old = Site::new();
    let alice = old.enrolled("alice").await;
    let new = stronger(&old);
    let before = new.accounts.password_hasher().runs();
    let refused = new.log_in("alice", PASSWORD, Some(&alice.wrong_code())).await.map(|_| ());
    assert_eq!(
        (refused, new.accounts.password_hasher().runs() - before),
        (Err(AccountsErrorKind::Refused), 1)
    );
    logged_in(new.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    assert_eq!(cost_of(&new, "alice").await, "m=128,t=1,p=1");
}
