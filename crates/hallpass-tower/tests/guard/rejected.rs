//! Responses to rejected requests: the format for each caller, the site's own page, and headers
//! from layers in between.

use super::*;

#[tokio::test]
async fn rejection_is_rendered_in_the_format_of_each_caller() {
    let guarded = || layer().layer(require_roles([SiteRole::Admin]).layer(Handler::default()));
    let send =
        |request: http::request::Builder| ask(guarded(), request.body(String::new()).unwrap());

    let browser = send(Request::get("/admin?tab=users")).await;
    assert_eq!(browser.status(), 303);
    assert_eq!(browser.headers()["location"], "/login?next=%2Fadmin%3Ftab%3Dusers");

    let form = send(Request::post("/admin")).await;
    assert_eq!(
        (form.status().as_u16(), form.headers()["content-type"].as_bytes()),
        (401, &b"text/html; charset=utf-8"[..])
    );

    let fragment = send(
        Request::get("/users")
            .header("hx-request", "true")
            .header("hx-current-url", "https://s.example/admin"),
    )
    .await;
    assert_eq!(
        (fragment.status().as_u16(), fragment.headers()["hx-redirect"].as_bytes()),
        (401, &b"/login?next=%2Fadmin"[..])
    );

    let grpc =
        send(Request::post("/pkg.Service/Call").header("content-type", "application/grpc")).await;
    assert_eq!(
        (grpc.status().as_u16(), grpc.headers()["grpc-status"].as_bytes()),
        (200, &b"16"[..])
    );

    let guest = TokenOf::with(SiteRole::Guest).cookie();
    let page = send(Request::get("/admin").header("cookie", guest)).await;
    assert_eq!(page.status(), 403);
    assert!(page.body().contains("<h1>Access denied</h1>"), "{}", page.body());
    for response in [browser, form, fragment, grpc, page] {
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers().contains_key("www-authenticate"), response.status() == 401);
    }
}

