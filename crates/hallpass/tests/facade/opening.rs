//! Opening a site with one call, also by several processes concurrently.

use std::{collections::HashSet, error::Error, fs};

use hallpass::keys::KeyRing;
use hallpass::{CookieSettings, Hallpass, HallpassBuilder, StalePolicy, UnixTime};
use tokio::task::JoinSet;

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
    users::Users,
    visit::{cookie_of, status},
};

#[tokio::test]
async fn first_start_creates_files_and_second_start_reuses_them() {
    let scratch = Scratch::new();
    let first = Hallpass::<SiteRole>::open(&scratch.url("site.db")).await.unwrap();
    assert!(first.is_ready());
    let cookie = cookie_of(&pages(&first), "/register", "alice").await;
    assert_eq!(status(&pages(&first), "/profile", &cookie).await, 200);
    drop(first);
    let made = scratch.names();
    assert!(
        made.contains(&"site.db".to_owned()) && made.contains(&"site-keys.json".to_owned()),
        "{made:?}"
    );

    let second = Hallpass::<SiteRole>::open(&scratch.url("site.db")).await.unwrap();
    assert_eq!(status(&pages(&second), "/profile", &cookie).await, 200);
    assert_eq!(status(&pages(&second), "/admin", &cookie).await, 403, "the account has no role");
    cookie_of(&pages(&second), "/login", "ALICE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_opens_accept_each_others_tokens() {
    let scratch = Scratch::new();
    let mut opening = JoinSet::new();
    for _ in 0..6 {
        let url = scratch.url("site.db");
        opening.spawn(async move { Hallpass::<SiteRole>::open(&url).await.unwrap() });
    }
    let sites = opening.join_all().await;
    let active =
        |site: &Hallpass<SiteRole>| site.keys().current().active().unwrap().id().to_string();
    assert_eq!(sites.iter().map(active).collect::<HashSet<_>>().len(), 1);
    let cookie = cookie_of(&pages(&sites[0]), "/register", "alice").await;
    for site in &sites {
        assert_eq!(status(&pages(site), "/profile", &cookie).await, 200);
    }
}

#[tokio::test]
async fn a_database_in_memory_leaves_no_file() {
    let before = fs::read_dir(".").unwrap().count();
    let site = Hallpass::<SiteRole>::open("sqlite::memory:").await.unwrap();
    let cookie = cookie_of(&pages(&site), "/register", "alice").await;
    assert_eq!(status(&pages(&site), "/profile", &cookie).await, 200);
    assert_eq!(fs::read_dir(".").unwrap().count(), before);
}

#[tokio::test]
async fn open_errors_are_one_sentence_with_the_fix() {
    let scratch = Scratch::new();
    let _broken = scratch.file("broken-keys.json", "{}");
    for (url, expected) in [
        ("mysql://site".to_owned(), "write for example sqlite://site.db"),
        (scratch.url("no/site.db"), "create its directory"),
        (scratch.url("broken.db"), "broken-keys.json cannot be used"),
    ] {
        let error = Hallpass::<SiteRole>::open(&url).await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
}

fn builder() -> HallpassBuilder<SiteRole, Users> {
    Hallpass::builder(Users::default())
}

#[tokio::test]
async fn setting_errors_are_one_sentence_with_the_fix() {
    let scratch = Scratch::new();
    let ring = || {
        KeyRing::generate_hs256(
            hallpass_test_support::random::bytes(1),
            UnixTime::from_secs(1_790_000_000),
        )
    };
    let id = ring().active().unwrap().id().to_string();
    let without_active = ring().to_json().replace(&format!(r#","active":"{id}""#), "");
    let verifies = KeyRing::from_json(&without_active).unwrap();
    for (settings, expected) in [
        (builder(), r#"write .key_file("site-keys.json")"#),
        (builder().keys(verifies), "make a ring with `hallpass keys new`"),
        (builder().keys(ring()).trust_origin("shop.example"), "shop.example"),
        (builder().keys(ring()).cookies(CookieSettings::builder().access_name("a b")), "a b"),
        (builder().key_file(scratch.path("no/keys.json")), "create its directory"),
        (builder().keys(ring()).key_file(scratch.path("keys.json")), "keys are set more than once"),
        (
            builder().keys(ring()).stale_policy(StalePolicy::ServeUntilExpiry),
            "call .revocation_log()",
        ),
    ] {
        let error = settings.start().await.unwrap_err();
        let sentence = error.to_string();
        assert!(sentence.contains(expected) && !sentence.contains('\n'), "{sentence}");
        assert!(
            error.source().is_none_or(|source| source.to_string() != sentence),
            "the source repeats the text: {sentence}"
        );
    }
    assert!(builder().keys(ring()).start().await.is_ok());
}

/// Everybody can make the keys of an example, and with them tokens of any role.
#[tokio::test]
async fn placeholder_keys_do_not_start() {
    let (now, scratch) = (UnixTime::from_secs(1_790_000_000), Scratch::new());
    let honest = KeyRing::generate_hs256(hallpass_test_support::random::bytes(1), now);
    for ring in [
        KeyRing::generate_hs256([7; 32], now),
        KeyRing::generate_hs256([0; 32], now),
        honest.rotated([1; 32], now, std::time::Duration::ZERO).unwrap(),
        honest.rotate_encryption([1; 32], now),
        honest.with_new_pepper([1; 32], now),
    ] {
        let name = ring.placeholder().unwrap().to_string();
        let path = scratch.path("placeholder-keys.json");
        hallpass::keys::KeyFile::new(&path).create(&ring).unwrap();
        for settings in [builder().keys(ring), builder().key_file(&path)] {
            let error = settings.start().await.unwrap_err().to_string();
            assert!(error.contains(&name) && error.contains("hallpass keys new"), "{error}");
        }
        fs::remove_file(&path).unwrap();
    }
    assert!(builder().keys(honest).start().await.is_ok());
}

#[test]
fn start_outside_a_tokio_runtime_is_an_error() {
    let mut start = std::pin::pin!(builder().keys_in_memory().start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = start.as_mut().poll(&mut context) else {
        panic!("`start` is pending")
    };
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
}
