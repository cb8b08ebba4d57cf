//! The second factor (2FA): setup, login, recovery codes, and how to disable it.

use crate::person::{ACCESS, BROWSER, PASSWORD, PENDING, REFRESH, enrol, log_in, register};
use crate::site::Site;
use hallpass_test_support::http::form;

#[test]
fn setup_shows_the_secret_only_until_it_is_enabled() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let before = ann.as_script().get("/account/two-factor").expect(200);
    assert_eq!(before.header("cache-control"), Some("no-store"));
    let before = before.json();
    assert_eq!(before["enabled"], false);
    let secret = before["secret"].as_str().expect("a secret");
    assert_eq!(secret.len(), 32, "160 bits in base32");
    let uri = before["otpauth_uri"].as_str().expect("a link");
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret), "{uri}");
    assert!(before["qr_svg"].as_str().expect("a picture").starts_with("<svg"));

    let (_, codes) = enrol(&mut ann);
    assert_eq!(codes.len(), 10);
    let after = ann.as_script().get("/account/two-factor").expect(200).json();
    assert_eq!(after["enabled"], true);
    for field in ["secret", "otpauth_uri", "qr_svg"] {
        assert!(after[field].is_null(), "{field}");
    }
    let page = ann.get("/account/two-factor").expect_page(200).text();
    assert!(!page.contains("otpauth://") && codes.iter().all(|code| !page.contains(code.as_str())));
}

#[test]
fn a_wrong_first_code_changes_nothing() {
    let site = Site::start();
    let ann = register(site.script(), "ann");
    let mut script = ann.as_script();
    let secret =
        script.get("/account/two-factor").json()["secret"].as_str().expect("a secret").to_owned();
    let authenticator = hallpass_test_support::authenticator::Authenticator::of_base32(&secret);
    script
        .post("/account/two-factor", &[("code", &authenticator.wrong_code())])
        .expect_problem(401);
    assert_eq!(script.get("/account/two-factor").json()["enabled"], false);
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
}

#[test]
fn a_pending_cookie_is_accepted_by_the_code_page_only() {
    let site = Site::start();
    let (mut authenticator, _) = enrol(&mut register(site.browser(), "ann"));

    let mut script = site.script();
    let answer = log_in(&mut script, "ann", "").expect(200).json();
    assert_eq!(answer, serde_json::json!({"status": "second_factor_required"}));
    assert!(!script.cookies.contains(ACCESS));
    for path in ["/profile", "/account/two-factor", "/account/sessions", "/posts/new", "/admin"] {
        script.get(path).expect_problem(401);
    }
    for path in ["/account/password", "/account/two-factor/disable", "/account/recovery-codes"] {
        assert_eq!(script.post(path, &[]).status, 401, "{path}");
    }

    // The pending token is not accepted as an access token.
    let mut forged = site.script();
    let pending = script.cookies["__Host-hallpass_pending"].clone();
    forged.cookies.insert(ACCESS, pending);
    forged.get("/profile").expect_problem(401);

    let done = script.post("/login/code", &[("code", &authenticator.code())]).expect(200).json();
    assert_eq!(done["status"], "signed_in");
    script.get("/profile").expect(200);
    assert_eq!(
        script.cookies.len(),
        script.cookies.names().filter(|name| !name.contains("pending")).count()
    );
}

#[test]
fn the_code_can_be_sent_with_the_password() {
    let site = Site::start();
    let (mut authenticator, _) = enrol(&mut register(site.browser(), "ann"));
    log_in(&mut site.browser(), "ann", &authenticator.code()).expect_see_other("/");
    let problem = log_in(&mut site.script(), "ann", &authenticator.same_code()).expect_problem(401);
    assert!(problem.to_string().contains("Invalid username, password or code"), "{problem}");
    log_in(&mut site.script(), "ann", &authenticator.code()).expect(200);
}

