//! The effect of each setting of the builder on the routes, the authenticator and the responses.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use hallpass::keys::KeyRing;
use hallpass::store::SqlStore;
use hallpass::{
    Clock, CookieSettings, Hallpass, HallpassBuilder, SystemClock, TwoFactorPolicy,
    VerifierSettings,
};
use hallpass_core::{Claims, Issuer, LoggedIn};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    site::{SiteRole, pages},
    users::Users,
    visit::{cookie_of, status},
};

type Change = fn(HallpassBuilder<SiteRole, Users>) -> HallpassBuilder<SiteRole, Users>;

fn ring() -> KeyRing {
    KeyRing::generate_hs256(hallpass_test_support::random::bytes(1), SystemClock.now())
}

async fn site(change: Change) -> Router {
    let builder = Hallpass::builder(Users::default()).keys(ring()).registration();
    pages(&change(builder).start().await.unwrap())
}

/// Returns a token with a longer lifetime than the site's, signed by another program with the
/// site's keys.
fn two_hours_token() -> String {
    let issuer = Issuer::new(ring(), "hallpass", "hallpass").lifetime(Duration::from_secs(7200));
    let alice = LoggedIn::insecure_new(
        Claims::new("1", 0, SystemClock.now()).with_username("alice").with_session("s"),
        [SiteRole::Admin],
    );
    issuer.issue(&alice, SystemClock.now()).unwrap().as_str().to_owned()
}

#[tokio::test]
async fn tokens_longer_than_the_lifetime_are_rejected() {
    let cookie = format!("__Host-hallpass={}", two_hours_token());
    let longer = site(|site| site.lifetime(Duration::from_secs(7200))).await;
    assert_eq!(status(&longer, "/admin", &cookie).await, 200);
    let default = site(|site| site).await;
    assert_eq!(status(&default, "/admin", &cookie).await, 401);
    let other = site(|site| site.verifier(VerifierSettings::default().accept_type("JWT"))).await;
    assert_eq!(status(&other, "/admin", &cookie).await, 401);
}

#[tokio::test]
async fn issuer_and_audience_apply_to_all_tokens() {
    let cookie = format!("__Host-hallpass={}", two_hours_token());
    let changes: [Change; 2] =
        [|site| site.issuer("https://site.example"), |site| site.audience("site")];
    for change in changes {
        let site = site(change).await;
        assert_eq!(status(&site, "/admin", &cookie).await, 401);
        let own = cookie_of(&site, "/register", "alice").await;
        assert_eq!(status(&site, "/profile", &own).await, 200);
    }
}

async fn with_bearer(site: &Router, token: &str) -> (u16, HeaderMap) {
    let request = Request::get("/profile")
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let response = site.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    (response.status().as_u16(), response.headers().clone())
}

#[tokio::test]
async fn bearer_tokens_are_accepted_only_if_enabled() {
    let (off, on) = (site(|site| site).await, site(HallpassBuilder::bearer).await);
    let cookie = cookie_of(&on, "/register", "alice").await;
    let token = cookie.split_once('=').unwrap().1;
    assert_eq!(with_bearer(&on, token).await.0, 200);
    assert_eq!(with_bearer(&off, token).await.0, 401);
    let (status, headers) = with_bearer(&on, "no.such.token").await;
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let challenges =
        challenges.map(|challenge| challenge.to_str().unwrap()).collect::<Vec<_>>().join(", ");
    assert_eq!(status, 401);
    assert!(challenges.contains("Bearer"), "{challenges}");
}

/// Registers with these additional headers, and returns the status and the `Set-Cookie` headers.
async fn register(site: &Router, headers: &[(&str, &str)]) -> (u16, Vec<String>) {
    let mut request = Request::post("/register")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "site.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let form = Body::from("username=alice&password=correct+horse+battery+staple");
    let response = site.clone().oneshot(request.body(form).unwrap()).await.unwrap();
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookies = cookies.map(|cookie| cookie.to_str().unwrap().to_owned());
    (response.status().as_u16(), cookies.collect())
}

