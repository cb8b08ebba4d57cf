//! The blog's own routes, and the access of each role.

use crate::person::{admin, log_in, register, with_role};
use crate::site::Site;
use hallpass_test_support::http::client::Client;

const POST: [(&str, &str); 2] = [("title", "Hello"), ("body", "Words.")];

#[test]
fn public_pages_need_no_login() {
    let site = Site::start();
    let mut visitor = site.browser();
    let home = visitor.get("/").expect_page(200);
    assert!(home.text().contains("Log in") && !home.text().contains("New post"));
    assert_eq!(home.header("cache-control"), Some("no-store"), "the page shows the user name");
    visitor.get("/posts/no-such").expect_page(404);
    visitor.get("/no/such/page").expect_page(404);
    let mut script = site.script();
    assert_eq!(script.get("/").expect(200).json()["posts"], serde_json::json!([]));
    script.get("/posts/no-such").expect_problem(404);
    script.get("/no/such/page").expect_problem(404);

    let mut ann = register(site.browser(), "ann");
    let home = ann.get("/").expect_page(200);
    assert!(
        home.text().contains("ann")
            && home.text().contains("Log out")
            && !home.text().contains("New post")
    );
}

#[test]
fn logged_out_requests_get_the_login_page_or_401() {
    let site = Site::start();
    for path in ["/profile", "/posts/new", "/admin"] {
        let answer = site.browser().get(path);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        answer.expect_log_in(path);
        let answer = site.script().get(path);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert!(answer.header("www-authenticate").is_some(), "RFC 9110, section 15.5.2");
        answer.expect_problem(401);
    }
    // After the login a browser returns to the page that has the form.
    for (path, page) in [
        ("/posts", "/posts/new"),
        ("/posts/x/hide", "/posts/x"),
        ("/admin/users/ann/role", "/admin"),
    ] {
        site.script().post(path, &POST).expect_problem(401);
        let refused = site.browser().post(path, &POST).expect_page(401);
        assert!(
            refused.text().contains(&format!("href=\"/login?next={page}\"")),
            "{path}: {}",
            refused.text()
        );
    }
}

#[test]
fn each_role_has_access_to_its_routes_only() {
    let site = Site::start();
    let mut admin = with_role(&site, site.browser(), "ruth", "admin");
    let mut moderator = with_role(&site, site.browser(), "moira", "moderator");
    let mut guest = register(site.browser(), "guest");

    admin.get("/posts/new").expect_page(200);
    admin.post("/posts", &POST).expect_see_other("/posts/hello");
    admin.post("/posts", &POST).expect_see_other("/posts/hello-2");
    for (client, name) in [(&mut moderator, "moderator"), (&mut guest, "guest")] {
        client.get("/posts/new").expect_page(403);
        client.post("/posts", &POST).expect_page(403);
        client.as_script().post("/posts", &POST).expect_problem(403);
        client.get("/admin").expect_page(403);
        assert!(!client.get("/").expect_page(200).text().contains("New post"), "{name}");
    }

    guest.post("/posts/hello/hide", &[]).expect_page(403);
    guest.get("/posts/hello").expect_page(200);
    assert!(!guest.get("/posts/hello").text().contains("Hide"));
    assert!(moderator.get("/posts/hello").text().contains("Hide"));
    moderator.post("/posts/hello/hide", &[]).expect_see_other("/");
    guest.get("/posts/hello").expect_page(404);
    admin.post("/posts/hello-2/hide", &[]).expect_see_other("/");
    moderator.post("/posts/no-such/hide", &[]).expect_page(404);
    assert_eq!(site.script().get("/").json()["posts"], serde_json::json!([]));
}

#[test]
fn a_script_publishes_and_reads_posts_as_json() {
    let site = Site::start();
    let mut admin = with_role(&site, site.script(), "ruth", "admin");
    let answer = admin.post("/posts", &POST).expect_see_other("/posts/hello");
    assert_eq!(answer.json()["slug"], "hello");
    let post = site.script().get("/posts/hello").expect(200).json();
    assert_eq!(
        (&post["title"], &post["body"], &post["author"]),
        (&"Hello".into(), &"Words.".into(), &"ruth".into())
    );
    assert_eq!(site.script().get("/").json()["posts"][0]["slug"], "hello");
}

