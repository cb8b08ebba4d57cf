//! `/account/two-factor`, `/account/two-factor/disable` and `/account/recovery-codes`.

use std::time::Duration;

use hallpass_accounts::{RateLimit, RateLimits};

use crate::site::{ACCESS, Authenticator, BROWSER, Client, PASSWORD, PENDING, REFRESH, Site};

async fn shown(client: &mut Client) -> String {
    let set_up = client.as_script().get("/account/two-factor").await.expect(200).json();
    set_up["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_key_is_shown_only_until_the_factor_is_on() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let set_up = ann.as_script().get("/account/two-factor").await.expect(200).json();
    assert_eq!(set_up["enabled"], false);
    let secret = set_up["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32, "160 bits in base32");
    let uri = set_up["otpauth_uri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/") && uri.contains(secret) && uri.contains("ann"),
        "{uri}"
    );
    assert!(set_up["qr_svg"].as_str().unwrap().starts_with("<svg "));
    let page = ann.get("/account/two-factor").await.expect_page(200);
    let page = &page.body;
    assert!(page.contains(&format!("<span>{}</span>", &secret[..4])) && page.contains("<svg "));

    let (_, codes) = ann.enrol().await;
    assert_eq!(codes.len(), 10);
    assert_eq!(
        ann.as_script().get("/account/two-factor").await.expect(200).json(),
        serde_json::json!({ "enabled": true })
    );
    let page = ann.get("/account/two-factor").await.expect_page(200);
    let page = &page.body;
    assert!(
        !page.contains("otpauth:") && !page.contains(&secret[..4]) && !page.contains(&codes[0])
    );
}

#[tokio::test]
async fn each_session_is_shown_a_stable_key_of_its_own() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let mut phone = site.browser();
    phone.log_in("ann").await.expect(303);
    let key = shown(&mut ann).await;
    assert_eq!(shown(&mut ann).await, key, "a reload shows the same key");
    let other = shown(&mut phone).await;
    assert_ne!(other, key);

    // A code of the key that another session was shown is rejected.
    let mut glimpsed = Authenticator::new(&other, site.clock.clone());
    let code = glimpsed.code();
    ann.as_script()
        .post("/account/two-factor", &[("code", &code)])
        .await
        .expect_problem(401, "invalid-credentials");
    phone.as_script().post("/account/two-factor", &[("code", &code)]).await.expect(200);
}

#[tokio::test]
async fn the_first_code_turns_it_on_and_shows_recovery_codes_once() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let mut phone = site.browser();
    phone.log_in("ann").await.expect(303);
    let before = ann.clone();
    let mut authenticator = Authenticator::new(&shown(&mut ann).await, site.clock.clone());

    let wrong = authenticator.wrong_code();
    let page = ann.post("/account/two-factor", &[("code", &wrong)]).await.expect_page(401);
    assert!(
        page.body.contains("role=\"alert\"") && page.body.contains("<svg "),
        "the same key is shown again"
    );
    ann.as_script()
        .post("/account/two-factor", &[("code", &wrong)])
        .await
        .expect_problem(401, "invalid-credentials");
    ann.as_script().post("/account/two-factor", &[]).await.expect_problem(422, "invalid-field");
    ann.post("/account/two-factor", &[]).await.expect_page(422);
    assert_eq!(ann.as_script().get("/account/two-factor").await.json()["enabled"], false);

    let answer =
        ann.post("/account/two-factor", &[("code", &authenticator.code())]).await.expect(200);
    assert_eq!(answer.body.matches("<li><code>").count(), 10);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.set_cookie(ACCESS).is_some(), "this session continues, with the factor used");
    ann.get("/account/two-factor").await.expect_page(200);
    // Sessions and tokens from before, with only the password, are revoked.
    for old in [phone, before] {
        old.as_script().get("/account/two-factor").await.expect_problem(401, "revoked");
    }

    let code = authenticator.code();
    ann.as_script()
        .post("/account/two-factor", &[("code", &code)])
        .await
        .expect_problem(409, "second-factor-on");
    ann.post("/account/two-factor", &[("code", &code)]).await.expect_page(409);
}

#[tokio::test]
async fn turning_the_factor_off_requires_password_and_code() {
    let site = Site::new();
    let path = "/account/two-factor/disable";
    for json in [false, true] {
        let mut ann = site.browser().registered(if json { "ann" } else { "bob" }).await;
        let (mut authenticator, _) = ann.enrol().await;
        let mut client = if json { ann.as_script() } else { ann };
        let (right, wrong) = (authenticator.code(), authenticator.wrong_code());
        for (password, code) in [("wrong password here", &right), (PASSWORD, &wrong), ("", &right)]
        {
            let answer = client.post(path, &[("password", password), ("code", code)]).await;
            if json {
                answer.expect_problem(401, "invalid-credentials");
            } else {
                let page = answer.expect_page(401);
                assert!(
                    page.body.contains("role=\"alert\"")
                        && !page.body.contains(password) | password.is_empty()
                );
            }
        }
        assert_eq!(client.as_script().get("/account/two-factor").await.json()["enabled"], true);
        let code = authenticator.code();
        let answer = client.post(path, &[("password", PASSWORD), ("code", &code)]).await;
        let answer = if json { answer.expect(204) } else { answer.expect_see_other("/profile") };
        assert!(answer.set_cookie(ACCESS).is_some());
        assert_eq!(
            client.as_script().get("/account/two-factor").await.expect(200).json()["enabled"],
            false
        );
        site.clock.pass(3600);
    }
}

