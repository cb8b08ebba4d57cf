//! `/session/refresh`, and the refresh cookie on the other routes.

use std::{collections::BTreeSet, time::Duration};

use hallpass_accounts::SessionSettings;
use tokio::task::JoinSet;

use crate::site::{ACCESS, BROWSER, Client, PASSWORD, REFRESH, Site};

const PATH: &str = "/session/refresh";
const QUARTER: u64 = 15 * 60;
const DAY: u64 = 24 * 3600;

/// Lets the access token expire: a browser then removes the cookie.
async fn after_a_quarter(client: &mut Client) {
    client.site.clock.pass(QUARTER);
    client.cookies.remove(ACCESS);
}

async fn expect_signed_in(client: &Client) {
    client.clone().as_script().get("/account/sessions").await.expect(200);
}

#[tokio::test]
async fn a_refresh_sets_new_cookies_and_nothing_else() {
    let site = Site::new();
    for json in [false, true] {
        let mut ann = if json { site.script() } else { site.browser() };
        ann = ann.registered(if json { "ann" } else { "bob" }).await;
        let first = ann.cookies[REFRESH].clone();
        after_a_quarter(&mut ann).await;
        let answer = ann.post(PATH, &[]).await.expect(204);
        assert_eq!((answer.body.as_str(), answer.header("cache-control")), ("", Some("no-store")));
        let access = answer.set_cookie(ACCESS).unwrap();
        assert!(
            access.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900"),
            "{access}"
        );
        let refresh = answer.set_cookie(REFRESH).unwrap();
        let left = 30 * DAY - QUARTER;
        assert!(
            refresh.ends_with(&format!("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age={left}")),
            "{refresh}"
        );
        assert_eq!(answer.set_cookies().len(), 2);
        assert_ne!(ann.cookies[REFRESH], first);
        expect_signed_in(&ann).await;
    }
}

#[tokio::test]
async fn login_sets_a_refresh_cookie_for_the_life_of_the_session() {
    let site = Site::new();
    let answer = site
        .script()
        .post("/register", &[("username", "ann"), ("password", PASSWORD)])
        .await
        .expect(201);
    let refresh = answer.set_cookie(REFRESH).unwrap();
    assert!(refresh.ends_with(&format!("; Max-Age={}", 30 * DAY)), "{refresh}");
    let mut phone = site.browser();
    let answer = phone.log_in("ann").await;
    assert!(answer.set_cookie(REFRESH).is_some());
    let (mut authenticator, _) = phone.enrol().await;
    let mut tablet = site.browser();
    assert!(
        tablet.log_in("ann").await.set_cookie(REFRESH).is_none(),
        "a password without a code opens no session"
    );
    let code = authenticator.code();
    assert!(tablet.post("/login/code", &[("code", &code)]).await.set_cookie(REFRESH).is_some());
}

#[tokio::test]
async fn reuse_of_a_refresh_token_ends_the_session() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let mut thief = ann.clone();
    after_a_quarter(&mut ann).await;
    ann.post(PATH, &[]).await.expect(204);
    thief.cookies.remove(ACCESS);

    site.clock.pass(29);
    thief.clone().post(PATH, &[]).await.expect(204);
    expect_signed_in(&ann).await;
    ann.post(PATH, &[]).await.expect(204);
    site.clock.pass(1);
    thief.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
    ann.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
    ann.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
}

/// The response with the new token does not arrive, and the browser tries again after the grace.
#[tokio::test]
async fn a_lost_refresh_response_does_not_end_the_session() {
    let site = Site::new();
    for wait in [30, 35, QUARTER, 3 * DAY] {
        let mut ann = site.browser().registered(&format!("ann{wait}")).await;
        after_a_quarter(&mut ann).await;
        for _ in 0..3 {
            ann.clone().post(PATH, &[]).await.expect(204);
            site.clock.pass(wait);
        }
        ann.post(PATH, &[]).await.expect(204);
        expect_signed_in(&ann).await;
        after_a_quarter(&mut ann).await;
        ann.post(PATH, &[]).await.expect(204);
        expect_signed_in(&ann).await;
    }
}

