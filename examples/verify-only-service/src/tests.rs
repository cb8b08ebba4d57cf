//! Sends tokens that are signed with the site's private key to the service, which has the public
//! key.

#![allow(clippy::unwrap_used, reason = "a test panics if its setup fails")]

use std::time::Duration;

use axum::{body::Body, http::Request};
use hallpass_core::{
    Algorithm, Claims, Clock, Issuer, Key, KeyId, LoggedIn, SystemClock, UnixTime,
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

fn ring(seed: u8) -> KeyRing {
    KeyRing::generate(Algorithm::EdDsa, [seed; 32], SystemClock.now()).unwrap()
}

fn token(ring: KeyRing, audience: &str, role: SiteRole) -> String {
    token_at(SystemClock.now(), ring, audience, role)
}

fn token_at(now: UnixTime, ring: KeyRing, audience: &str, role: SiteRole) -> String {
    let ann = LoggedIn::insecure_new(
        Claims::new("7", 0, now).with_username("ann").with_session("s"),
        role,
    );
    Issuer::new(ring, "https://site.example", audience)
        .issue(&ann, now)
        .unwrap()
        .as_str()
        .to_owned()
}

async fn answer(app: &Router, token: &str) -> (u16, String) {
    let request = Request::get("/report").header("accept", "application/json");
    let request =
        request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_public_key_is_enough_to_verify_tokens() {
    let site = ring(1);
    let jwks = site.to_jwks();
    assert!(jwks.contains("\"Ed25519\"") && !jwks.contains("\"d\""), "{jwks}");
    let app = app(KeyRing::from_jwks(&jwks).unwrap());

    let admin = token(site.clone(), "site", SiteRole::Admin);
    assert_eq!(answer(&app, &admin).await, (200, "The report, for ann".to_owned()));
    assert_eq!(answer(&app, &token(site.clone(), "site", SiteRole::Guest)).await.0, 403);
    assert_eq!(answer(&app, &token(site.clone(), "another-site", SiteRole::Admin)).await.0, 401);
    assert_eq!(answer(&app, &token(ring(2), "site", SiteRole::Admin)).await.0, 401);
    assert_eq!(answer(&app, &admin[..admin.len() - 4]).await.0, 401);

    // A token that is signed with the public key as an HMAC secret (CVE-2015-9235) is rejected,
    // because each key has exactly one algorithm.
    let public = jwks.split("\"x\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let name = KeyId::parse(site.active().unwrap().id().as_str()).unwrap();
    let confused =
        KeyRing::signing_with(Key::hmac(name, Algorithm::Hs256, public.as_bytes()).unwrap())
            .unwrap();
    assert_eq!(answer(&app, &token(confused, "site", SiteRole::Admin)).await.0, 401);
}

#[tokio::test]
async fn the_committed_jwks_can_verify_but_not_sign() {
    let ring = KeyRing::from_jwks(JWKS).unwrap();
    assert!(ring.active().is_none());
    assert_eq!(answer(&app(ring), "x.y.z").await.0, 401);
}

/// The clock of the site may be up to a minute ahead of the clock of this service.
#[tokio::test]
async fn a_token_of_a_clock_ahead_is_accepted() {
    let site = ring(1);
    let app = app(KeyRing::from_jwks(&site.to_jwks()).unwrap());
    for (seconds, status) in [(1, 200), (3, 200), (59, 200), (90, 401)] {
        let ahead = SystemClock.now().saturating_add(Duration::from_secs(seconds));
        let token = token_at(ahead, site.clone(), "site", SiteRole::Admin);
        assert_eq!(answer(&app, &token).await.0, status, "{seconds} s ahead");
    }
}
