//! Attacks of a thief and of a guesser on a running process, as `docs/SECURITY.md` lists them.
//!
//! The engine's tests examine each defence with a clock of their own. These tests show that the
//! defences are in force over a socket: on axum and actix-web, on SQLite and PostgreSQL.

use hallpass_test_support::http::client::Client;

use crate::person::{ACCESS, BROWSER, PASSWORD, REFRESH, enrol, log_in, register};
use crate::site::Site;

const NEW_PASSWORD: &str = "a wholly different phrase";

/// Returns a browser in which the account has logged in, logged out.
fn known_browser(site: &Site, name: &str) -> Client {
    let mut browser = site.browser();
    browser.get("/login").expect_page(200);
    log_in(&mut browser, name, "").expect_see_other("/");
    browser.post("/logout", &[]).expect_see_other("/");
    assert!(browser.cookies.contains(BROWSER));
    browser
}

/// Returns the number of wrong passwords that are evaluated before the first 429.
fn evaluated(browser: &mut Client, name: &str) -> usize {
    let wrong = [("username", name), ("password", "a guess of the thief")];
    (0..100).find(|_| browser.post("/login", &wrong).status == 429).expect("a limit")
}

/// Returns a client with one cookie of another client.
fn thief(of: &Client, site: &Site, cookie: &str) -> Client {
    let mut thief = site.script();
    thief.cookies.insert(cookie, of.cookies.get(cookie).expect("the cookie").clone());
    thief
}

#[test]
fn browser_cookies_add_no_attempts() {
    let site = Site::start();
    register(site.browser(), "ann");
    let mut collected: Vec<_> = (0..8).map(|_| known_browser(&site, "ann")).collect();
    let guesses: usize = collected[..6].iter_mut().map(|one| evaluated(one, "ann")).sum();
    assert!(guesses <= 20, "{guesses} guesses with six known browsers");

    // After a change of the password they are not known any more: all have the attempts of one
    // network.
    let mut ann = register(site.browser(), "eve");
    let mut collected: Vec<_> = (0..4).map(|_| known_browser(&site, "eve")).collect();
    let fields = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
    ann.post("/account/password", &fields).expect_see_other("/profile");
    let guesses: usize = collected.iter_mut().map(|one| evaluated(one, "eve")).sum();
    assert!(guesses <= 5, "{guesses} guesses with four browsers that were known");
}

#[test]
fn a_stolen_access_cookie_changes_nothing() {
    let site = Site::start();
    let ann = register(site.browser(), "ann");
    let mut phone = site.browser();
    log_in(&mut phone, "ann", "").expect_see_other("/");
    let mut thief = thief(&ann, &site, ACCESS);
    thief.get("/profile").expect(200);

    let key = thief.get("/account/two-factor").expect(200).json();
    let key = key["secret"].as_str().expect("a key");
    let code = hallpass_test_support::authenticator::Authenticator::of_base32(key).code();
    for (path, fields) in [
        ("/account/two-factor", vec![("code", code.as_str())]),
        ("/account/password", vec![("new_password", NEW_PASSWORD)]),
        ("/account/sessions/revoke", vec![("session", "others")]),
    ] {
        let response = thief.post(path, &fields);
        assert!(response.set_cookies().is_empty(), "{path}: {response:#?}");
        response.expect_problem(403);
    }
    thief.post("/session/refresh", &[]).expect_problem(401);
    assert!(!thief.cookies.contains(REFRESH));
    phone.get("/profile").expect_page(200);
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
}

#[test]
fn a_login_over_a_session_ends_that_session() {
    let site = Site::start();
    register(site.browser(), "eve");
    for next in ["ann", "eve"] {
        let mut browser = register(site.browser(), &format!("ann-{next}"));
        let name = if next == "ann" { format!("ann-{next}") } else { next.to_owned() };
        let old = browser.clone();
        log_in(&mut browser, &name, "").expect_see_other("/");
        thief(&old, &site, ACCESS).get("/profile").expect_problem(401);
        thief(&old, &site, REFRESH).post("/session/refresh", &[]).expect_problem(401);
        browser.get("/profile").expect_page(200);
    }
}

#[test]
fn unfinished_logins_lock_nobody_out() {
    let site = Site::start();
    let (mut authenticator, _) = enrol(&mut register(site.browser(), "ann"));
    // More tabs with the right password than attempts of an unknown browser.
    let mut tabs: Vec<_> = (0..8).map(|_| site.browser()).collect();
    for tab in &mut tabs {
        log_in(tab, "ann", "").expect_see_other("/login/code");
    }
    let code = authenticator.code();
    let last = tabs.last_mut().expect("a tab");
    last.post("/login/code", &[("code", &code)]).expect_see_other("/");
}

#[test]
fn a_stranger_does_not_lock_the_owner_out() {
    let site = Site::start();
    register(site.browser(), "ann");
    let mut owner = known_browser(&site, "ann");
    evaluated(&mut site.script(), "ann");
    log_in(&mut site.browser(), "ann", "").expect_page(429);
    for _ in 0..10 {
        log_in(&mut owner, "ann", "").expect_see_other("/");
        owner.post("/logout", &[]).expect_see_other("/");
        evaluated(&mut site.script(), "ann");
    }
}

#[test]
fn a_logout_with_a_doubled_cookie_ends_both_sessions() {
    let site = Site::start();
    let (ann, eve) = (register(site.browser(), "ann"), register(site.browser(), "eve"));
    let cookie = |of: &Client| of.cookies.get(ACCESS).expect("a cookie").clone();
    let both = format!("{ACCESS}={}; {ACCESS}={}", cookie(&ann), cookie(&eve));
    let mut client = site.script();
    let request = client.request("POST", "/logout").header("cookie", both);
    client.send(request).expect(204);
    for mut client in [ann, eve] {
        client.get("/profile").expect_log_in("/profile");
    }
}

#[test]
fn a_repeated_change_is_bounded() {
    let site = Site::start();
    let mut ann = register(site.script(), "ann");
    let mut made = 0;
    let limited = (0..40).find(|_| {
        let response = ann.post("/account/sessions/revoke", &[("session", "others")]);
        made += usize::from(response.status == 204);
        response.status == 429
    });
    assert!(limited.is_some(), "no change was limited");
    assert!((1..=10).contains(&made), "{made} changes in a row");
    // The limit is that of the session, and not of the account.
    let mut phone = site.script();
    log_in(&mut phone, "ann", "").expect(200);
    let fields = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
    phone.post("/account/password", &fields).expect(204);
}

#[test]
fn a_tab_may_refresh_during_a_change_on_another_node() {
    let site = Site::start();
    let neighbour = site.neighbour();
    let mut ann = register(site.browser(), "ann");
    let tab = ann.clone();
    let fields = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
    ann.post("/account/password", &fields).expect_see_other("/profile");
    for address in [site.address, neighbour.address] {
        let mut tab = tab.at(address).as_script();
        tab.post("/session/refresh", &[]).expect(204);
        assert_eq!(tab.cookies.get(REFRESH), ann.cookies.get(REFRESH), "{address}");
        tab.get("/profile").expect(200);
    }
}

#[test]
fn a_new_role_is_in_force_at_once_and_logs_nobody_out() {
    let site = Site::start();
    let mut ann = register(site.script(), "ann");
    for role in ["moderator", "guest", "moderator"] {
        site.operator(&["user", "set-role", "ann", role]);
        crate::site::within_bound(role, || {
            let profile = ann.get("/profile").expect(200);
            profile.text().contains(role)
        });
    }
}