#[tokio::test]
async fn missing_fields_of_both_two_factor_forms_are_named() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    ann.enrol().await;
    for (path, field, fields) in [
        ("/account/two-factor/disable", "password", vec![("code", "1")]),
        ("/account/two-factor/disable", "code", vec![("password", "x")]),
        ("/account/recovery-codes", "password", vec![("code", "1")]),
        ("/account/recovery-codes", "code", vec![("password", "x")]),
    ] {
        let problem =
            ann.as_script().post(path, &fields).await.expect_problem(422, "invalid-field");
        assert_eq!(problem["field"], field);
        let page = ann.post(path, &fields).await.expect_page(422);
        assert_eq!(page.body.matches("aria-invalid").count(), 1, "{path} {field}");
    }
}

#[tokio::test]
async fn new_recovery_codes_replace_the_old() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, old) = ann.enrol().await;
    let path = "/account/recovery-codes";
    let wrong = authenticator.wrong_code();
    let wrong = [("password", PASSWORD), ("code", wrong.as_str())];
    ann.as_script().post(path, &wrong).await.expect_problem(401, "invalid-credentials");
    ann.post(path, &wrong).await.expect_page(401);

    let code = authenticator.code();
    let page = ann.post(path, &[("password", PASSWORD), ("code", &code)]).await.expect(200);
    assert_eq!(page.body.matches("<li><code>").count(), 10);
    // The session was confirmed recently, and the request has its refresh token.
    let refreshed = ann.as_script().post(path, &[]).await.expect(200).json();
    let refreshed = refreshed["recovery_codes"].as_array().unwrap();
    assert_eq!(refreshed.len(), 10);
    let fresh = refreshed[0].as_str().unwrap();
    assert!(!page.body.contains(fresh) && !old.contains(&fresh.to_owned()));

    let log_in = |code: &str| {
        [("username", "ann"), ("password", PASSWORD), ("code", code)]
            .map(|(a, b)| (a, b.to_owned()))
    };
    for (code, status) in [(old[0].as_str(), 401), (fresh, 200), (fresh, 401)] {
        let fields = log_in(code);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        site.script().post("/login", &fields).await.expect(status);
    }
}

#[tokio::test]
async fn disable_and_renewal_are_409_while_the_factor_is_off() {
    let site = Site::new();
    let mut ann = site.script().registered("ann").await;
    let fields = [("password", PASSWORD), ("code", "123456")];
    for path in ["/account/recovery-codes", "/account/two-factor/disable"] {
        ann.post(path, &fields).await.expect_problem(409, "second-factor-off");
    }
}

/// Row 6 of the threat table: on every route, the password of an account with a second factor is
/// not enough.
#[tokio::test]
async fn no_route_gives_a_session_for_the_password_alone() {
    // High rate limits, so that no request below is limited.
    let ample = RateLimit::new(10_000, Duration::from_secs(1));
    let rate_limits =
        RateLimits::default().network(ample.clone()).account(ample.clone()).address(ample);
    let site = Site::with(|settings, _| settings.rate_limits = rate_limits);
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, _) = ann.enrol().await;
    let mut waiting = site.browser();
    waiting.log_in("ann").await.expect(303);
    let pending = waiting.cookies[PENDING].clone();
    let fields = [
        ("username", "ann"),
        ("password", PASSWORD),
        ("current_password", PASSWORD),
        ("new_password", "a wholly different phrase"),
        ("code", ""),
        ("session", "others"),
        ("remember_device", "on"),
    ];
    let mut asked = 0;
    for route in site.routes.routes() {
        for method in route.methods {
            for cookie in [None, Some(PENDING), Some(ACCESS), Some(REFRESH), Some(BROWSER)] {
                let mut client = site.browser();
                client.cookies.extend(cookie.map(|name| (name.to_owned(), pending.clone())));
                let mut request = client.form_request(route.path, &fields);
                (*method).clone_into(&mut request.method);
                let answer = client.send(request).await;
                for name in [ACCESS, REFRESH] {
                    let set = answer.set_cookie(name).is_some_and(|set| !set.contains("Max-Age=0"));
                    assert!(!set, "{method} {} with {cookie:?}: {answer:?}", route.path);
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "{asked}");
    // The check can fail: with the code, the same response has a session.
    let mut client = site.browser();
    client.log_in("ann").await.expect(303);
    let opened = client.post("/login/code", &[("code", &authenticator.code())]).await.expect(303);
    assert!(opened.set_cookie(ACCESS).is_some());
}