/// A thief who reads the response has the token in it. Both cannot continue.
#[tokio::test]
async fn the_token_of_a_response_taken_for_lost_ends_the_session() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let mut thief = ann.clone();
    after_a_quarter(&mut thief).await;
    thief.post(PATH, &[]).await.expect(204);
    site.clock.pass(35);
    ann.post(PATH, &[]).await.expect(204);
    thief.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
    ann.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
    ann.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
}

/// Tabs that arrive after the first one has its response present the token that it consumed.
#[tokio::test]
async fn late_tabs_refresh_without_a_store_call() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    after_a_quarter(&mut ann).await;
    let (tab, calls) = (ann.clone(), site.store.calls());
    ann.post(PATH, &[]).await.expect(204);
    for _ in 0..3 {
        site.clock.pass(9);
        let mut tab = tab.clone();
        tab.post(PATH, &[]).await.expect(204);
        assert_eq!(tab.cookies[REFRESH], ann.cookies[REFRESH]);
        assert_eq!(tab.cookies[ACCESS], ann.cookies[ACCESS], "nothing is issued");
    }
    assert_eq!(site.store.calls(), calls + 1);
    // The store decides again after the session was logged out, and reports it once.
    ann.post("/logout", &[]).await.expect(303);
    let calls = site.store.calls();
    for _ in 0..3 {
        tab.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
    }
    assert_eq!(site.store.calls(), calls + 1);
}

#[tokio::test]
async fn a_refresh_that_met_an_outage_is_tried_again() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    after_a_quarter(&mut ann).await;
    site.store.set_down(true);
    for _ in 0..2 {
        ann.as_script().post(PATH, &[]).await.expect_problem(503, "unavailable");
    }
    site.store.set_down(false);
    ann.post(PATH, &[]).await.expect(204);
}

#[tokio::test]
async fn concurrent_tabs_refresh_with_one_store_call() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    after_a_quarter(&mut ann).await;
    let (calls, mut tabs) = (site.store.calls(), JoinSet::new());
    for _ in 0..8 {
        let mut tab = ann.clone();
        tabs.spawn(async move {
            tab.post(PATH, &[]).await.expect(204);
            tab
        });
    }
    let tabs = tabs.join_all().await;
    assert_eq!(site.store.calls(), calls + 1);
    let leaves: BTreeSet<_> = tabs.iter().map(|tab| tab.cookies[REFRESH].clone()).collect();
    assert_eq!(leaves.len(), 1);
    for tab in tabs {
        expect_signed_in(&tab).await;
    }
}

#[tokio::test]
async fn an_invalid_refresh_token_is_401_without_a_store_call() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    after_a_quarter(&mut ann).await;
    let good = ann.cookies[REFRESH].clone();
    let calls = site.store.calls();
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for bad in
        ["", "x", &forged, &good[1..], &"A".repeat(86), &"A".repeat(4000), &format!("\"{good}\"")]
    {
        ann.cookies.insert(REFRESH.into(), bad.into());
        ann.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
    }
    site.script().post(PATH, &[]).await.expect_problem(401, "signed-out");
    let mut twice = ann.request("POST", PATH);
    twice.headers.push(("cookie".into(), format!("{REFRESH}={good}; {REFRESH}={good}").into()));
    assert_eq!(site.routes.handle(twice).await.status, 401);
    assert_eq!(site.store.calls(), calls);

    ann.cookies.insert(REFRESH.into(), good);
    ann.post(PATH, &[]).await.expect(204);
}

