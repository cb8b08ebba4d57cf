//! An account that must enrol reaches the enrolment page and nothing else, whatever a site forgets.

use hallpass_accounts::TwoFactorPolicy;

use crate::site::{ACCESS, Authenticator, DEVICE, PASSWORD, PENDING, Site};

fn site() -> Site {
    Site::with(|settings, _| settings.two_factor = TwoFactorPolicy::RequiredForAll)
}

const ANN: [(&str, &str); 2] = [("username", "ann"), ("password", PASSWORD)];

#[tokio::test]
async fn a_browser_is_led_to_the_page_and_signed_in_by_its_first_code() {
    let site = site();
    let mut ann = site.browser();
    let registered = ann.post("/register", &ANN).await.expect_see_other("/profile/two-factor");
    assert!(registered.set_cookie(ACCESS).is_none() && registered.set_cookie(PENDING).is_some());
    ann.get("/profile/sessions").await.expect(303);
    let page = ann.get("/profile/two-factor").await.expect_page(200);
    let wrong = ann.post("/profile/two-factor", &[("code", "000000")]).await.expect_page(401);
    assert!(wrong.set_cookie(ACCESS).is_none());
    assert!(page.body.contains("otpauth://"));

    let mut script = ann.as_script();
    let set_up = script.get("/profile/two-factor").await.expect(200).json();
    let mut app = Authenticator::new(set_up["secret"].as_str().unwrap(), site.clock.clone());
    let answer = ann.post("/profile/two-factor", &[("code", &app.code())]).await.expect(200);
    assert!(answer.set_cookie(ACCESS).is_some());
    assert!(!ann.cookies.contains_key(PENDING), "the enrolment is over");
    ann.get("/profile/sessions").await.expect_page(200);

    // Turned off, it is due again, and this session is over too.
    let off = [("password", PASSWORD), ("code", &app.code())];
    ann.post("/profile/two-factor/disable", &off).await.expect_see_other("/profile/two-factor");
    assert!(!ann.cookies.contains_key(ACCESS));
    ann.get("/profile/two-factor").await.expect_page(200);
}

#[tokio::test]
async fn a_script_is_told_and_gets_no_session() {
    let site = site();
    let mut ann = site.script();
    assert_eq!(
        ann.post("/register", &ANN).await.expect(201).json()["status"],
        "enrolment_required"
    );
    let answer = ann.post("/login", &ANN).await.expect(200);
    assert_eq!(answer.json()["status"], "enrolment_required");
    assert!(answer.set_cookie(ACCESS).is_none() && answer.set_cookie(DEVICE).is_none());
}

/// Row 3: the cookie of an enrolment opens one page.
#[tokio::test]
async fn the_cookie_of_an_enrolment_opens_no_other_route() {
    let site = site();
    let mut ann = site.script();
    ann.post("/register", &ANN).await.expect(201);
    let token = ann.cookies[PENDING].clone();
    // As itself, and put where the access token belongs.
    for cookie in [PENDING, ACCESS] {
        for route in site.routes.routes() {
            let public = [
                "/login",
                "/register",
                "/logout",
                "/.well-known/jwks.json",
                "/hallpass.css",
                "/hallpass.js",
            ];
            if public.contains(&route.path)
                || (route.path == "/profile/two-factor" && cookie == PENDING)
            {
                continue;
            }
            for method in route.methods {
                let mut visitor = site.script();
                visitor.cookies.insert(cookie.to_owned(), token.clone());
                let mut request = visitor.form_request(route.path, &[("code", "000000")]);
                (*method).clone_into(&mut request.method);
                let answer = visitor.send(request).await;
                assert!(matches!(answer.status, 400 | 401), "{method} {}: {answer:?}", route.path);
                assert!(answer.set_cookie(ACCESS).is_none(), "{method} {}", route.path);
            }
        }
    }
}
