//! Registration, login and logout: each row of the contract, as a form and as JSON.

use crate::person::{ACCESS, BROWSER, PASSWORD, enrol, log_in, register};
use crate::site::Site;
use hallpass_test_support::http::client::Client;

#[test]
fn login_and_registration_pages_are_rendered_in_the_frame() {
    let site = Site::start();
    let mut visitor = site.browser();
    for path in ["/register", "/login", "/login?next=%2Fprofile"] {
        let page = visitor.get(path).expect_page(200);
        assert_eq!(page.session_cookies(), [], "{path}");
        assert!(page.text().contains("Hall Notes"), "the blog's frame");
    }
    let login = visitor.get("/login").text();
    for hint in ["autocomplete=\"username\"", "autocomplete=\"current-password\""] {
        assert!(login.contains(hint), "{hint}");
    }
    assert!(visitor.get("/register").text().contains("autocomplete=\"new-password\""));
}

#[test]
fn registration_logs_in_as_a_guest() {
    let site = Site::start();
    let mut script = site.script();
    let answer =
        script.post("/register", &[("username", "ann"), ("password", PASSWORD)]).expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["status"], "signed_in");
    assert_eq!(body["user"]["username"], "ann");
    assert_eq!(body["user"]["roles"], serde_json::json!(["guest"]));
    assert!(body["user"]["id"].is_string() && !body["expires_at"].is_null(), "{body}");
    let profile = script.get("/profile").expect(200).json();
    assert_eq!(profile["username"], "ann");
    assert_eq!(profile["id"], body["user"]["id"]);
}

#[test]
fn a_user_name_is_unique_across_spellings() {
    let site = Site::start();
    register(site.browser(), "Ann");
    for name in ["Ann", "ann", "ANN", " ann ", "ａｎｎ"] {
        let fields = [("username", name), ("password", PASSWORD)];
        site.script().post("/register", &fields).expect_problem(409);
        let page = site.browser().post("/register", &fields).expect_page(409);
        assert_eq!(page.session_cookies(), [], "{name}");
    }
}

#[test]
fn an_invalid_registration_names_the_field_and_writes_nothing() {
    let site = Site::start();
    for (field, fields) in [
        ("username", vec![("password", PASSWORD)]),
        ("username", vec![("username", ""), ("password", PASSWORD)]),
        ("username", vec![("username", "two words"), ("password", PASSWORD)]),
        ("password", vec![("username", "bob")]),
        ("password", vec![("username", "bob"), ("password", "")]),
        ("password", vec![("username", "bob"), ("password", "short")]),
    ] {
        let problem = site.script().post("/register", &fields).expect_problem(422);
        assert!(problem.to_string().contains(field), "{fields:?}: {problem}");
        site.browser().post("/register", &fields).expect_page(422);
    }
    assert!(!site.operator(&["user", "list"]).contains("bob"));
}

#[test]
fn an_error_page_keeps_the_user_name_but_not_the_password() {
    let site = Site::start();
    let page = site
        .browser()
        .post("/register", &[("username", "bob"), ("password", "sesame")])
        .expect_page(422);
    assert!(page.text().contains("value=\"bob\"") && !page.text().contains("sesame"));
    let page = site
        .browser()
        .post("/login", &[("username", "bob"), ("password", "open sesame")])
        .expect_page(401);
    assert!(page.text().contains("value=\"bob\"") && !page.text().contains("open sesame"));
}

#[test]
fn log_in_with_a_password() {
    let site = Site::start();
    register(site.browser(), "ann");
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
    log_in(&mut site.browser(), "ANN", "").expect_see_other("/");
    let body = log_in(&mut site.script(), "ann", "").expect(200).json();
    assert_eq!((&body["status"], &body["user"]["username"]), (&"signed_in".into(), &"ann".into()));

    // The form may leave out the code if no code is required.
    let fields = [("username", "ann"), ("password", PASSWORD)];
    site.browser().post("/login", &fields).expect_see_other("/");
}

#[test]
fn login_redirects_only_to_a_path_of_this_site() {
    let site = Site::start();
    register(site.browser(), "ann");
    for (next, place) in [
        ("/profile", "/profile"),
        ("/posts/x?a=1&b=2", "/posts/x?a=1&b=2"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/%09/evil.example", "/"),
        ("profile", "/"),
    ] {
        let fields = [("username", "ann"), ("password", PASSWORD), ("next", next)];
        let answer = site.browser().post("/login", &fields).expect(303);
        let location = answer.header("location").unwrap_or_default();
        if next == "/%09/evil.example" {
            // Browsers do not decode `%09` to a tab, so both responses stay on the site.
            assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
        } else {
            assert_eq!(location, place, "{next}");
        }
    }
}

#[test]
fn all_failed_logins_have_the_same_response() {
    let site = Site::start();
    register(site.browser(), "ann");
    register(site.browser(), "eve");
    let (authenticator, _) = enrol(&mut register(site.browser(), "dan"));
    site.operator(&["user", "disable", "eve"]);
    let wrong = authenticator.wrong_code();
    let mut problems = Vec::new();
    let mut pages = Vec::new();
    for (name, password, code) in [
        ("ann", "wrong password", ""),
        ("nobody", PASSWORD, ""),
        ("not a name at all", PASSWORD, ""),
        ("eve", PASSWORD, ""),
        ("dan", "wrong password", ""),
        ("dan", PASSWORD, wrong.as_str()),
    ] {
        let fields = [("username", name), ("password", password), ("code", code)];
        let answer = site.script().post("/login", &fields);
        assert_eq!(answer.set_cookies(), [], "{name}");
        let problem = answer.expect_problem(401);
        assert!(problem.to_string().contains("Invalid username, password or code"), "{problem}");
        problems.push(problem);
        let page = site.browser().post("/login", &fields);
        assert_eq!(page.session_cookies(), [], "{name}");
        pages.push(page.expect_page(401).text().replace(name, "NAME"));
    }
    problems.dedup();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    pages.dedup();
    assert_eq!(pages.len(), 1, "{}", pages.join("\n\n"));
}

#[test]
fn logout_revokes_all_copies_of_the_cookie_immediately() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let mut copy = ann.clone();
    copy.get("/profile").expect_page(200);
    let answer = ann.post("/logout", &[]).expect_see_other("/");
    assert!(!ann.cookies.contains(ACCESS), "{:?}", answer.set_cookies());
    copy.get("/profile").expect_log_in("/profile");
    copy.as_script().get("/profile").expect_problem(401);

    // A public page ignores the revoked cookie and is not an error.
    assert!(copy.get("/").expect_page(200).text().contains("Log in"));
}

#[test]
fn logout_succeeds_without_a_session() {
    let site = Site::start();
    site.browser().post("/logout", &[]).expect_see_other("/");
    assert_eq!(site.script().post("/logout", &[]).expect(204).text(), "");
    let mut ann = register(site.script(), "ann");
    ann.post("/logout", &[]).expect(204);
    assert_eq!(ann.cookies.names().collect::<Vec<_>>(), [BROWSER], "the browser stays known");
}

#[test]
fn a_bearer_token_is_rejected_unless_enabled() {
    let site = Site::start();
    let ann = register(site.browser(), "ann");
    let mut thief: Client = site.script();
    let request = thief.request("GET", "/profile");
    thief
        .send(request.header("authorization", format!("Bearer {}", ann.cookies[ACCESS])))
        .expect_problem(401);
}