#[test]
fn an_invalid_draft_is_shown_again_with_its_input() {
    let site = Site::start();
    let mut admin = with_role(&site, site.browser(), "ruth", "admin");
    let long = "x".repeat(20_001);
    for (fields, field) in [
        (vec![], "title"),
        (vec![("title", ""), ("body", "kept words")], "title"),
        (vec![("title", "kept title"), ("body", "")], "body"),
        (vec![("title", "kept title"), ("body", long.as_str())], "body"),
        (vec![("title", "two\nlines"), ("body", "x")], "title"),
    ] {
        let page = admin.post("/posts", &fields).expect_page(422);
        assert!(page.text().contains(&format!("id=\"{field}-error\"")), "{field}");
        assert!(
            page.text().contains("kept")
                || !fields.iter().any(|(_, value)| value.starts_with("kept"))
        );
        let problem = admin.as_script().post("/posts", &fields).expect_problem(422);
        assert!(problem["errors"][field].is_string(), "{problem}");
    }
    admin.as_script().post_body("/posts", "{").expect_problem(400);
    for body in ["[]", "7", "{\"title\":1,\"body\":\"x\"}", "{\"title\":null,\"body\":[]}"] {
        admin.as_script().post_body("/posts", body).expect_problem(422);
    }
    assert_eq!(site.script().get("/").json()["posts"], serde_json::json!([]));
}

#[test]
fn the_profile_shows_roles_factor_and_sessions() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let page = ann.get("/profile").expect_page(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for part in [
        "ann",
        "guest",
        "Off",
        "/account/two-factor",
        "/account/sessions",
        "action=\"/account/password\"",
    ] {
        assert!(page.text().contains(part), "{part}");
    }
    let profile = ann.as_script().get("/profile").expect(200).json();
    assert_eq!(profile["roles"], serde_json::json!(["guest"]));
    assert_eq!(profile["second_factor"], false);
    assert_eq!(profile["sessions"].as_array().expect("an array").len(), 1);
}

#[test]
fn the_people_page_requires_role_and_second_factor() {
    let site = Site::start();
    // The role without the second factor: the page links to the setup, and the problem type names
    // the reason.
    let mut unarmed = with_role(&site, site.browser(), "unarmed", "admin");
    let page = unarmed.get("/admin").expect_page(403);
    assert!(page.text().contains("/account/two-factor"), "{}", page.text());
    let problem = unarmed.as_script().get("/admin").expect_problem(403);
    assert!(
        problem["type"].as_str().expect("text").ends_with("second-factor-missing"),
        "{problem}"
    );
    // The second factor without the role.
    let mut guest = register(site.browser(), "guest");
    let (mut codes, _) = crate::person::enrol(&mut guest);
    log_in(&mut guest, "guest", &codes.code()).expect_see_other("/");
    let problem = guest.as_script().get("/admin").expect_problem(403);
    assert!(problem["type"].as_str().expect("text").ends_with("role-missing"), "{problem}");
    // Both.
    let (mut ruth, _) = admin(&site, site.browser(), "ruth");
    let page = ruth.get("/admin").expect_page(200);
    for name in ["unarmed", "guest", "ruth"] {
        assert!(page.text().contains(name), "{name}");
    }
    let people = ruth.as_script().get("/admin").expect(200).json();
    assert_eq!(people["users"].as_array().expect("an array").len(), 3);
}

#[test]
fn a_new_role_is_in_force_at_once_and_logs_nobody_out() {
    let site = Site::start();
    let (mut ruth, _) = admin(&site, site.browser(), "ruth");
    let mut ann = register(site.browser(), "ann");
    ruth.post("/admin/users/ann/role", &[("role", "moderator")]).expect_see_other("/admin");
    assert_eq!(ann.as_script().get("/profile").json()["roles"], serde_json::json!(["moderator"]));

    let mut script: Client = ruth.as_script();
    script.post("/admin/users/ann/role", &[("role", "guest")]).expect(204);
    script.post("/admin/users/nobody/role", &[("role", "guest")]).expect_problem(404);
    for role in ["", "owner", "Admin", "admin "] {
        script.post("/admin/users/ann/role", &[("role", role)]).expect_problem(422);
    }
    script.post("/admin/users/ann/role", &[]).expect_problem(422);
    assert_eq!(ann.as_script().get("/profile").json()["roles"], serde_json::json!(["guest"]));
    ann.post("/admin/users/ann/role", &[("role", "admin")]).expect_page(403);
}

#[test]
fn health_routes_need_no_login() {
    let site = Site::start();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(site.script().get(path).expect(200).set_cookies(), []);
        site.browser().get(path).expect(200);
    }
}

#[test]
fn every_page_has_the_security_headers() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    for path in [
        "/",
        "/login",
        "/register",
        "/profile",
        "/account/two-factor",
        "/account/sessions",
        "/posts/new",
        "/admin",
        "/no-such",
        "/logout",
        "/style.css",
        "/favicon.svg",
        "/healthz",
    ] {
        let answer = ann.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_default().to_owned();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        for name in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
            assert_eq!(answer.values(name).count(), 1, "{path}: {name}");
        }
    }
    assert_eq!(ann.get("/style.css").header("content-type"), Some("text/css; charset=utf-8"));
}