#[test]
fn the_code_page_redirects_to_next() {
    let site = Site::start();
    let (mut authenticator, _) = enrol(&mut register(site.browser(), "ann"));
    let mut ann = site.browser();
    let answer = ann
        .post("/login", &[("username", "ann"), ("password", PASSWORD), ("next", "/profile")])
        .expect(303);
    let place = answer.header("location").expect("a location").to_owned();
    assert!(place.starts_with("/login/code"), "{place}");
    let page = ann.get(&place).expect_page(200);
    assert!(
        page.text().contains("autocomplete=\"one-time-code\"")
            && page.text().contains("inputmode=\"numeric\"")
    );
    let fields = [("code", authenticator.code()), ("next", "/profile".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ann.post("/login/code", &fields).expect_see_other("/profile");
}

#[test]
fn a_code_without_a_password_is_rejected() {
    let site = Site::start();
    let (mut authenticator, _) = enrol(&mut register(site.browser(), "ann"));
    site.script().post("/login/code", &[("code", &authenticator.code())]).expect_problem(401);
    let answer = site.browser().get("/login/code");
    assert!(answer.status == 303 || answer.status == 200, "{answer:#?}");
    assert_eq!(answer.session_cookies(), []);
}

#[test]
fn a_recovery_code_is_accepted_once() {
    let site = Site::start();
    let (mut authenticator, codes) = enrol(&mut register(site.browser(), "ann"));
    let mut ann = site.browser();
    log_in(&mut ann, "ann", "").expect_see_other("/login/code");
    ann.post("/login/code", &[("code", &codes[0])]).expect_see_other("/");
    log_in(&mut site.browser(), "ann", &codes[0]).expect_page(401);
    log_in(&mut site.browser(), "ann", &codes[1]).expect_see_other("/");

    // A new set of recovery codes invalidates the old set.
    let mut script = ann.as_script();
    let wrong = authenticator.wrong_code();
    let path = "/account/recovery-codes";
    script.post(path, &[("password", PASSWORD), ("code", &wrong)]).expect_problem(401);
    let code = authenticator.code();
    let proof = [("password", PASSWORD), ("code", code.as_str())];
    let refreshed = script.post(path, &proof).expect(200).json();
    let refreshed = refreshed["recovery_codes"].as_array().expect("codes").clone();
    assert_eq!(refreshed.len(), 10);
    log_in(&mut site.browser(), "ann", &codes[2]).expect_page(401);
    log_in(&mut site.browser(), "ann", refreshed[0].as_str().expect("text")).expect_see_other("/");
}

#[test]
fn disabling_the_factor_requires_password_and_code() {
    let site = Site::start();
    let mut script = register(site.script(), "ann");
    let (mut authenticator, _) = enrol(&mut script);
    let path = "/account/two-factor/disable";
    let (right, wrong) = (authenticator.code(), authenticator.wrong_code());
    script.post(path, &[("password", "wrong password"), ("code", &right)]).expect_problem(401);
    script.post(path, &[("password", PASSWORD), ("code", &wrong)]).expect_problem(401);
    assert_eq!(script.get("/account/two-factor").expect(200).json()["enabled"], true);
    let code = authenticator.code();
    script.post(path, &[("password", PASSWORD), ("code", &code)]).expect(204);
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
}

/// `hallpass-web` tests its own routes. This test sends requests to the blog's routes and again to
/// hallpass's routes as the blog mounts them.
#[test]
fn no_route_creates_a_session_for_a_password_alone() {
    const HALLPASS: [&str; 11] = [
        "/register",
        "/login",
        "/login/code",
        "/logout",
        "/session/refresh",
        "/account/two-factor",
        "/account/two-factor/disable",
        "/account/recovery-codes",
        "/account/password",
        "/account/sessions",
        "/account/sessions/revoke",
    ];
    let site = Site::start();
    enrol(&mut register(site.browser(), "ann"));
    let mut waiting = site.browser();
    log_in(&mut waiting, "ann", "").expect_see_other("/login/code");
    let pending = waiting.cookies[PENDING].clone();
    let own = include_str!("../../src/bin/blog/routes.rs").split(".route(").skip(1);
    let own = own.filter_map(|rest| rest.split('"').nth(1));
    let own = own.map(|path| path.replace("{slug}", "hello").replace("{username}", "ann"));
    let fields = [
        ("username", "ann"),
        ("password", PASSWORD),
        ("current_password", PASSWORD),
        ("new_password", "a wholly different phrase"),
        ("code", ""),
        ("session", "others"),
        ("role", "admin"),
        ("title", "Hello"),
        ("body", "World"),
        ("remember_device", "on"),
    ];
    let (mut paths, mut asked) = (0, 0);
    for path in own.chain(HALLPASS.map(str::to_owned)) {
        paths += 1;
        for method in ["GET", "HEAD", "POST"] {
            // The rate limit allows five password attempts.
            let names = if path == "/login" {
                &[PENDING][..]
            } else {
                &[PENDING, ACCESS, REFRESH, BROWSER]
            };
            for name in names {
                let mut client = site.browser();
                client.cookies.insert(name, pending.clone());
                let mut request = client.request(method, &path);
                if method == "POST" {
                    request = request
                        .header("content-type", "application/x-www-form-urlencoded")
                        .body(form(&fields));
                }
                let answer = client.send(request);
                assert_ne!(answer.status, 429, "{method} {path}: the rate limit hides the result");
                for session in [ACCESS, REFRESH] {
                    let set = answer.set_cookie(session);
                    let set = set.filter(|set| !set.attributes().contains(&"max-age=0".to_owned()));
                    assert_eq!(set, None, "{method} {path} with {name}");
                }
                asked += 1;
            }
        }
    }
    assert!(paths >= 23 && asked > 250, "{paths} paths, {asked} requests");
}
