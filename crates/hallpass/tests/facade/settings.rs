//! What each setting of the builder changes: the routes, the gate and the answers alike.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use hallpass::keys::KeyRing;
use hallpass::{Clock, CookieSettings, Hallpass, HallpassBuilder, NoFeed, SystemClock};
use hallpass_core::{Claims, Issuer, LoggedIn};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    site::{SiteRole, pages},
    users::Users,
    visit::{cookie_of, status},
};

type Revocation = fn(HallpassBuilder<SiteRole, Users, NoFeed>) -> HallpassBuilder<SiteRole, Users, NoFeed>;

fn ring() -> KeyRing {
    KeyRing::generate_hs256([1; 32], SystemClock.now())
}

fn site(change: Revocation) -> Router {
    let builder = Hallpass::builder(Users::default()).keys(ring()).registration();
    pages(&change(builder).build().unwrap())
}

/// A token of a longer life than the site's, signed by another program with the site's keys.
fn two_hours_token() -> String {
    let issuer = Issuer::new(ring(), "hallpass", "hallpass").lifetime(Duration::from_secs(7200));
    let alice = LoggedIn::insecure_new(
        Claims::new("1", 0, SystemClock.now()).with_username("alice").with_session("s"),
        [SiteRole::Admin],
    );
    issuer.issue(&alice, SystemClock.now()).unwrap().as_str().to_owned()
}

#[tokio::test]
async fn no_token_outlives_the_memory_of_revocations() {
    let cookie = format!("__Host-hallpass={}", two_hours_token());
    let longer = site(|site| site.lifetime(Duration::from_secs(7200)));
    assert_eq!(status(&longer, "/admin", &cookie).await, 200);
    let default = site(|site| site);
    assert_eq!(status(&default, "/admin", &cookie).await, 401);
    let contrary = site(|site| site.verifier(|verifier| verifier.max_lifetime(Duration::from_secs(86_400))));
    assert_eq!(status(&contrary, "/admin", &cookie).await, 401);
}

#[tokio::test]
async fn issuer_and_audience_are_said_once() {
    let cookie = format!("__Host-hallpass={}", two_hours_token());
    let changes: [Revocation; 2] = [|site| site.issuer("https://site.example"), |site| site.audience("site")];
    for change in changes {
        let site = site(change);
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
async fn bearer_tokens_are_taken_where_the_site_says_so() {
    let (off, on) = (site(|site| site), site(HallpassBuilder::bearer));
    let cookie = cookie_of(&on, "/register", "alice").await;
    let token = cookie.split_once('=').unwrap().1;
    assert_eq!(with_bearer(&on, token).await.0, 200);
    assert_eq!(with_bearer(&off, token).await.0, 401);
    let (status, headers) = with_bearer(&on, "no.such.token").await;
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let challenges = challenges.map(|challenge| challenge.to_str().unwrap()).collect::<Vec<_>>().join(", ");
    assert_eq!(status, 401);
    assert!(challenges.contains("Bearer"), "{challenges}");
}

/// Registers, with these headers too, and gives back the status and the `Set-Cookie` headers.
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
async fn the_gate_reads_the_cookie_that_the_routes_set() {
    let changes: [(Revocation, &str, bool); 3] = [
        (|site| site, "__Host-hallpass=", true),
        (|site| site.cookies(CookieSettings::builder().access_name("__Host-pass")), "__Host-pass=", true),
        (HallpassBuilder::insecure_plain_http_cookies, "hallpass=", false),
    ];
    for (change, name, secure) in changes {
        let site = site(change);
        let (_, cookies) = register(&site, &[]).await;
        let access = cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap();
        assert_eq!(access.contains("Secure"), secure, "{access}");
        assert!(access.contains("Max-Age=900"), "{access}");
        let pair = access.split(';').next().unwrap();
        assert_eq!(status(&site, "/profile", pair).await, 200, "{access}");
    }
}

#[tokio::test]
async fn another_origin_signs_nobody_in_unless_it_is_trusted() {
    let shop = [("origin", "https://shop.example"), ("sec-fetch-site", "cross-site")];
    let (status, cookies) = register(&site(|site| site), &shop).await;
    assert_eq!((status, cookies.len()), (403, 0));
    let (status, _) = register(&site(|site| site.trust_origin("https://shop.example")), &shop).await;
    assert_eq!(status, 303);
}

#[tokio::test]
async fn first_roles_and_name_reach_the_pages() {
    let site = site(|site| site.default_roles([SiteRole::Admin]).site_name("Marmalade & Sons"));
    let cookie = cookie_of(&site, "/register", "alice").await;
    assert_eq!(status(&site, "/admin", &cookie).await, 200);
    let request = Request::get("/login").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let page = site.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let page = std::str::from_utf8(&page).unwrap();
    assert!(page.contains("Marmalade &#38; Sons") || page.contains("Marmalade &amp; Sons"), "{page}");
}
