//! The site's own claims over HTTP: handlers read them from tokens of a registration, a change of
//! the password and a refresh.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use hallpass::keys::KeyRing;
use hallpass::store::SqlStore;
use hallpass::{Account, Hallpass, Identity, SystemClock};
use serde::{Deserialize, Serialize};

use crate::{
    hands::Hands,
    site::SiteRole,
    visit::{Jar, send},
};

#[derive(Serialize, Deserialize)]
struct TenantClaims {
    tenant: String,
}

/// Returns the tenant of an account. The account `PERSON.TENANT` belongs to the tenant `TENANT`.
fn tenant_claims(account: &Account) -> TenantClaims {
    let name = account.username().as_str();
    TenantClaims { tenant: name.split_once('.').map_or(name, |(_, tenant)| tenant).to_owned() }
}

async fn hallpass(hands: &Hands) -> Hallpass<SiteRole> {
    let store = SqlStore::open("sqlite::memory:").await.unwrap();
    let builder = Hallpass::<SiteRole>::builder(store)
        .keys(KeyRing::generate_hs256(
            hallpass_test_support::random::bytes(7),
            hallpass::Clock::now(&SystemClock),
        ))
        .clock(hands.clone())
        .claims(tenant_claims);
    builder.everything().start().await.unwrap()
}

const REGISTER: (&str, &str) =
    ("/register", "username=alice.acme&password=correct+horse+battery+staple");
const CHANGE: (&str, &str) = (
    "/account/password",
    "current_password=correct+horse+battery+staple&new_password=seven+maps+of+nowhere",
);

#[tokio::test]
async fn handlers_on_axum_read_own_claims_after_every_issue() {
    let hands = Hands::new();
    let hallpass = hallpass(&hands).await;
    let tenant = async |me: Identity<SiteRole>| me.claims::<TenantClaims>().unwrap().tenant.clone();
    let site: Router = Router::new()
        .route("/tenant", get(tenant))
        .merge(hallpass.routes())
        .layer(hallpass.layer());
    let mut jar = Jar::default();
    let acme = (200, "acme".to_owned());
    assert_eq!(send(&site, &mut jar, REGISTER.0, Some(REGISTER.1)).await.0, 201);
    assert_eq!(send(&site, &mut jar, "/tenant", None).await, acme, "after registration");

    let (status, body) = send(&site, &mut jar, CHANGE.0, Some(CHANGE.1)).await;
    assert!(status < 300, "{status} {body}");
    assert_eq!(send(&site, &mut jar, "/tenant", None).await, acme, "after a password change");

    hands.turn(Duration::from_secs(16 * 60));
    let before = jar.header();
    assert_eq!(send(&site, &mut jar, "/tenant", None).await, acme, "refreshed inside the request");
    assert_ne!(jar.header(), before);
    assert_eq!(send(&site, &mut jar, "/tenant", None).await, acme, "after a refresh");
}

/// The token of a refresh within a request is too long. To try again does not help, so the response
/// is that of `POST /session/refresh`: 500, and not 503.
#[tokio::test]
async fn refresh_in_a_request_with_too_long_claims_is_500() {
    let (hands, is_long) = (Hands::new(), Arc::new(AtomicBool::new(false)));
    let store = SqlStore::open("sqlite::memory:").await.unwrap();
    let length = is_long.clone();
    let builder = Hallpass::<SiteRole>::builder(store)
        .keys(KeyRing::generate_hs256(
            hallpass_test_support::random::bytes(7),
            hallpass::Clock::now(&SystemClock),
        ))
        .clock(hands.clone())
        .claims(move |_: &Account| TenantClaims {
            tenant: "x".repeat(if length.load(Ordering::Relaxed) { 5000 } else { 5 }),
        });
    let hallpass = builder.everything().start().await.unwrap();
    let site: Router = Router::new()
        .route("/me", get(async |me: Identity<SiteRole>| me.username().to_owned()))
        .route("/", get(async || "the front page"))
        .merge(hallpass.routes())
        .layer(hallpass.layer());
    let mut jar = Jar::default();
    assert_eq!(send(&site, &mut jar, REGISTER.0, Some(REGISTER.1)).await.0, 201);
    hands.turn(Duration::from_secs(16 * 60));

    is_long.store(true, Ordering::Relaxed);
    let cookies = jar.header();
    for (path, form) in [("/me", None), ("/session/refresh", Some(""))] {
        let (status, body) = send(&site, &mut jar, path, form).await;
        let is_internal = body.contains("urn:hallpass:problem:internal");
        assert!(status == 500 && is_internal, "{path}: {status} {body}");
    }
    assert_eq!(send(&site, &mut jar, "/", None).await, (200, "the front page".to_owned()));
    assert_eq!(jar.header(), cookies, "the cookies stay");

    is_long.store(false, Ordering::Relaxed);
    assert_eq!(send(&site, &mut jar, "/me", None).await, (200, "alice.acme".to_owned()));
}

#[cfg(feature = "actix")]
#[actix_web::test]
async fn handlers_on_actix_read_own_claims_after_every_issue() {
    use actix_web::{App, test, web};

    let hands = Hands::new();
    let hallpass = hallpass(&hands).await;
    let tenant = async |me: Identity<SiteRole>| me.claims::<TenantClaims>().unwrap().tenant.clone();
    let app = App::new()
        .route("/tenant", web::get().to(tenant))
        .service(hallpass.routes())
        .wrap(hallpass.layer());
    let app = test::init_service(app).await;
    let mut jar = Jar::default();
    for (path, form, expected) in [
        (REGISTER.0, REGISTER.1, 201),
        ("/tenant", "", 200),
        (CHANGE.0, CHANGE.1, 204),
        ("/tenant", "", 200),
        ("wait", "", 0),
        ("/tenant", "", 200),
        ("/tenant", "", 200),
    ] {
        if path == "wait" {
            hands.turn(Duration::from_secs(16 * 60));
            continue;
        }
        let request =
            if form.is_empty() { test::TestRequest::get() } else { test::TestRequest::post() };
        let request = request
            .uri(path)
            .insert_header(("accept", "application/json"))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .insert_header(("host", "site.example"))
            .insert_header(("cookie", jar.header()));
        let answer = test::call_service(&app, request.set_payload(form).to_request()).await;
        jar.keep(answer.headers().get_all("set-cookie").map(|cookie| cookie.to_str().unwrap()));
        let status = answer.status().as_u16();
        let body = test::read_body(answer).await;
        assert_eq!(status, expected, "{path} {body:?}");
        if path == "/tenant" {
            assert_eq!(body, "acme");
        }
    }
}
