//! `/login/code`.

use serde_json::json;

use crate::site::{ACCESS, PASSWORD, PENDING, REFUSED, Site};

#[tokio::test]
async fn a_right_code_logs_in_and_removes_the_pending_cookie() {
    let site = Site::new();
    let (mut authenticator, _) = site.browser().registered("ann").await.enrol().await;

    let mut browser = site.browser();
    let fields = [("username", "ann"), ("password", PASSWORD), ("next", "/posts/new?a=1")];
    browser
        .post("/login", &fields)
        .await
        .expect_see_other("/login/code?next=%2Fposts%2Fnew%3Fa%3D1");
    let page = browser.get("/login/code?next=%2Fposts%2Fnew%3Fa%3D1").await.expect_page(200);
    assert!(page.body.contains("<input type=\"hidden\" name=\"next\" value=\"/posts/new?a=1\">"));
    let fields = [("code", authenticator.code()), ("next", "/posts/new?a=1".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post("/login/code", &fields).await.expect_see_other("/posts/new?a=1");
    assert!(answer.set_cookie(ACCESS).is_some());
    assert!(answer.set_cookie(PENDING).unwrap().contains("Max-Age=0"));

    let mut script = site.script();
    script.log_in("ann").await.expect(200);
    let body =
        script.post("/login/code", &[("code", &authenticator.code())]).await.expect(200).json();
    assert_eq!((&body["status"], &body["user"]["username"]), (&json!("signed_in"), &json!("ann")));
    assert!(script.cookies.contains_key(ACCESS) && !script.cookies.contains_key(PENDING));
}

#[tokio::test]
async fn a_wrong_code_is_rejected_like_a_password_and_can_be_retried() {
    let site = Site::new();
    let (mut authenticator, _) = site.browser().registered("ann").await.enrol().await;
    let mut browser = site.browser();
    browser.log_in("ann").await.expect(303);
    for code in [authenticator.wrong_code(), String::new(), "x".into()] {
        let page = browser.post("/login/code", &[("code", &code)]).await.expect_page(401);
        assert!(page.body.contains(REFUSED) && page.body.contains("action=\"/login/code\""));
    }
    let wrong = authenticator.wrong_code();
    let problem = browser
        .as_script()
        .post("/login/code", &[("code", &wrong)])
        .await
        .expect_problem(401, "invalid-credentials");
    assert_eq!(problem["detail"], REFUSED);
    let right = authenticator.code();
    browser.post("/login/code", &[("code", &right)]).await.expect_see_other("/");
}

#[tokio::test]
async fn a_code_is_accepted_only_once() {
    let site = Site::new();
    let (mut authenticator, codes) = site.browser().registered("ann").await.enrol().await;
    for code in [authenticator.code(), codes[3].clone()] {
        for status in [303, 401] {
            let mut browser = site.browser();
            browser.log_in("ann").await.expect(303);
            browser.post("/login/code", &[("code", &code)]).await.expect(status);
        }
    }
}

#[tokio::test]
async fn without_a_valid_pending_cookie_no_code_is_accepted() {
    let site = Site::new();
    let (mut authenticator, _) = site.browser().registered("ann").await.enrol().await;
    let mut late = site.browser();
    late.log_in("ann").await.expect(303);
    site.clock.pass(300);
    let mut forged = site.browser();
    forged.cookies.insert(PENDING.into(), "a.b.c".into());
    for mut browser in [site.browser(), late, forged] {
        browser.get("/login/code?next=%2Fa").await.expect_see_other("/login?next=%2Fa");
        browser.as_script().get("/login/code").await.expect_problem(401, "invalid-credentials");
        let code = authenticator.code();
        let page =
            browser.post("/login/code", &[("code", &code), ("next", "/a")]).await.expect_page(401);
        assert!(
            page.body.contains(REFUSED) && page.body.contains("action=\"/login\""),
            "the login form is shown"
        );
        assert!(page.body.contains("name=\"next\" value=\"/a\""));
        browser
            .as_script()
            .post("/login/code", &[("code", &code)])
            .await
            .expect_problem(401, "invalid-credentials");
    }
}
