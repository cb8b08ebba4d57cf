//! `/login`.

use hallpass_accounts::Username;
use serde_json::json;

use crate::site::{ACCESS, PASSWORD, PENDING, REFUSED, Site};

#[tokio::test]
async fn login_redirects_to_a_safe_next_or_home() {
    let site = Site::new();
    site.browser().registered("ann").await;
    for (next, to) in [
        (None, "/"),
        (Some(""), "/"),
        (Some("/posts/new?draft=1"), "/posts/new?draft=1"),
        (Some("https://evil.example/"), "/"),
        (Some("//evil.example/"), "/"),
        (Some("/\\evil.example/"), "/"),
        (Some("javascript:alert(1)"), "/"),
        (Some("/a\r\nset-cookie: x=1"), "/"),
    ] {
        let mut fields = vec![("username", "ann"), ("password", PASSWORD), ("code", "")];
        fields.extend(next.map(|next| ("next", next)));
        let answer = site.browser().post("/login", &fields).await.expect_see_other(to);
        assert!(answer.set_cookie(ACCESS).is_some());
    }
}

#[tokio::test]
async fn a_json_login_returns_the_account() {
    let site = Site::new();
    site.browser().registered("ann").await;
    let answer = site.script().log_in("ANN").await.expect(200);
    assert!(answer.set_cookie(ACCESS).is_some());
    let body = answer.json();
    assert_eq!((&body["status"], &body["user"]["username"]), (&json!("signed_in"), &json!("ann")));
}

#[tokio::test]
async fn all_rejected_logins_get_the_same_response() {
    let site = Site::new();
    site.browser().registered("ann").await;
    let mut bob = site.browser().registered("bob").await;
    bob.enrol().await;
    site.browser().registered("eve").await;
    let eve = site.accounts.find(&Username::parse("eve").unwrap()).await.unwrap().unwrap();
    site.accounts.disable(eve.id()).await.unwrap();

    let (mut problems, mut pages) = (Vec::new(), Vec::new());
    for (name, password, code) in [
        ("ann", "wrong password here", ""),
        ("ann", "", ""),
        ("nobody", PASSWORD, ""),
        ("two words", PASSWORD, ""),
        ("", PASSWORD, ""),
        ("bob", PASSWORD, "000"),
        ("bob", "wrong password here", "123456"),
        ("eve", PASSWORD, ""),
    ] {
        let fields = [("username", name), ("password", password), ("code", code)];
        let problem =
            site.script().post("/login", &fields).await.expect_problem(401, "invalid-credentials");
        assert_eq!(problem["detail"], REFUSED);
        problems.push(problem.to_string());
        let page = site.browser().post("/login", &fields).await.expect_page(401);
        assert!(page.body.contains(&format!("role=\"alert\">{REFUSED}</p>")));
        assert!(!page.body.contains(PASSWORD) && !page.body.contains("wrong password here"));
        // A typed name is shown again. Without a name, the field of the name has the focus.
        if !name.is_empty() {
            pages.push(page.body.replace(&format!("value=\"{name}\""), "value=\"NAME\""));
        }
    }
    problems.dedup();
    assert_eq!(problems.len(), 1, "{problems:?}");
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
}

#[tokio::test]
async fn the_login_page_keeps_only_a_safe_next() {
    let site = Site::new();
    for (query, hidden) in [
        ("", "/"),
        ("?next=%2Fposts%2Fnew", "/posts/new"),
        ("?next=https%3A%2F%2Fevil.example", "/"),
        ("?next=%2Fa&next=%2Fb", "/"),
    ] {
        let page = site.browser().get(&format!("/login{query}")).await.expect_page(200);
        assert!(
            page.body
                .contains(&format!("<input type=\"hidden\" name=\"next\" value=\"{hidden}\">")),
            "{query}"
        );
    }
    let fields = [("username", "ann"), ("password", "x"), ("next", "/posts/new")];
    let page = site.browser().post("/login", &fields).await.expect_page(401);
    assert!(page.body.contains("name=\"next\" value=\"/posts/new\""));
}

#[tokio::test]
async fn the_login_page_of_a_logged_in_person_links_to_next() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let page = ann.get("/login?next=%2Fadmin").await.expect_page(200);
    assert!(page.body.contains("action=\"/login\"") && page.body.contains("<a href=\"/admin\">"));
    assert!(page.body.contains("logged in as ann"));
}

#[tokio::test]
async fn the_pending_cookie_is_accepted_only_by_the_code_page() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    ann.enrol().await;
    let mut browser = site.browser();
    let answer = browser.log_in("ann").await.expect_see_other("/login/code");
    let cookie = answer.set_cookie(PENDING).unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=300"), "{cookie}");
    assert_eq!(answer.set_cookies().len(), 1);
    browser.get("/login/code").await.expect_page(200);
    browser
        .get("/account/two-factor")
        .await
        .expect_see_other("/login?next=%2Faccount%2Ftwo-factor");

    // Under the name of the access cookie it is not accepted as an access token.
    let pending = browser.cookies.remove(PENDING).unwrap();
    browser.cookies.insert(ACCESS.into(), pending);
    browser.as_script().get("/account/sessions").await.expect_problem(401, "signed-out");

    let mut script = site.script();
    let answer = script.log_in("ann").await.expect(200);
    assert_eq!(answer.json(), json!({ "status": "second_factor_required" }));
    assert!(answer.set_cookie(PENDING).is_some() && answer.set_cookie(ACCESS).is_none());
}

#[tokio::test]
async fn login_accepts_the_code_with_the_password() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, codes) = ann.enrol().await;
    let with = |code: String| {
        [("username", "ann".to_owned()), ("password", PASSWORD.to_owned()), ("code", code)]
    };
    for code in [authenticator.code(), codes[0].clone()] {
        let fields = with(code);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!(
            site.browser()
                .post("/login", &fields)
                .await
                .expect_see_other("/")
                .set_cookie(ACCESS)
                .is_some()
        );
        // Each code is accepted only once.
        site.script().post("/login", &fields).await.expect_problem(401, "invalid-credentials");
    }
}
