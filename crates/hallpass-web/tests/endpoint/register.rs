//! `/register`.

use hallpass_web::{DefaultPages, Texts};
use serde_json::json;

use crate::site::{ACCESS, BROWSER, PASSWORD, Site};

#[tokio::test]
async fn registration_logs_in_and_redirects_to_the_profile() {
    let site = Site::new();
    let mut ann = site.browser();
    let answer = ann
        .post("/register", &[("username", "ann"), ("password", PASSWORD)])
        .await
        .expect_see_other("/profile");
    let cookie = answer.set_cookie(ACCESS).unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900"), "{cookie}");
    assert!(answer.set_cookie(BROWSER).is_some());
    assert_eq!(answer.set_cookies().len(), 3);
    ann.get("/account/sessions").await.expect_page(200);
}

#[tokio::test]
async fn a_json_registration_returns_the_account_and_the_expiry() {
    let site = Site::new();
    let mut ann = site.script();
    let answer =
        ann.post("/register", &[("username", "Ann"), ("password", PASSWORD)]).await.expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.set_cookie(ACCESS).is_some());
    let body = answer.json();
    let id = body["user"]["id"].as_str().unwrap();
    assert!(!id.is_empty());
    let user = json!({ "id": id, "username": "Ann", "roles": ["guest"] });
    assert_eq!(body, json!({ "status": "signed_in", "user": user, "expires_at": 1_800_000_900 }));
}

#[tokio::test]
async fn a_name_is_taken_in_every_spelling() {
    let site = Site::new();
    site.browser().registered("ann").await;
    for name in ["ann", "ANN", " ann ", "\u{ff41}nn"] {
        let fields = [("username", name), ("password", PASSWORD)];
        let problem =
            site.script().post("/register", &fields).await.expect_problem(409, "name-taken");
        assert_eq!(problem["field"], "username");
        let page = site.browser().post("/register", &fields).await.expect_page(409);
        assert!(
            page.body.contains(
                "aria-invalid=\"true\" aria-describedby=\"username-fault username-hint\""
            )
        );
    }
    assert_eq!(site.store.accounts(), 1);
}

#[tokio::test]
async fn invalid_fields_are_named_and_no_account_is_created() {
    let site = Site::new();
    for (field, username, password) in [
        ("username", "", PASSWORD),
        ("username", "two words", PASSWORD),
        ("username", "x\u{0}y", PASSWORD),
        ("password", "ann", ""),
        ("password", "ann", "short"),
    ] {
        let fields = [("username", username), ("password", password)];
        let problem =
            site.script().post("/register", &fields).await.expect_problem(422, "invalid-field");
        assert_eq!(problem["field"], field, "{fields:?}");
        let page = site.browser().post("/register", &fields).await.expect_page(422);
        assert!(page.body.contains(&format!("id=\"{field}-fault\"")), "{fields:?}");
    }
    assert_eq!(site.store.accounts(), 0);
}

#[tokio::test]
async fn an_error_page_keeps_the_user_name_but_not_the_password() {
    let site = Site::new();
    let page = site
        .browser()
        .post("/register", &[("username", "ann"), ("password", "sesame")])
        .await
        .expect_page(422);
    assert!(page.body.contains("value=\"ann\"") && !page.body.contains("sesame"));
}

#[tokio::test]
async fn the_registration_page_passes_next_to_the_login_page() {
    let site = Site::new();
    let page = site.browser().get("/register?next=%2Fposts%2Fnew").await.expect_page(200);
    assert!(page.body.contains("href=\"/login?next=%2Fposts%2Fnew\""));
    let page =
        site.browser().get("/register?next=https%3A%2F%2Fevil.example").await.expect_page(200);
    assert!(page.body.contains("href=\"/login\"") && !page.body.contains("evil"));
}

/// The segments of the paths are reserved, so that no name looks like a page of the site.
#[tokio::test]
async fn names_of_the_routes_cannot_be_registered() {
    let site = Site::new();
    let paths = site.routes.paths();
    let segments: Vec<&str> = paths.iter().flat_map(|path| path.split('/')).collect();
    let segments: Vec<&str> =
        segments.into_iter().filter(|name| !name.is_empty() && !name.starts_with('.')).collect();
    assert!(segments.len() >= 20, "{segments:?}");
    for name in segments {
        let fields = [("username", name), ("password", PASSWORD)];
        let problem =
            site.script().post("/register", &fields).await.expect_problem(422, "invalid-field");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("reserved"), "{name}: {problem}");
    }
    assert_eq!(site.store.accounts(), 0);
}

#[tokio::test]
async fn a_rejected_name_gets_a_text_that_says_why() {
    let site = Site::with_pages(DefaultPages::new().and_texts(Texts::dutch()));
    for (name, english, dutch) in [
        ("Admin", "is reserved for the site", "is gereserveerd"),
        ("post.master", "is reserved for the site", "is gereserveerd"),
        ("vic\u{34f}tim", "contains an invisible character", "onzichtbaar teken"),
        ("victim\u{fe0f}", "contains an invisible character", "onzichtbaar teken"),
        ("a\u{301}\u{301}\u{301}", "at most two marks", "hoogstens twee tekens"),
        ("a b", "only letters, digits", "alleen letters, cijfers"),
    ] {
        let fields = [("username", name), ("password", PASSWORD)];
        for (language, text) in [("en", english), ("nl", dutch)] {
            let browser = site.browser();
            let mut request = browser.form_request("/register", &fields);
            request.headers.push(("accept-language".into(), language.into()));
            let page = browser.clone().send(request).await.expect_page(422);
            assert!(page.body.contains(text), "{name:?}: {}", page.body);
        }
        let problem =
            site.script().post("/register", &fields).await.expect_problem(422, "invalid-field");
        assert!(problem["detail"].as_str().unwrap().contains(english), "{name:?}: {problem}");
    }
    assert_eq!(site.store.accounts(), 0);
}

#[tokio::test]
async fn a_turkish_name_logs_in_in_any_spelling() {
    let site = Site::new();
    site.browser().registered("\u{130}pek").await;
    for name in ["\u{130}pek", "ipek", "IPEK", "\u{130}PEK", "i\u{307}pek"] {
        let fields = [("username", name), ("password", PASSWORD)];
        site.script().post("/login", &fields).await.expect(200);
        site.script().post("/register", &fields).await.expect_problem(409, "name-taken");
    }
}
