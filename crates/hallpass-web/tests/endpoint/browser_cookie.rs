//! The browser cookie: every page with a form sets it, and nothing removes it.

use hallpass_accounts::BrowserCookie;

use crate::site::{ACCESS, BROWSER, PASSWORD, Site};

#[tokio::test]
async fn pages_with_a_form_set_the_browser_cookie_once() {
    let site = Site::new();
    let mut visitor = site.browser();
    let answer = visitor.get("/login").await.expect_page(200);
    let cookie = answer.set_cookie(BROWSER).unwrap().to_owned();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=15552000"),
        "{cookie}"
    );
    let value = visitor.cookies[BROWSER].clone();
    assert!(BrowserCookie::parse(value.as_bytes()).is_some(), "{value}");
    for path in ["/login", "/register"] {
        assert!(visitor.get(path).await.expect_page(200).set_cookie(BROWSER).is_none(), "{path}");
    }
    for path in ["/login", "/register"] {
        let answer = site.browser().get(path).await.expect_page(200);
        assert!(answer.set_cookie(BROWSER).is_some(), "{path}");
    }
    // A value that hallpass did not write is replaced.
    for bad in ["", "x", &value.to_uppercase().replace('0', "A"), &value[1..]] {
        let mut client = site.browser();
        client.cookies.insert(BROWSER.to_owned(), bad.to_owned());
        let answer = client.get("/login").await.expect_page(200);
        assert!(answer.set_cookie(BROWSER).is_some(), "{bad}");
    }
    let rejected = site.browser().get("/nowhere").await;
    assert!(rejected.set_cookie(BROWSER).is_none(), "a page without a form sets nothing");
}

#[tokio::test]
async fn a_login_keeps_the_browser_and_a_logout_too() {
    let site = Site::new();
    site.browser().registered("ann").await;
    let mut ann = site.browser();
    ann.get("/login").await.expect_page(200);
    let value = ann.cookies[BROWSER].clone();
    let answer = ann.post("/login", &[("username", "ann"), ("password", PASSWORD)]).await;
    assert!(answer.set_cookie(ACCESS).is_some());
    let renewed = answer.set_cookie(BROWSER).unwrap();
    assert!(renewed.contains(&value) && renewed.ends_with("Max-Age=15552000"), "{renewed}");
    let answer = ann.post("/logout", &[]).await.expect(303);
    assert!(answer.set_cookie(BROWSER).is_none());
    assert_eq!(ann.cookies[BROWSER], value);
    // The browser is known: a stranger who uses up the attempts of the account does not stop it.
    let mut stranger = site.browser();
    while stranger.post("/login", &[("username", "ann"), ("password", "a guess")]).await.status
        != 429
    {}
    let form = [("username", "ann"), ("password", PASSWORD)];
    site.browser().post("/login", &form).await.expect_page(429);
    ann.post("/login", &form).await.expect(303);
}
