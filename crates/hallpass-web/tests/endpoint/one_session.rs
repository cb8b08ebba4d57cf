//! A login or a registration ends the session that the browser presents.

use crate::site::{ACCESS, Client, PASSWORD, REFRESH, Site};

/// Asserts that no token of this copy of a browser is accepted.
async fn expect_ended(copy: &Client) {
    copy.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
    copy.as_script().post("/session/refresh", &[]).await.expect_problem(401, "signed-out");
}

async fn sessions(client: &Client) -> usize {
    let list = client.as_script().get("/account/sessions").await.expect(200).json();
    list["sessions"].as_array().unwrap().len()
}

/// The same person logs in again, or another one does, in a browser that presents both cookies of
/// its session, or one of them.
#[tokio::test]
async fn a_login_ends_the_session_that_the_browser_presents() {
    let site = Site::new();
    let bob = site.browser().registered("bob").await;
    for (number, presented) in [&[ACCESS, REFRESH][..], &[ACCESS], &[REFRESH]].iter().enumerate() {
        let name = format!("ann{number}");
        let mut browser = site.browser().registered(&name).await;
        for next in [name.as_str(), "bob"] {
            let before = browser.clone();
            browser.cookies.retain(|name, _| presented.contains(&name.as_str()));
            browser.log_in(next).await.expect(303);
            expect_ended(&before).await;
            let live = if next == "bob" { number + 2 } else { 1 };
            assert_eq!(sessions(&browser).await, live, "{next}, {presented:?}");
        }
    }
    assert_eq!(sessions(&bob).await, 4, "a session in another browser stays");
}

#[tokio::test]
async fn a_registration_ends_the_session_that_the_browser_presents() {
    let site = Site::new();
    let before = site.browser().registered("ann").await;
    let after = before.clone().registered("bob").await;
    expect_ended(&before).await;
    assert_eq!(sessions(&after).await, 1);
}

#[tokio::test]
async fn a_login_with_a_code_ends_the_session_at_the_code() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, _) = ann.enrol().await;
    let before = ann.clone();
    ann.log_in("ann").await.expect(303);
    assert_eq!(sessions(&before).await, 1, "the password alone ends nothing");
    let code = authenticator.code();
    ann.post("/login/code", &[("code", &code)]).await.expect(303);
    expect_ended(&before).await;
    assert_eq!(sessions(&ann).await, 1);
}

#[tokio::test]
async fn a_rejected_login_ends_no_session() {
    let site = Site::new();
    let ann = site.browser().registered("ann").await;
    let wrong = [("username", "ann"), ("password", "wrong horse battery staple")];
    ann.as_script().post("/login", &wrong).await.expect_problem(401, "invalid-credentials");
    let taken = [("username", "ann"), ("password", PASSWORD)];
    ann.as_script().post("/register", &taken).await.expect_problem(409, "name-taken");
    assert_eq!(sessions(&ann).await, 1);
}

/// The session that the browser presents ended on its own, or never was one.
#[tokio::test]
async fn a_login_over_invalid_cookies_succeeds() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let over = ann.clone();
    ann.post("/logout", &[]).await.expect(303);
    let mut again = over;
    again.log_in("ann").await.expect(303);
    assert_eq!(sessions(&again).await, 1);
    again.cookies.insert(ACCESS.into(), "junk".into());
    again.cookies.insert(REFRESH.into(), "A".repeat(86));
    again.log_in("ann").await.expect(303);
    assert_eq!(sessions(&again).await, 2);
}
