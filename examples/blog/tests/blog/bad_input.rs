//! Invalid and malicious input: each request is rejected with a 4xx status, and nothing is written.

use crate::person::{PASSWORD, enrol, register, with_role};
use crate::site::Site;
use hallpass_test_support::http::form;

#[test]
fn a_body_over_8_kib_is_rejected_with_413() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let filler = "x".repeat(8 * 1024);
    let body =
        form(&[("username", "bob"), ("password", PASSWORD), ("code", "1"), ("filler", &filler)]);
    for path in [
        "/register",
        "/login",
        "/login/code",
        "/account/password",
        "/account/two-factor",
        "/account/sessions/revoke",
    ] {
        ann.post_body(path, body.clone()).expect(413);
    }
    site.script()
        .post("/register", &[("username", "bob"), ("password", PASSWORD), ("filler", &filler)])
        .expect_problem(413);
    assert!(!site.operator(&["user", "list"]).contains("bob"));
}

#[test]
fn fields_that_are_not_text_are_rejected_with_422() {
    let site = Site::start();
    for body in [
        r#"{"username":1,"password":"correct horse battery"}"#,
        r#"{"username":"bob","password":null}"#,
        r#"{"username":["bob"],"password":"correct horse battery"}"#,
        r#"{"username":"bob","password":{"a":1}}"#,
        r#"{"username":"bob","username":"eve","password":"correct horse battery"}"#,
        r#"{"username":"bob"}"#,
        "{}",
        "[]",
        "7",
        "null",
        "\"bob\"",
    ] {
        site.script().post_body("/register", body).expect_problem(422);
        site.script().post_body("/login", body).expect_problem(422);
    }
    for body in [
        "username=bob",
        "password=x",
        "",
        "username=bob&username=eve&password=correct+horse+battery",
        "username=%ff&password=x",
    ] {
        site.browser().post_body("/register", body).expect_page(422);
        site.browser().post_body("/login", body).expect_page(422);
    }
    let mut ann = register(site.script(), "ann");
    ann.post("/account/password", &[("current_password", PASSWORD)]).expect_problem(422);
    ann.post("/account/two-factor", &[]).expect_problem(422);
    ann.post("/account/sessions/revoke", &[]).expect_problem(422);
    enrol(&mut ann);
    ann.post("/account/two-factor/disable", &[("code", "123456")]).expect_problem(422);
    ann.post("/account/recovery-codes", &[("code", "123456")]).expect_problem(422);
    ann.post("/session/confirm", &[("code", "123456")]).expect_problem(422);
    let list = site.operator(&["user", "list"]);
    assert!(!list.contains("bob") && !list.contains("eve"), "{list}");
}

#[test]
fn invalid_json_is_rejected() {
    let site = Site::start();
    for body in ["", "{", "{\"username\":", "username=bob", "\u{0}"] {
        let status = site.script().post_body("/login", body).status;
        assert!(matches!(status, 400 | 422), "{body:?}: {status}");
    }
}

#[test]
fn an_unsupported_method_gets_405_and_the_allow_header() {
    let site = Site::start();
    let mut admin = with_role(&site, site.browser(), "ruth", "admin");
    for (method, path, allowed) in [
        ("GET", "/logout", &["POST"][..]),
        ("GET", "/account/recovery-codes", &["POST"]),
        ("DELETE", "/session/confirm", &["GET", "HEAD", "POST"]),
        ("GET", "/posts", &["POST"]),
        ("GET", "/posts/x/hide", &["POST"]),
        ("GET", "/admin/users/ann/role", &["POST"]),
        ("DELETE", "/login", &["GET", "HEAD", "POST"]),
        ("PUT", "/", &["GET", "HEAD"]),
        ("POST", "/posts/new", &["GET", "HEAD"]),
        ("POST", "/profile", &["GET", "HEAD"]),
        ("PATCH", "/admin", &["GET", "HEAD"]),
        ("POST", "/account/sessions", &["GET", "HEAD"]),
        ("POST", "/.well-known/jwks.json", &["GET", "HEAD"]),
        ("POST", "/healthz", &["GET", "HEAD"]),
        ("BREW", "/", &["GET", "HEAD"]),
    ] {
        for json in [false, true] {
            let mut client = if json { admin.as_script() } else { admin.clone() };
            let answer = client.send(client.request(method, path)).expect(405);
            let allow = answer.header("allow").unwrap_or_default();
            let mut methods: Vec<_> = allow.split(',').map(str::trim).collect();
            methods.sort_unstable();
            assert_eq!(methods, allowed, "{method} {path}");
            if json {
                answer.expect_problem(405);
            }
        }
    }
    admin.get("/profile").expect_page(200);
}

#[test]
fn head_responds_like_get_without_a_body() {
    let site = Site::start();
    let mut visitor = site.browser();
    for path in ["/", "/login", "/healthz", "/style.css"] {
        let answer = visitor.send(visitor.request("HEAD", path)).expect(200);
        assert_eq!(answer.text(), "", "{path}");
    }
    visitor.send(visitor.request("HEAD", "/profile")).expect_log_in("/profile");
}

#[test]
fn jwks_is_empty_for_an_hmac_key_ring() {
    let site = Site::start();
    let keys = site.browser().get("/.well-known/jwks.json").expect(200);
    assert_eq!(keys.json(), serde_json::json!({"keys": []}));
}

#[test]
fn unusual_paths_do_not_bypass_the_guard() {
    let site = Site::start();
    let mut guest = register(site.browser(), "ann");
    for path in [
        "//admin",
        "/admin/",
        "/admin/.",
        "/%61dmin",
        "/ADMIN",
        "/admin;x",
        "/admin%2f",
        "/posts/..%2f..%2fadmin",
        "/./admin",
    ] {
        let answer = guest.get(path);
        assert!(matches!(answer.status, 400 | 403 | 404), "{path}: {}", answer.status);
    }
    for path in
        ["/posts/%ff", "/posts/%00", "/?before=x", "/?before=-1", "/?before=99999999999999999999"]
    {
        let status = guest.get(path).status;
        assert!(matches!(status, 200 | 400 | 404 | 422), "{path}: {status}");
    }
}
