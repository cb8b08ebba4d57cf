//! `/login/reset`.

use hallpass_accounts::{AccountId, Username};
use hallpass_web::{DefaultPages, Texts};

use crate::site::{ACCESS, NOTICE, PASSWORD, REFRESH, Site};

const NEW: &str = "a wholly different phrase";

async fn id(site: &Site, name: &str) -> AccountId {
    let found = site.accounts.find(&Username::parse(name).unwrap()).await.unwrap();
    found.unwrap().id().clone()
}

/// Returns the token of a new link.
pub(crate) async fn token(site: &Site, name: &str) -> String {
    let link = site.accounts.reset_password(&id(site, name).await).await.unwrap();
    link.token().to_owned()
}

#[tokio::test]
async fn a_link_leads_to_the_login_page_with_a_notice() {
    let site = Site::new();
    site.browser().registered("ann").await;
    for json in [false, true] {
        let token = token(&site, "ann").await;
        let mut client = if json { site.script() } else { site.browser() };
        let shown = client.get(&format!("/login/reset?token={token}")).await.expect(200);
        assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(shown.header("cache-control"), Some("no-store"));
        assert!(shown.session_cookies().is_empty());
        let fields = [("token", &*token), ("new_password", NEW)];
        let answer = client.post("/login/reset", &fields).await;
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        if json {
            assert!(answer.expect(204).set_cookies().is_empty());
            continue;
        }
        let answer = answer.expect_see_other("/login");
        assert!(answer.set_cookie(ACCESS).or(answer.set_cookie(REFRESH)).is_none());
        let page = client.get("/login").await.expect_page(200);
        assert!(page.body.contains(Texts::english().password_reset), "{}", page.body);
        assert!(page.set_cookie(NOTICE).unwrap().contains("Max-Age=0"));
        let again = client.get("/login").await.expect_page(200);
        assert!(!again.body.contains("role=\"status\"") && again.set_cookie(NOTICE).is_none());
    }
}

/// A notice that is not in the list is removed and not shown.
#[tokio::test]
async fn an_invented_notice_is_not_shown() {
    let site = Site::new();
    let mut client = site.browser();
    for notice in ["you-won", "<b>", "password-reset-x", ""] {
        client.cookies.insert(NOTICE.to_owned(), notice.to_owned());
        let page = client.get("/login").await.expect_page(200);
        assert!(!page.body.contains("role=\"status\""), "{notice}: {}", page.body);
        assert!(page.set_cookie(NOTICE).unwrap().contains("Max-Age=0"), "{notice}");
    }
}

#[tokio::test]
async fn a_rejected_reset_shows_the_form_again() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, _) = ann.enrol().await;
    let token = token(&site, "ann").await;
    let mut browser = site.browser();
    let wrong = authenticator.wrong_code();
    for (code, password, status, part) in [
        (wrong.as_str(), NEW, 401, "role=\"alert\""),
        ("", NEW, 422, "id=\"code-fault\""),
        ("123456", "short", 422, "id=\"new_password-fault\""),
        ("123456", "", 422, "id=\"new_password-fault\""),
    ] {
        let fields = [("token", &*token), ("new_password", password), ("code", code)];
        let page = browser.post("/login/reset", &fields).await.expect_page(status);
        assert!(page.body.contains(part), "{part}: {}", page.body);
        assert!(page.body.contains(&format!("name=\"token\" value=\"{token}\"")));
        assert!(page.body.contains("name=\"code\"") && !page.body.contains(NEW));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
    let fields = [("token", &*token), ("new_password", NEW), ("code", &authenticator.code())];
    let answer = browser.post("/login/reset", &fields).await.expect_see_other("/");
    assert!(answer.set_cookie(ACCESS).is_some() && answer.set_cookie(REFRESH).is_some());
    assert!(answer.set_cookie(NOTICE).is_none());
    browser.get("/account/sessions").await.expect_page(200);
}

/// The session that the browser presents, of another account, ends with the login.
#[tokio::test]
async fn a_reset_that_logs_in_ends_the_presented_session() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, _) = ann.enrol().await;
    let mut bob = site.browser().registered("bob").await;
    let copy = bob.clone();
    let token = token(&site, "ann").await;
    let fields = [("token", &*token), ("new_password", NEW), ("code", &authenticator.code())];
    bob.post("/login/reset", &fields).await.expect_see_other("/");
    copy.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
}

#[tokio::test]
async fn a_link_that_is_over_is_410_in_the_language_of_the_reader() {
    let site = Site::with_pages(DefaultPages::new().and_texts(Texts::dutch()));
    let mut reader = site.browser();
    for (language, text) in
        [("nl", "Deze link is niet meer geldig"), ("en", "This link is not valid any more")]
    {
        let mut request = reader.request("GET", "/login/reset");
        request.query = Some("token=x".into());
        request.headers.push(("accept-language".into(), language.into()));
        let page = reader.send(request).await.expect_page(410);
        assert!(page.body.contains(text) && page.body.contains("href=\"/login\""), "{}", page.body);
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
    let fields = [("token", "x"), ("new_password", NEW)];
    site.script().post("/login/reset", &fields).await.expect_problem(410, "link-over");
    let calls = site.store.calls();
    site.script().get("/login/reset?token=x").await.expect_problem(410, "link-over");
    site.script().get("/login/reset?token=x&token=y").await.expect_problem(410, "link-over");
    assert_eq!(site.store.calls(), calls, "a text that is not authentic does not reach the store");
}

#[tokio::test]
async fn an_outage_consumes_no_link() {
    let site = Site::new();
    site.browser().registered("ann").await;
    let token = token(&site, "ann").await;
    let target = format!("/login/reset?token={token}");
    let fields = [("token", &*token), ("new_password", NEW)];
    site.store.set_down(true);
    site.browser().get(&target).await.expect_page(503);
    site.script().post("/login/reset", &fields).await.expect_problem(503, "unavailable");
    site.browser().post("/login/reset", &fields).await.expect_page(503);
    site.store.set_down(false);
    site.script().post("/login/reset", &fields).await.expect(204);
    let old = [("username", "ann"), ("password", PASSWORD)];
    site.browser().post("/login", &old).await.expect_page(401);
}

/// Without a store of passwords there is no such route.
#[tokio::test]
async fn a_site_without_passwords_has_no_reset_route() {
    let site = Site::with(|_, stores| stores.passwords = None);
    site.script().get("/login/reset?token=x").await.expect_problem(404, "not-found");
}
