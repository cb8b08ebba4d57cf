//! The settings that the engine takes from the public origin.

use hallpass_accounts::{Settings, TwoFactor};
use hallpass_core::{KeyRing, Keys, PublicOrigin};
use hallpass_test_support::memory_store::MemoryStore;

use crate::site::{Site, SiteRole};

fn site(set: impl FnOnce(&mut Settings<SiteRole>)) -> Site {
    let Site { clock, .. } = Site::new();
    let keys = Keys::from(KeyRing::generate_hs256([7; 32], hallpass_core::Clock::now(&clock)));
    Site::node(MemoryStore::default(), clock, keys, set)
}

fn at(text: &str) -> Option<PublicOrigin> {
    Some(PublicOrigin::parse(text).unwrap())
}

#[tokio::test]
async fn authenticators_show_the_host_of_a_site_without_a_name() {
    let issuer = |site: Site| async move {
        let who = site.verify(&site.register("alice").await.access).unwrap();
        match site.accounts.two_factor(&who).await.unwrap() {
            TwoFactor::Off(set_up) => set_up.otpauth_uri,
            TwoFactor::On => panic!("a new account has no factor"),
        }
    };
    let address = "https://site.example:8443/app";
    let unnamed = issuer(site(|settings| settings.public_origin = at(address))).await;
    assert!(unnamed.starts_with("otpauth://totp/site.example:alice?"), "{unnamed:?}");
    let named = issuer(site(|settings| {
        settings.public_origin = at(address);
        settings.site_name = Some("Notes".to_owned());
    }))
    .await;
    assert!(named.starts_with("otpauth://totp/Notes:alice?"), "{named:?}");
}

#[tokio::test]
async fn the_prefix_is_in_cookie_names_and_rejections() {
    let below = site(|settings| settings.public_origin = at("https://site.example/app"));
    assert_eq!(below.accounts.public_origin(), at("https://site.example/app").as_ref());
    let settings = below.accounts.settings();
    assert_eq!(settings.prefix().as_str(), "/app");
    assert_eq!(settings.cookies.access_name(), "__Host-hallpass-6u5vfl");
    assert_eq!(settings.rejections.prefix().as_str(), "/app");

    let whole = site(|settings| settings.public_origin = at("https://site.example"));
    assert_eq!(whole.accounts.settings().cookies.access_name(), "__Host-hallpass");
    let unset = Site::new();
    assert_eq!(unset.accounts.public_origin(), None);
    assert!(unset.accounts.settings().prefix().is_empty());
}
