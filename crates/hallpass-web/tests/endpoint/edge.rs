//! Properties of every route: the order of the checks, methods, bodies and fields.

use std::sync::Arc;

use hallpass_accounts::{Account, AccountId, AccountStore, Accounts, Settings, StoreSet, Username};
use hallpass_core::{KeyRing, UnixTime};
use hallpass_test_support::http::form;
use hallpass_web::{Body, EndpointRequest, Route, Routes};

use crate::site::{ACCESS, Client, PASSWORD, Site, SiteRole};

fn routes(site: &Site) -> Vec<Route> {
    let routes = site.routes.routes();
    assert_eq!(routes.len(), 16);
    routes
}

fn from_elsewhere(client: &Client, method: &str, path: &str) -> EndpointRequest {
    let mut request = client.request(method, path);
    request.headers.retain(|(name, _)| name != "sec-fetch-site");
    request.headers.push(("sec-fetch-site".into(), b"cross-site".to_vec()));
    request
}

#[tokio::test]
async fn the_origin_is_checked_before_everything_else() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let held = ann.cookies.clone();
    for method in ["POST", "PUT", "DELETE", "BREW"] {
        for path in routes(&site).iter().map(|route| route.path).chain(["/nowhere"]) {
            for body in [Body::Whole(b"{".to_vec()), Body::TooLarge, Body::Broken] {
                let mut request = from_elsewhere(&ann, method, path);
                request.body = body;
                ann.send(request).await.expect_page(403);
            }
            let script = ann.as_script();
            let request = from_elsewhere(&script, method, path);
            script.clone().send(request).await.expect_problem(403, "cross-origin");
        }
    }
    assert_eq!(ann.cookies, held);
    ann.get("/account/sessions").await.expect_page(200);

    let calls = site.store.calls();
    let fields = form(&[("username", "ann"), ("password", PASSWORD)]);
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "same-site")]
    {
        let mut request = ann.request("POST", "/login");
        request.headers.retain(|(name, _)| name != "sec-fetch-site");
        request.headers.push((name.into(), value.into()));
        request
            .headers
            .push(("content-type".into(), b"application/x-www-form-urlencoded".to_vec()));
        request.body = Body::Whole(fields.clone().into());
        ann.send(request).await.expect_page(403);
    }
    assert_eq!(site.store.calls(), calls, "no call to the store");
    let request = from_elsewhere(&ann, "GET", "/login");
    ann.send(request).await.expect_page(200);
}

#[tokio::test]
async fn an_unsupported_method_is_405_with_allow() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    for Route { path, methods, .. } in routes(&site) {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"] {
            if methods.contains(&method) {
                continue;
            }
            let request = ann.request(method, path);
            let answer = ann.send(request).await.expect(405);
            assert_eq!(
                answer.header("allow"),
                Some(methods.join(", ").as_str()),
                "{method} {path}"
            );
            if method != "HEAD" {
                let script = ann.as_script();
                script
                    .clone()
                    .send(script.request(method, path))
                    .await
                    .expect_problem(405, "method-not-allowed");
            }
        }
    }
    ann.get("/nowhere").await.expect_page(404);
    for path in ["/login/", "//login", "/LOGIN", "/%6cogin"] {
        ann.as_script().get(path).await.expect_problem(404, "not-found");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body_and_no_get_sets_a_session() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    for mut client in [ann.clone(), ann.as_script(), site.browser(), site.script()] {
        for route in routes(&site).into_iter().filter(|route| route.methods.contains(&"GET")) {
            let get = client.get(route.path).await;
            let request = client.request("HEAD", route.path);
            let head = client.send(request).await;
            assert_eq!(head.status, get.status, "{}", route.path);
            assert_eq!(head.body, "");
            assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
            assert_eq!(
                (get.session_cookies().len(), head.session_cookies().len()),
                (0, 0),
                "{}",
                route.path
            );
        }
    }
    ann.get("/account/sessions").await.expect_page(200);
}