#[tokio::test]
async fn the_authenticator_reads_the_cookie_that_the_routes_set() {
    let changes: [(Change, &str, bool); 3] = [
        (|site| site, "__Host-hallpass=", true),
        (
            |site| site.cookies(CookieSettings::builder().access_name("__Host-pass")),
            "__Host-pass=",
            true,
        ),
        (HallpassBuilder::insecure_plain_http_cookies, "hallpass=", false),
    ];
    for (change, name, secure) in changes {
        let site = site(change).await;
        let (_, cookies) = register(&site, &[]).await;
        let access = cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap();
        assert_eq!(access.contains("Secure"), secure, "{access}");
        assert!(access.contains("Max-Age=900"), "{access}");
        let pair = access.split(';').next().unwrap();
        assert_eq!(status(&site, "/profile", pair).await, 200, "{access}");
    }
}

#[tokio::test]
async fn another_origin_cannot_log_in_unless_it_is_trusted() {
    let shop = [("origin", "https://shop.example"), ("sec-fetch-site", "cross-site")];
    let (status, cookies) = register(&site(|site| site).await, &shop).await;
    assert_eq!((status, cookies.len()), (403, 0));
    let (status, _) =
        register(&site(|site| site.trust_origin("https://shop.example")).await, &shop).await;
    assert_eq!(status, 303);
}

/// Starts a site on SQLite, which implements all traits.
async fn full(change: fn(Builder) -> Builder) -> Hallpass<SiteRole> {
    let store = SqlStore::open("sqlite::memory:").await.unwrap();
    change(Hallpass::builder(store).keys_in_memory()).start().await.unwrap()
}

type Builder = HallpassBuilder<SiteRole, SqlStore>;

#[tokio::test]
async fn the_order_of_the_settings_does_not_matter() {
    let orders: [fn(Builder) -> Builder; 2] = [
        |site| site.everything().without_refresh_tokens(),
        |site| site.without_refresh_tokens().everything(),
    ];
    for order in orders {
        let site = full(order).await;
        assert!(site.endpoints().routes().iter().all(|route| route.path != "/session/refresh"));
        assert!(site.endpoints().routes().iter().any(|route| route.path == "/account/sessions"));
    }
    let orders: [fn(Builder) -> Builder; 2] = [
        |site| site.everything().two_factor(TwoFactorPolicy::RequiredForAll),
        |site| site.two_factor(TwoFactorPolicy::RequiredForAll).everything(),
    ];
    for order in orders {
        assert!(matches!(
            full(order).await.accounts().settings().two_factor,
            TwoFactorPolicy::RequiredForAll
        ));
    }
    let orders: [Change; 2] = [
        |site| {
            site.insecure_plain_http_cookies()
                .cookies(CookieSettings::builder().access_name("pass"))
        },
        |site| {
            site.cookies(CookieSettings::builder().access_name("pass"))
                .insecure_plain_http_cookies()
        },
    ];
    for order in orders {
        let (_, cookies) = register(&site(order).await, &[]).await;
        assert!(
            cookies.iter().any(|cookie| cookie.starts_with("pass=") && !cookie.contains("Secure")),
            "{cookies:?}"
        );
    }
}

#[tokio::test]
async fn default_roles_and_site_name_take_effect() {
    let site =
        site(|site| site.default_roles([SiteRole::Admin]).site_name("Marmalade & Sons")).await;
    let cookie = cookie_of(&site, "/register", "alice").await;
    assert_eq!(status(&site, "/admin", &cookie).await, 200);
    let request =
        Request::get("/login").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let page = site.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let page = std::str::from_utf8(&page).unwrap();
    assert!(
        page.contains("Marmalade &#38; Sons") || page.contains("Marmalade &amp; Sons"),
        "{page}"
    );
}