#[tokio::test]
async fn another_site_cannot_refresh() {
    let site = Site::new();
    let ann = site.browser().registered("ann").await;
    let mut request = ann.request("POST", PATH);
    request.headers.retain(|(name, _)| name != "sec-fetch-site");
    request.headers.push(("sec-fetch-site".into(), b"cross-site".to_vec()));
    let calls = site.store.calls();
    let answer = ann.clone().send(request).await.expect(403);
    assert_eq!((answer.set_cookies().len(), site.store.calls()), (0, calls));
    let get = ann.request("GET", PATH);
    assert_eq!(ann.clone().send(get).await.expect(405).header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_refresh_during_an_outage_does_not_end_the_session() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    after_a_quarter(&mut ann).await;
    site.store.set_down(true);
    ann.as_script().post(PATH, &[]).await.expect_problem(503, "unavailable");
    ann.clone().post("/logout", &[]).await.expect_page(503);
    site.store.set_down(false);
    ann.post(PATH, &[]).await.expect(204);
    expect_signed_in(&ann).await;
}

#[tokio::test]
async fn logout_ends_the_session_with_either_cookie() {
    let site = Site::new();
    for late in [false, true] {
        let mut ann = site.browser().registered(if late { "ann" } else { "bob" }).await;
        if late {
            after_a_quarter(&mut ann).await;
        }
        let mut copy = ann.clone();
        let answer = ann.post("/logout", &[]).await.expect_see_other("/");
        assert!(answer.set_cookie(REFRESH).unwrap().contains("Max-Age=0"));
        assert!(ann.cookies.keys().eq([BROWSER]), "{:?}", ann.cookies);
        copy.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
        copy.get("/login").await.expect(200);
    }
}

#[tokio::test]
async fn a_new_password_revokes_each_copy_of_the_refresh_token() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let thief = ann.clone();
    let mut phone = site.browser();
    phone.log_in("ann").await;
    let fields = [("current_password", PASSWORD), ("new_password", "a wholly different phrase")];
    let answer = ann.post("/account/password", &fields).await.expect_see_other("/profile");
    assert!(answer.set_cookie(REFRESH).is_some());
    phone.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
    after_a_quarter(&mut ann).await;
    ann.post(PATH, &[]).await.expect(204);
    expect_signed_in(&ann).await;
    // A copy from before the change ends the session, because the copy may be stolen.
    thief.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
    ann.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
}

#[tokio::test]
async fn the_session_list_has_the_time_of_the_last_refresh() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    after_a_quarter(&mut ann).await;
    ann.post(PATH, &[]).await.expect(204);
    let list = ann.as_script().get("/account/sessions").await.expect(200).json();
    assert_eq!(list["sessions"][0]["created"], 1_800_000_000);
    assert_eq!(list["sessions"][0]["last_active"], 1_800_000_900);
}

#[tokio::test]
async fn a_session_ends_after_7_idle_days_and_after_30_days() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let idle = ann.clone();
    for _ in 0..4 {
        site.clock.pass(7 * DAY - 1);
        ann.cookies.remove(ACCESS);
        ann.post(PATH, &[]).await.expect(204);
    }
    idle.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");

    let mut bob = site.browser().registered("bob").await;
    let start = site.clock.clone();
    for _ in 0..4 {
        start.pass(7 * DAY - 1);
        bob.post(PATH, &[]).await.expect(204);
    }
    start.pass(2 * DAY - 56);
    // One minute of the session is left, and the access token does not outlive the session.
    let answer = bob.post(PATH, &[]).await.expect(204);
    assert!(answer.set_cookie(ACCESS).unwrap().ends_with("Max-Age=60"), "{answer:?}");
    start.pass(60);
    bob.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
}

#[tokio::test]
async fn session_settings_limit_the_session() {
    let session = SessionSettings::default()
        .idle(Duration::from_secs(3600))
        .absolute(Duration::from_secs(DAY));
    let site = Site::with(|settings, _| settings.session = session);
    let ann = site.browser().registered("ann").await;
    site.clock.pass(3600);
    ann.as_script().post(PATH, &[]).await.expect_problem(401, "signed-out");
}

#[tokio::test]
async fn without_refresh_tokens_a_session_ends_with_its_token() {
    let site = Site::with(|_, stores| stores.refresh_tokens = None);
    let mut ann = site.browser().registered("ann").await;
    assert!(!ann.cookies.contains_key(REFRESH));
    ann.as_script().post(PATH, &[]).await.expect_problem(404, "not-found");
    assert!(site.routes.routes().iter().all(|route| route.path != PATH));
    let fields = [("current_password", PASSWORD), ("new_password", "a wholly different phrase")];
    assert!(ann.post("/account/password", &fields).await.set_cookie(REFRESH).is_none());
    assert_eq!(
        ann.as_script().get("/account/sessions").await.json()["sessions"].as_array().unwrap().len(),
        1
    );
    site.clock.pass(QUARTER);
    ann.as_script().get("/account/sessions").await.expect_problem(401, "expired");
}