#[tokio::test]
async fn login_is_required_before_the_body_is_read() {
    let site = Site::new();
    for Route { path, methods, .. } in routes(&site)
        .into_iter()
        .filter(|route| route.path.starts_with("/account") || route.path == "/session/confirm")
    {
        if methods.contains(&"GET") {
            let to = format!("/login?next={}", path.replace('/', "%2F"));
            site.browser().get(path).await.expect_see_other(&to);
            site.script().get(path).await.expect_problem(401, "signed-out");
        }
        if methods.contains(&"POST") {
            for body in [Body::Whole(Vec::new()), Body::TooLarge] {
                let mut browser = site.browser();
                let mut request = browser.request("POST", path);
                request.body = body;
                browser.send(request).await.expect_page(401);
            }
            site.script().post_body(path, "{").await.expect_problem(401, "signed-out");
        }
    }
    let mut late = site.script().registered("ann").await;
    site.clock.pass(900);
    late.get("/account/sessions").await.expect_problem(401, "expired");
    // The link to the login page leads back to the page of the form.
    let mut late = late.as_browser();
    for (path, page) in [
        ("/account/sessions/revoke", "%2Faccount%2Fsessions"),
        ("/account/two-factor/disable", "%2Faccount%2Ftwo-factor"),
        ("/account/recovery-codes", "%2Faccount%2Ftwo-factor"),
        ("/account/password", "%2Faccount%2Fpassword"),
    ] {
        let refused = late.post(path, &[]).await.expect_page(401);
        assert!(
            refused.body.contains(&format!("href=\"/login?next={page}\"")),
            "{path}: {}",
            refused.body
        );
    }
}

const FORMS: [&str; 10] = [
    "/register",
    "/login",
    "/login/code",
    "/login/reset",
    "/account/two-factor",
    "/account/two-factor/disable",
    "/account/recovery-codes",
    "/account/password",
    "/account/sessions/revoke",
    "/session/confirm",
];

#[tokio::test]
async fn bodies_too_large_broken_or_of_unknown_type_are_rejected() {
    let site = Site::new();
    let ann = site.browser().registered("ann").await;
    let calls = site.store.calls();
    for path in FORMS {
        for mut client in [ann.clone(), ann.as_script()] {
            let json = client
                .request("GET", "/")
                .headers
                .iter()
                .any(|(_, value)| value == b"application/json");
            for (body, kind, status, problem) in [
                (Body::TooLarge, "application/json", 413, "body-too-large"),
                (
                    Body::Whole(vec![b' '; EndpointRequest::BODY_LIMIT + 1]),
                    "application/json",
                    413,
                    "body-too-large",
                ),
                (Body::Broken, "application/json", 400, "malformed-body"),
                (Body::Whole(b"{\"code\":".to_vec()), "application/json", 400, "malformed-body"),
                (Body::Whole(b"code=1".to_vec()), "text/plain", 415, "unsupported-media-type"),
                (
                    Body::Whole(b"code=1".to_vec()),
                    "multipart/form-data; boundary=x",
                    415,
                    "unsupported-media-type",
                ),
            ] {
                let mut request = client.request("POST", path);
                request.headers.push(("content-type".into(), kind.into()));
                request.body = body;
                let answer = client.send(request).await;
                if json {
                    answer.expect_problem(status, problem);
                } else {
                    answer.expect_page(status);
                }
            }
        }
    }
    assert_eq!(site.store.calls(), calls, "no call to the store");
    let mut script = site.script();
    let full = format!("{{\"username\":\"bob\",\"password\":\"{PASSWORD}\",\"filler\":\"\"}}");
    let filler = "x".repeat(EndpointRequest::BODY_LIMIT - full.len());
    let full = full.replace("\"filler\":\"\"", &format!("\"filler\":\"{filler}\""));
    assert_eq!(full.len(), EndpointRequest::BODY_LIMIT);
    script.post_body("/register", &full).await.expect(201);
}

