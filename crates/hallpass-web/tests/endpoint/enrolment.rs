//! An account that must set up a second factor reaches only the enrolment page, whatever guards the
//! site has.

use hallpass_accounts::TwoFactorPolicy;

use crate::site::{ACCESS, Authenticator, PASSWORD, PENDING, Site};

fn site() -> Site {
    Site::with(|settings, _| settings.two_factor = TwoFactorPolicy::RequiredForAll)
}

const ANN: [(&str, &str); 2] = [("username", "ann"), ("password", PASSWORD)];

#[tokio::test]
async fn enrolment_redirects_a_browser_and_the_first_code_logs_in() {
    let site = site();
    let mut ann = site.browser();
    let registered = ann.post("/register", &ANN).await.expect_see_other("/account/two-factor");
    assert!(registered.set_cookie(ACCESS).is_none() && registered.set_cookie(PENDING).is_some());
    ann.get("/account/sessions").await.expect(303);
    let page = ann.get("/account/two-factor").await.expect_page(200);
    let wrong = ann.post("/account/two-factor", &[("code", "000000")]).await.expect_page(401);
    assert!(wrong.set_cookie(ACCESS).is_none());
    assert!(page.body.contains("otpauth://"));

    let mut script = ann.as_script();
    let set_up = script.get("/account/two-factor").await.expect(200).json();
    let mut app = Authenticator::new(set_up["secret"].as_str().unwrap(), site.clock.clone());
    let answer = ann.post("/account/two-factor", &[("code", &app.code())]).await.expect(200);
    assert!(answer.set_cookie(ACCESS).is_some());
    assert!(
        !ann.cookies.contains_key(PENDING),
        "the pending cookie is removed after the enrolment"
    );
    ann.get("/account/sessions").await.expect_page(200);

    // After the factor is turned off, the enrolment is required again, and this session has ended.
    let off = [("password", PASSWORD), ("code", &app.code())];
    ann.post("/account/two-factor/disable", &off).await.expect_see_other("/account/two-factor");
    assert!(!ann.cookies.contains_key(ACCESS));
    ann.get("/account/two-factor").await.expect_page(200);
}

#[tokio::test]
async fn a_json_client_gets_enrolment_required_and_no_session() {
    let site = site();
    let mut ann = site.script();
    assert_eq!(
        ann.post("/register", &ANN).await.expect(201).json()["status"],
        "enrolment_required"
    );
    let answer = ann.post("/login", &ANN).await.expect(200);
    assert_eq!(answer.json()["status"], "enrolment_required");
    assert!(answer.set_cookie(ACCESS).is_none());
}

/// Row 3 of the threat table: only one page accepts the cookie of an enrolment.
#[tokio::test]
async fn the_enrolment_cookie_is_accepted_by_no_other_route() {
    let site = site();
    let mut ann = site.script();
    ann.post("/register", &ANN).await.expect(201);
    let token = ann.cookies[PENDING].clone();
    // Under its own name, and under the name of the access cookie.
    for cookie in [PENDING, ACCESS] {
        for route in site.routes.routes() {
            let public = [
                "/login",
                "/register",
                "/login/reset",
                "/logout",
                "/.well-known/jwks.json",
                "/hallpass.css",
                "/hallpass.js",
            ];
            if public.contains(&route.path)
                || (route.path == "/account/two-factor" && cookie == PENDING)
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
