//! A handler under test: admitted and rejected callers, and the effect of time.

use std::time::Duration;

use axum::{Router, routing::get};
use hallpass::{AuthLayer, Identity, require_login, require_roles};
use hallpass_testkit::Kit;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::SiteRole;

fn app(layer: AuthLayer<SiteRole>) -> Router {
    let who = |me: Identity<SiteRole>| async move {
        format!("{} {} {:?}", me.username(), me.user_id(), me.roles())
    };
    let vault =
        require_roles([SiteRole::Admin]).and_second_factor().and_recent(Duration::from_secs(600));
    Router::new()
        .route("/profile", get(who).route_layer(require_login()))
        .route("/admin", get(who).route_layer(require_roles([SiteRole::Admin])))
        .route("/vault", get(who).route_layer(vault))
        .layer(layer)
}

async fn status(kit: &Kit<SiteRole>, request: axum::extract::Request) -> u16 {
    app(kit.layer()).oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_admin_passes_and_others_do_not() {
    let kit = Kit::<SiteRole>::new();
    let response =
        app(kit.layer()).oneshot(kit.as_user(SiteRole::Admin).get("/admin")).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "alice id-alice {admin}");

    assert_eq!(
        status(&kit, kit.as_user([SiteRole::Guest, SiteRole::Admin]).get("/admin")).await,
        200
    );
    assert_eq!(status(&kit, kit.as_user(SiteRole::Guest).get("/admin")).await, 403);
    assert_eq!(status(&kit, kit.as_stranger().get("/admin")).await, 303);
    assert_eq!(status(&kit, kit.as_stranger().get_json("/admin")).await, 401);
    kit.assert_no_store_calls();
}

#[tokio::test]
async fn user_of_another_kit_is_anonymous() {
    let (kit, other) = (Kit::<SiteRole>::new(), Kit::<SiteRole>::new());
    assert_eq!(status(&kit, other.as_user(SiteRole::Admin).get_json("/profile")).await, 401);
    assert_eq!(status(&other, other.as_user(SiteRole::Admin).get_json("/profile")).await, 200);
}

/// A site that uses the kit by mistake accepts no token that somebody else can make: each run draws
/// its keys.
#[tokio::test]
async fn no_published_key_signs_for_a_kit() {
    let kit = Kit::<SiteRole>::new();
    let ring = kit.keys().current();
    assert_eq!(ring.placeholder(), None);
    let now = hallpass_core::Clock::now(&kit.clock());
    let claims = || hallpass_core::Claims::new("17", 0, now);
    let forged = |seed: [u8; 32]| {
        let guessed = hallpass_core::KeyRing::generate_hs256(seed, now);
        let named = guessed.active().unwrap().id().to_string();
        // The name of the real key, so that only the signature can be wrong.
        let text = guessed.to_json().replace(&named, ring.active().unwrap().id().as_str());
        let guessed = hallpass_core::KeyRing::from_json(&text).unwrap();
        let issuer = hallpass_core::Issuer::new(guessed, "hallpass", "hallpass");
        let who = hallpass_core::LoggedIn::insecure_new(claims(), SiteRole::Admin);
        issuer.issue(&who, now).unwrap().as_str().to_owned()
    };
    let status = |token: String| {
        let request = axum::http::Request::get("/admin")
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {token}"));
        status(&kit, request.body(axum::body::Body::empty()).unwrap())
    };
    assert_eq!(status(kit.as_user(SiteRole::Admin).token().unwrap()).await, 200);
    for kits in 0..=255_u8 {
        // The keys of the first versions of the kit: a constant, and the number of the kit.
        let mut numbered = [0x5a; 32];
        numbered[..8].copy_from_slice(&u64::from(kits).to_le_bytes());
        assert_eq!(status(forged(numbered)).await, 401, "{kits}");
        assert_eq!(status(forged([kits; 32])).await, 401, "{kits}");
    }
}

#[tokio::test]
async fn names_and_ids_are_set_by_the_test() {
    let kit = Kit::<SiteRole>::new();
    let bob = kit.as_user(SiteRole::Moderator).named("bob").with_id("42");
    let response = app(kit.layer()).oneshot(bob.get("/profile")).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "bob 42 {moderator}");
    assert_eq!((bob.user_id(), kit.as_stranger().user_id()), ("42", ""));
}

#[tokio::test]
async fn second_factor_and_recent_login_are_required() {
    let kit = Kit::<SiteRole>::new();
    let admin = kit.as_user(SiteRole::Admin);
    assert_eq!(status(&kit, admin.get("/vault")).await, 403);
    let careful = admin.with_second_factor();
    assert_eq!(status(&kit, careful.get("/vault")).await, 200);
    assert_eq!(
        status(&kit, careful.clone().signed_in_ago(Duration::from_secs(600)).get("/vault")).await,
        200
    );
    assert_eq!(
        status(&kit, careful.signed_in_ago(Duration::from_secs(601)).get("/vault")).await,
        403
    );
}

#[tokio::test]
async fn a_kept_cookie_expires_when_the_clock_moves() {
    let kit = Kit::<SiteRole>::new();
    let alice = kit.as_user(SiteRole::Guest);
    let cookie = alice.cookie();
    let with_it = || {
        let request = kit
            .as_stranger()
            .request(http::Method::GET, "/profile")
            .header("accept", "application/json");
        request.header("cookie", &cookie).body(axum::body::Body::empty()).unwrap()
    };
    let life = kit.issuer().access_lifetime();
    kit.clock().advance(life - Duration::from_secs(1));
    assert_eq!(status(&kit, with_it()).await, 200);
    kit.clock().advance(Duration::from_secs(1));
    assert_eq!(status(&kit, with_it()).await, 401);
    kit.clock().turn_back(life);
    assert_eq!(status(&kit, with_it()).await, 200);
    kit.end_session(&alice);
    assert_eq!(status(&kit, with_it()).await, 401);
}

#[tokio::test]
async fn revoked_tokens_are_rejected_and_newer_ones_accepted() {
    let kit = Kit::<SiteRole>::new();
    let alice = kit.as_user(SiteRole::Guest).with_generation(3);
    assert_eq!(status(&kit, alice.get_json("/profile")).await, 200);
    kit.revoke_tokens(&alice);
    assert_eq!(status(&kit, alice.get_json("/profile")).await, 401);
    assert_eq!(status(&kit, alice.with_generation(4).get_json("/profile")).await, 200);
    assert_eq!(
        status(&kit, kit.as_user(SiteRole::Guest).named("bob").get_json("/profile")).await,
        200
    );
}