#[tokio::test]
async fn missing_repeated_and_non_text_fields_are_named() {
    let site = Site::new();
    for (field, body) in [
        ("username", r#"{"username":1,"password":"x"}"#),
        ("username", r#"{"username":["bob"],"password":"x"}"#),
        ("username", r#"{"username":"a","username":"b","password":"x"}"#),
        ("username", "{}"),
        ("username", "[]"),
        ("username", "7"),
        ("password", r#"{"username":"bob"}"#),
        ("password", r#"{"username":"bob","password":null}"#),
        ("password", r#"{"username":"bob","password":{"a":1}}"#),
    ] {
        for path in ["/register", "/login"] {
            let problem =
                site.script().post_body(path, body).await.expect_problem(422, "invalid-field");
            assert_eq!(problem["field"], field, "{body}");
        }
    }
    for (field, body) in [
        ("code", r#"{"username":"bob","password":"x","code":123456}"#),
        ("next", r#"{"username":"bob","password":"x","next":["/"]}"#),
    ] {
        let problem =
            site.script().post_body("/login", body).await.expect_problem(422, "invalid-field");
        assert_eq!(problem["field"], field, "{body}");
    }
    for body in [
        "username=bob",
        "password=x",
        "",
        "username=a&username=b&password=x",
        "username=%ff&password=x",
    ] {
        for path in ["/register", "/login"] {
            let page = site.browser().post_body(path, body).await.expect_page(422);
            assert_eq!(page.body.matches("aria-invalid").count(), 1, "{body}");
        }
    }
    assert_eq!(site.store.accounts(), 0);
}

struct OnlyAnn(Account);

impl AccountStore for OnlyAnn {
    type Error = std::convert::Infallible;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, Self::Error> {
        Ok((self.0.username() == name).then(|| self.0.clone()))
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Self::Error> {
        Ok((self.0.id() == id).then(|| self.0.clone()))
    }
}

#[tokio::test]
async fn a_site_with_only_passwords_has_only_the_login_routes() {
    let ann = Account::new(AccountId::new("1"), Username::parse("ann").unwrap(), "$argon2id$none");
    let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_800_000_000));
    let stores = StoreSet::new(Arc::new(OnlyAnn(ann)));
    let accounts = Accounts::<SiteRole>::new(keys, stores, Settings::default()).unwrap();
    let routes = Routes::new(&accounts);
    let paths: Vec<_> = routes.routes().iter().map(|route| route.path).collect();
    assert_eq!(
        paths,
        [
            "/login",
            "/logout",
            "/session/confirm",
            "/.well-known/jwks.json",
            "/hallpass.css",
            "/hallpass.js"
        ]
    );

    let mut site = Site::new();
    site.routes = routes;
    let mut browser = site.browser();
    let page = browser.get("/login").await.expect_page(200);
    assert!(!page.body.contains("/register"), "no link to a page that does not exist");
    for path in [
        "/register",
        "/login/code",
        "/account/two-factor",
        "/account/password",
        "/account/sessions",
    ] {
        browser.get(path).await.expect_page(404);
    }
}

#[tokio::test]
async fn jwks_is_empty_for_hmac_keys_and_css_and_script_are_public() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    assert!(ann.cookies.contains_key(ACCESS));
    let keys = ann.get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys.json(), serde_json::json!({ "keys": [] }));
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    let style = ann.get("/hallpass.css").await.expect(200);
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(style.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(style.header("x-content-type-options"), Some("nosniff"));
    assert!(style.body.contains("prefers-color-scheme: dark") && !style.body.contains("url("));
    let script = ann.get("/hallpass.js").await.expect(200);
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(script.header("x-content-type-options"), Some("nosniff"));
    // The script does not fetch, store or evaluate anything.
    assert!(
        ["fetch(", "XMLHttp", "Storage", "cookie", "eval", "innerHTML", "import"]
            .iter()
            .all(|it| !script.body.contains(it))
    );
}
