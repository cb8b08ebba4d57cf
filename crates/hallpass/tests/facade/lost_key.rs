//! A lost encryption key on axum and on actix-web: a login with a code is 500 and not 503, because
//! trying again does not help.

use axum::Router;
use hallpass::flow::Proof;
use hallpass::flow::{TwoFactor, Visitor};
use hallpass::keys::KeyRing;
use hallpass::store::SqlStore;
use hallpass::totp::{Totp, TotpSettings};
use hallpass::{Clock, Hallpass, SystemClock};

use crate::{
    hands::Hands,
    site::SiteRole,
    visit::{Jar, send},
};

const PASSWORD: &str = "correct horse battery staple";
const PROBLEM: &str = "urn:hallpass:problem:internal";

/// Returns a site whose key ring does not have the encryption key of Ann's second factor, and the
/// login form with a right code.
async fn site() -> (Hallpass<SiteRole>, String) {
    let clock = Hands::new();
    let store = SqlStore::open("sqlite::memory:").await.unwrap();
    let builder = Hallpass::<SiteRole>::builder(store)
        .keys(KeyRing::generate_hs256(hallpass_test_support::random::bytes(7), SystemClock.now()))
        .clock(clock.clone());
    let hallpass = builder.everything().start().await.unwrap();
    let accounts = hallpass.accounts();
    let ann = accounts.register("ann", PASSWORD, &Visitor::default()).await.unwrap();
    let access = ann.opened().unwrap().access;
    let verifier = accounts.verifier();
    let who = verifier.verify(access.as_str().as_bytes(), clock.now()).unwrap();
    let TwoFactor::Off(set_up) = accounts.two_factor(&who).await.unwrap() else {
        panic!("a new account has no factor")
    };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    let _codes = accounts
        .enable_two_factor(&who, &Proof::of_password(PASSWORD), &totp.code_at(clock.now()))
        .await
        .unwrap();
    clock.turn(std::time::Duration::from_secs(30));
    let code = totp.code_at(clock.now());

    let keys = accounts.issuer().keys();
    let ring = keys.current();
    let lost = ring.encryption_keys().next().unwrap().0.clone();
    keys.replace(
        ring.rotate_encryption(hallpass_test_support::random::bytes(9), clock.now())
            .retire(&lost)
            .unwrap(),
    );
    let form = format!("username=ann&password={}&code={code}", PASSWORD.replace(' ', "+"));
    (hallpass, form)
}

#[tokio::test]
async fn on_axum_a_lost_key_is_500_and_not_503() {
    let (hallpass, form) = site().await;
    let pages: Router = Router::new().merge(hallpass.routes()).layer(hallpass.layer());
    // More often than the account's attempts: none of them counts.
    for _ in 0..10 {
        let (status, body) = send(&pages, &mut Jar::default(), "/login", Some(&form)).await;
        assert!(status == 500 && body.contains(PROBLEM), "{status} {body}");
    }
}

#[cfg(feature = "actix")]
#[actix_web::test]
async fn on_actix_a_lost_key_is_500_and_not_503() {
    use actix_web::{App, test};

    let (hallpass, form) = site().await;
    let app = App::new().service(hallpass.routes()).wrap(hallpass.layer());
    let app = test::init_service(app).await;
    for _ in 0..10 {
        let request = test::TestRequest::post()
            .uri("/login")
            .insert_header(("accept", "application/json"))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .insert_header(("host", "site.example"))
            .set_payload(form.clone());
        let response = test::call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        let body = test::read_body(response).await;
        let body = String::from_utf8_lossy(&body);
        assert!(status == 500 && body.contains(PROBLEM), "{status} {body}");
    }
}