#[tokio::test]
async fn websocket_is_rejected_before_the_upgrade() {
    let handler = Handler::default();
    let guarded = layer().layer(require_login().layer(handler.clone()));
    let handshake = Request::get("/log")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(String::new())
        .unwrap();
    let response = ask(guarded, handshake).await;
    assert_eq!((response.status().as_u16(), handler.calls()), (401, 0));
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn next_contains_the_uri_before_nesting() {
    let nested = ServiceBuilder::new()
        .layer(layer())
        .map_request(|mut request: Guarded| {
            *request.uri_mut() = "/users".parse().unwrap();
            request
        })
        .layer(require_login())
        .service(Handler::default());
    let response =
        ask(nested, Request::get("/admin/users?page=2").body(String::new()).unwrap()).await;
    assert_eq!(response.headers()["location"], "/login?next=%2Fadmin%2Fusers%3Fpage%3D2");
}

fn own_page(rejection: Rejection, request: &RejectedRequest) -> Option<Response<String>> {
    let page = |text: String| {
        Response::builder()
            .header("content-type", "text/html")
            .header("x-page", "own")
            .body(text)
            .unwrap()
    };
    match rejection.kind() {
        RejectionKind::RoleMissing => Some(page(format!(
            "{} may not {}",
            request.authentication().username().unwrap(),
            request.uri()
        ))),
        RejectionKind::SecondFactorMissing => Some(
            Response::builder()
                .status(307)
                .header("location", "/second")
                .body(String::new())
                .unwrap(),
        ),
        _ => None,
    }
}

#[tokio::test]
async fn own_page_never_has_a_success_status() {
    let site =
        |guard: RequireLayer| layer().on_rejection(own_page).layer(guard.layer(Handler::default()));
    let guest = TokenOf::with(SiteRole::Guest).cookie();
    let browse =
        |cookie: &str| Request::get("/admin").header("cookie", cookie).body(String::new()).unwrap();

    let page = ask(site(require_roles([SiteRole::Admin])), browse(&guest)).await;
    assert_eq!((page.status().as_u16(), page.body().as_str()), (403, "alice may not /admin"));
    assert_eq!(page.headers()["x-page"], "own");
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert_eq!(page.headers()["vary"], "accept, cookie");
    assert!(!page.headers().contains_key("www-authenticate"));

    let redirect = ask(site(require_login().and_second_factor()), browse(&guest)).await;
    assert_eq!(
        (redirect.status().as_u16(), redirect.headers()["location"].as_bytes()),
        (307, &b"/second"[..])
    );

    let default = ask(site(require_login()), browse("")).await;
    assert_eq!(default.status(), 303);

    let signed_out = layer()
        .on_rejection(|_, _| Some(Response::new("who?".to_owned())))
        .layer(require_login().layer(Handler::default()));
    let page = ask(signed_out, browse("")).await;
    assert_eq!((page.status().as_u16(), page.body().as_str()), (401, "who?"));
    assert!(page.headers().contains_key("www-authenticate"));

    let json = ask(site(require_roles([SiteRole::Admin])), get("/admin", Some(&guest))).await;
    assert_eq!(
        (json.status().as_u16(), json.headers()["content-type"].as_bytes()),
        (403, &b"application/problem+json"[..])
    );
}

#[tokio::test]
async fn head_response_equals_get_without_the_body() {
    let guest = TokenOf::with(SiteRole::Guest).cookie();
    for accept in ["application/json", "text/html"] {
        for page in [false, true] {
            let own = move |rejection, request: &RejectedRequest| {
                own_page(rejection, request).filter(|_| page)
            };
            let site = || {
                layer()
                    .on_rejection(own)
                    .layer(require_roles([SiteRole::Admin]).layer(Handler::default()))
            };
            let request = |method| {
                let request = Request::builder()
                    .method(method)
                    .uri("/")
                    .header("accept", accept)
                    .header("cookie", &guest);
                request.body(String::new()).unwrap()
            };
            let get = ask(site(), request("GET")).await;
            let mut head = ask(site(), request("HEAD")).await;
            assert_eq!(
                (head.status(), head.body().as_str()),
                (get.status(), ""),
                "{accept} {page}"
            );
            let length = head.headers_mut().remove("content-length").unwrap();
            assert_eq!(length.to_str().unwrap(), get.body().len().to_string(), "{accept} {page}");
            assert_eq!(head.headers(), get.headers(), "{accept} {page}");
        }
    }
}

#[tokio::test]
async fn headers_of_layers_in_between_are_kept() {
    let policy = |mut response: Response<String>| {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, "default-src 'self'".parse().unwrap());
        headers.insert(header::CONTENT_LENGTH, "0".parse().unwrap());
        headers.append(header::SET_COOKIE, "a=1".parse().unwrap());
        headers.append(header::SET_COOKIE, "b=2".parse().unwrap());
        response
    };
    let guest = TokenOf::with(SiteRole::Guest).cookie();
    for accept in ["application/json", "text/html"] {
        let inner = ServiceBuilder::new()
            .map_response(policy)
            .layer(require_roles([SiteRole::Admin]))
            .service(Handler::default());
        let request = Request::get("/")
            .header("accept", accept)
            .header("cookie", &guest)
            .body(String::new())
            .unwrap();
        let response = ask(layer().on_rejection(own_page).layer(inner), request).await;
        assert_eq!(response.headers()["content-security-policy"], "default-src 'self'", "{accept}");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2, "{accept}");
        assert!(
            !response.headers().contains_key("content-length"),
            "{accept}: content-length of the replaced body"
        );
    }
}

#[tokio::test]
async fn login_path_setting_changes_the_redirect() {
    let settings = RejectionSettings::default().login_path("/sign-in");
    let response = ask(
        layer().rejection_settings(settings).layer(require_login().layer(Handler::default())),
        Request::get("/a").body(String::new()).unwrap(),
    )
    .await;
    assert_eq!(response.headers()["location"], "/sign-in?next=%2Fa");
}
