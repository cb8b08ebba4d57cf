//! The background tasks of a running site: revocations by other nodes, and a changed key file.

use std::{
    fs,
    future::Future,
    time::{Duration, Instant},
};

use hallpass::keys::{KeyFile, KeyRing, Keys};
use hallpass::{AccountId, Clock, Hallpass, SystemClock, Username};
use tokio::time::sleep;

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
    visit::{cookie_of, status},
};

/// The published bound for revocations on other nodes.
pub(crate) const BOUND: Duration = Duration::from_secs(5);
/// Longer than the period of the background task.
pub(crate) const A_LOOK: Duration = Duration::from_millis(1500);

pub(crate) async fn within_the_bound<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let end = Instant::now() + BOUND;
    while !holds().await {
        assert!(Instant::now() < end, "not within {BOUND:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn id_of(site: &Hallpass<SiteRole>, name: &str) -> AccountId {
    let account = site.find(&Username::parse(name).unwrap()).await.unwrap();
    account.unwrap().id().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn revocations_reach_other_processes_within_the_bound() {
    let scratch = Scratch::new();
    let url = scratch.url("site.db");
    let here = Hallpass::<SiteRole>::open(&url).await.unwrap();
    let there = Hallpass::<SiteRole>::open(&url).await.unwrap();
    let (pages_here, pages_there) = (pages(&here), pages(&there));
    let alice = cookie_of(&pages_here, "/register", "alice").await;
    let bob = cookie_of(&pages_here, "/register", "bob").await;
    assert_eq!(status(&pages_there, "/profile", &alice).await, 200);
    let id = id_of(&here, "alice").await;

    for revoke in ["sign-out", "roles", "disable"] {
        let cookie = cookie_of(&pages_here, "/login", "alice").await;
        match revoke {
            "sign-out" => here.log_out_everywhere(&id).await,
            "roles" => here.set_roles(&id, [SiteRole::Guest]).await,
            _ => here.disable(&id).await,
        }
        .unwrap();
        assert_eq!(
            status(&pages_here, "/profile", &cookie).await,
            401,
            "{revoke}: on this node immediately"
        );
        within_the_bound(|| async { status(&pages_there, "/profile", &cookie).await == 401 }).await;
    }
    // After a restart, the first request is already rejected.
    let restarted = Hallpass::<SiteRole>::open(&url).await.unwrap();
    assert_eq!(status(&pages(&restarted), "/profile", &alice).await, 401);
    assert_eq!(status(&pages(&restarted), "/profile", &bob).await, 200);

    here.enable(&id).await.unwrap();
    let again = cookie_of(&pages_there, "/login", "alice").await;
    assert_eq!(status(&pages_there, "/profile", &again).await, 200);
    assert_eq!(
        status(&pages_there, "/profile", &alice).await,
        401,
        "a revoked token stays revoked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_revokes_a_copied_cookie_on_another_node() {
    let scratch = Scratch::new();
    let url = scratch.url("site.db");
    let (here, there) = (Hallpass::open(&url).await.unwrap(), Hallpass::open(&url).await.unwrap());
    let (pages_here, pages_there) = (pages(&here), pages(&there));
    let copied = cookie_of(&pages_here, "/register", "alice").await;
    let elsewhere = cookie_of(&pages_here, "/login", "alice").await;
    assert_eq!(status(&pages_there, "/profile", &copied).await, 200);
    crate::visit::log_out(&pages_here, &copied).await;
    assert_eq!(status(&pages_here, "/profile", &copied).await, 401);
    within_the_bound(|| async { status(&pages_there, "/profile", &copied).await == 401 }).await;
    assert_eq!(
        status(&pages_there, "/profile", &elsewhere).await,
        200,
        "another session of the account"
    );
}

fn active(keys: &Keys) -> String {
    keys.current().active().unwrap().id().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_file_is_reloaded_and_an_invalid_one_is_not() {
    let scratch = Scratch::new();
    let site = Hallpass::<SiteRole>::open(&scratch.url("site.db")).await.unwrap();
    let pages = pages(&site);
    let file = KeyFile::beside(scratch.path("site.db"));
    let cookie = cookie_of(&pages, "/register", "alice").await;

    let (first, first_text) = (active(site.keys()), fs::read_to_string(file.path()).unwrap());
    let rotated = file.rotate(SystemClock.now(), Duration::from_secs(900)).unwrap();
    let new = rotated.active().unwrap().id().to_string();
    within_the_bound(|| async { active(site.keys()) == new }).await;
    assert_eq!(status(&pages, "/profile", &cookie).await, 200, "signed before the rotation");
    let newer = cookie_of(&pages, "/login", "alice").await;

    let good = fs::read_to_string(file.path()).unwrap();
    let another =
        KeyRing::generate_hs256(hallpass_test_support::random::bytes(9), SystemClock.now())
            .to_json();
    for bad in [Some("{"), Some(r#"{"keys": []}"#), Some(""), Some(&**another), None] {
        match bad {
            Some(text) => fs::write(file.path(), text).unwrap(),
            None => fs::remove_file(file.path()).unwrap(),
        }
        sleep(A_LOOK).await;
        assert_eq!(active(site.keys()), new);
        assert_eq!(status(&pages, "/profile", &newer).await, 200);
    }

    let old = KeyRing::from_json(&good).unwrap();
    let last = old
        .rotated(hallpass_test_support::random::bytes(9), SystemClock.now(), Duration::ZERO)
        .unwrap();
    file.create(&last).unwrap();
    within_the_bound(|| async { status(&pages, "/profile", &newer).await == 401 }).await;

    fs::write(file.path(), first_text).unwrap();
    within_the_bound(|| async { active(site.keys()) == first }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn background_task_stops_with_the_last_handle_or_layer() {
    let scratch = Scratch::new();
    let site = Hallpass::<SiteRole>::open(&scratch.url("site.db")).await.unwrap();
    let file = KeyFile::beside(scratch.path("site.db"));
    let keys = site.keys().clone();
    let rotate = || {
        let ring = file.rotate(SystemClock.now(), Duration::from_secs(900)).unwrap();
        ring.active().unwrap().id().to_string()
    };

    let layer = site.layer();
    drop(site);
    let new = rotate();
    within_the_bound(|| async { active(&keys) == new }).await;

    drop(layer);
    rotate();
    sleep(A_LOOK).await;
    assert_eq!(active(&keys), new, "the task has stopped");
}
