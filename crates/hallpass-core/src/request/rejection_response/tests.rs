use std::time::Duration;

use super::*;
use crate::access::rejection::FieldFault;

type Headers = &'static [(&'static str, &'static str)];

const BROWSER: Headers = &[("accept", "text/html,*/*;q=0.8"), ("sec-fetch-mode", "navigate")];
const FETCH: Headers = &[("accept", "*/*"), ("sec-fetch-mode", "cors")];
const JSON: Headers = &[("accept", "application/json")];
const HTMX: Headers = &[
    ("accept", "*/*"),
    ("hx-request", "true"),
    ("hx-current-url", "https://site.example/posts?page=2"),
    ("sec-fetch-mode", "cors"),
];
const WEB_SOCKET: Headers = &[("upgrade", "websocket"), ("connection", "Upgrade")];
const GRPC: Headers = &[("content-type", "application/grpc+proto")];
const GRPC_WEB: Headers = &[("content-type", "application/grpc-web+proto")];

fn render(kind: RejectionKind, method: &str, headers: Headers) -> RejectionResponse {
    let caller = Caller::new(method, "/admin?x=1&y=ü", |name| {
        headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes())
    });
    RejectionResponse::new(Rejection::new(kind), &caller, &RejectionSettings::default())
}

impl RejectionResponse {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Each row has the kind and the response to each caller: navigating browser, browser's POST,
/// script's fetch, JSON, WebSocket, htmx, gRPC.
#[test]
fn every_rejection_kind_for_every_caller() {
    use RejectionKind::*;
    let table: [(RejectionKind, [u16; 6], &str, Option<&str>); 26] = [
        (
            NotLoggedIn,
            [303, 401, 401, 401, 401, 401],
            "16",
            Some("/login?next=%2Fposts%3Fpage%3D2"),
        ),
        (Expired, [303, 401, 401, 401, 401, 401], "16", Some("/login?next=%2Fposts%3Fpage%3D2")),
        (Revoked, [303, 401, 401, 401, 401, 401], "16", Some("/login?next=%2Fposts%3Fpage%3D2")),
        (Stale, [303, 401, 401, 401, 401, 401], "16", Some("/login?next=%2Fposts%3Fpage%3D2")),
        (RoleMissing, [403; 6], "7", None),
        (SecondFactorMissing, [403; 6], "7", Some("/account/two-factor")),
        (NotRecent, [403; 6], "7", Some("/session/confirm?next=%2Fposts%3Fpage%3D2")),
        (CrossOrigin, [403; 6], "7", None),
        (Limited, [429; 6], "8", None),
        (Unavailable, [503; 6], "14", None),
        (Internal, [500; 6], "13", None),
        (InvalidCredentials, [401; 6], "16", None),
        (InvalidField, [422; 6], "3", None),
        (NameTaken, [409; 6], "9", None),
        (SecondFactorOn, [409; 6], "9", None),
        (SecondFactorOff, [409; 6], "9", None),
        (ChallengeRequired, [403; 6], "7", None),
        (LastOfRole, [409; 6], "9", None),
        (AccountDisabled, [409; 6], "9", None),
        (LinkOver, [410; 6], "9", None),
        (NotFound, [404; 6], "5", None),
        (MethodNotAllowed, [405; 6], "12", None),
        (BodyTooLarge, [413; 6], "3", None),
        (Timeout, [408; 6], "4", None),
        (MalformedBody, [400; 6], "3", None),
        (UnsupportedMediaType, [415; 6], "3", None),
    ];
    assert_eq!(table.map(|row| row.0), RejectionKind::ALL, "a kind without a row");

    for (kind, statuses, grpc_status, hx_redirect) in table {
        let callers = [
            ("GET", BROWSER),
            ("POST", BROWSER),
            ("GET", FETCH),
            ("GET", JSON),
            ("GET", WEB_SOCKET),
            ("GET", HTMX),
        ];
        for ((method, headers), status) in callers.into_iter().zip(statuses) {
            let response = render(kind, method, headers);
            assert_eq!(response.status, status, "{kind} {method} {headers:?}");
            assert_eq!(response.header("cache-control"), Some("no-store"), "{kind} {headers:?}");
            assert_eq!(response.header("vary"), Some("accept, cookie"), "{kind} {headers:?}");
            assert_eq!(
                response.header("www-authenticate").is_some(),
                status == 401,
                "{kind} {headers:?}"
            );
            assert_eq!(response.header("location").is_some(), status == 303, "{kind} {headers:?}");
            assert_eq!(
                response.header("hx-redirect"),
                hx_redirect.filter(|_| headers == HTMX),
                "{kind} {headers:?}"
            );
            let content_type = match headers {
                _ if status == 303 => None,
                JSON | WEB_SOCKET => Some("application/problem+json"),
                _ => Some("text/html; charset=utf-8"),
            };
            assert_eq!(response.header("content-type"), content_type, "{kind} {headers:?}");
        }
        for (headers, content_type) in
            [(GRPC, "application/grpc"), (GRPC_WEB, "application/grpc-web")]
        {
            let response = render(kind, "POST", headers);
            assert_eq!((response.status, response.body.as_str()), (200, ""), "{kind}");
            assert_eq!(response.header("content-type"), Some(content_type), "{kind}");
            assert_eq!(response.header("grpc-status"), Some(grpc_status), "{kind}");
            assert_eq!(response.header("www-authenticate"), None, "{kind}");
        }
    }
}

#[test]
fn a_problem_is_json_with_a_stable_type() {
    for kind in RejectionKind::ALL {
        let response = render(*kind, "GET", JSON);
        let problem: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(problem["type"], format!("urn:hallpass:problem:{kind}"));
        assert_eq!(problem["status"], response.status);
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        assert_eq!(problem.as_object().unwrap().len(), 4);
    }
}

#[test]
fn problem_detail_names_the_field_or_method() {
    let problem = |rejection: Rejection| {
        serde_json::from_str::<serde_json::Value>(&rejection.problem()).unwrap()
    };
    for (fault, kind, detail) in [
        (FieldFault::Missing, "invalid-field", "The field `x` is missing."),
        (FieldFault::NotText, "invalid-field", "The field `x` must be text."),
        (FieldFault::Repeated, "invalid-field", "The field `x` occurs more than once."),
        (FieldFault::UsernameLength, "invalid-field", "A user name has 1 to 64 characters."),
        (
            FieldFault::UsernameCharacter,
            "invalid-field",
            "A user name starts with a letter or a digit and has only letters, digits, '.', '_' and '-'.",
        ),
        (
            FieldFault::UsernameInvisible,
            "invalid-field",
            "The user name contains an invisible character. Delete it, or type the name again.",
        ),
        (
            FieldFault::UsernameMarks,
            "invalid-field",
            "A user name has at most two marks on one letter. Remove some of them.",
        ),
        (
            FieldFault::UsernameReserved,
            "invalid-field",
            "This user name is reserved for the site. Choose another one.",
        ),
        (
            FieldFault::UsernameEmail,
            "invalid-field",
            "This is not a valid e-mail address. Write one address, such as a@site.example.",
        ),
        (
            FieldFault::UsernameNotEmail,
            "invalid-field",
            "Enter your user name. This site does not use e-mail addresses as user names.",
        ),
        (
            FieldFault::UsernameIsEmail,
            "invalid-field",
            "Enter your e-mail address. This site uses e-mail addresses as user names.",
        ),
        (FieldFault::NameTaken, "name-taken", "This user name is taken."),
        (
            FieldFault::PasswordLength { min: 10 },
            "invalid-field",
            "A password must have 10 to 1024 characters.",
        ),
        (
            FieldFault::PasswordCommon,
            "invalid-field",
            "This password is too easy to guess. Use several unrelated words.",
        ),
    ] {
        let problem = problem(Rejection::of_field("x", fault));
        assert_eq!(problem["type"], format!("urn:hallpass:problem:{kind}"), "{fault:?}");
        assert_eq!(
            (&problem["detail"], &problem["field"]),
            (&detail.into(), &"x".into()),
            "{fault:?}"
        );
    }
    let method = Rejection::method_not_allowed("GET, POST");
    assert_eq!(problem(method)["detail"], "This path accepts GET, POST.");
    assert!(
        RejectionSettings::default().headers(method).contains(&("allow", "GET, POST".to_owned()))
    );
}

#[test]
fn rejection_texts_need_no_escaping() {
    for kind in RejectionKind::ALL {
        for text in [kind.title(), kind.detail()] {
            let plain = |c: char| {
                matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%' | '<' | '>' | '&')
            };
            assert!(!text.is_empty() && text.chars().all(plain), "{text}");
        }
    }
}

#[test]
fn login_redirect_has_a_safe_next() {
    let to = |target: &str, settings: &RejectionSettings| {
        let caller = Caller::new("GET", target, |_| None);
        RejectionResponse::new(Rejection::new(RejectionKind::NotLoggedIn), &caller, settings)
            .header("location")
            .map(str::to_owned)
    };
    let settings = RejectionSettings::default();
    assert_eq!(to("/a b", &settings).as_deref(), Some("/login?next=%2F"));
    assert_eq!(
        to("/posts/new?x=1&y=%C3%BC", &settings).as_deref(),
        Some("/login?next=%2Fposts%2Fnew%3Fx%3D1%26y%3D%25C3%25BC")
    );
    for off_site in [
        "//evil.example/",
        "/\\evil.example",
        "https://evil.example/",
        "*",
        "",
        "/a\r\nset-cookie: x",
    ] {
        assert_eq!(to(off_site, &settings).as_deref(), Some("/login?next=%2F"), "{off_site:?}");
    }
    let own = RejectionSettings::default().login_path("/sign-in?from=guard");
    assert_eq!(to("/a", &own).as_deref(), Some("/sign-in?from=guard&next=%2Fa"));
    let hostile = RejectionSettings::default().login_path("/x\"\r\n<é>\\");
    assert_eq!(to("/a", &hostile).as_deref(), Some("/x%22%0D%0A%3C%C3%A9%3E%5C?next=%2Fa"));
}

#[test]
fn rejection_page_links_to_the_fix() {
    let settings =
        RejectionSettings::default().style_sheet("/hallpass.css?a&b").two_factor_path("/me/2fa");
    let caller = Caller::new("GET", "/admin", |_| None);
    let page = RejectionResponse::new(
        Rejection::new(RejectionKind::SecondFactorMissing),
        &caller,
        &settings,
    )
    .body;
    assert!(page.contains("<a href=\"/me/2fa\">Set up a second factor</a>"), "{page}");
    assert!(page.contains("<a href=\"/login?next=%2Fadmin\">Log in again</a>"), "{page}");
    assert!(page.contains("href=\"/hallpass.css?a&amp;b\""), "{page}");
    assert!(!page.contains("<style") && !page.contains("<script"), "{page}");

    let page = RejectionResponse::new(
        Rejection::new(RejectionKind::RoleMissing),
        &caller,
        &RejectionSettings::default(),
    )
    .body;
    assert!(!page.contains("/login") && !page.contains("stylesheet"), "{page}");
}

/// A proxy that removes the prefix and one that does not lead to the same response.
#[test]
fn every_path_of_a_rejection_has_the_path_prefix() {
    let settings = RejectionSettings::default()
        .style_sheet("/hallpass.css")
        .path_prefix(&PathPrefix::new("/app"));
    let render = |kind, target: &'static str, headers: Headers| {
        let caller = Caller::new("GET", target, |name| {
            headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes())
        });
        RejectionResponse::new(Rejection::new(kind), &caller, &settings)
    };
    for target in ["/posts?page=2", "/app/posts?page=2"] {
        let to_login = render(RejectionKind::NotLoggedIn, target, BROWSER);
        assert_eq!(to_login.header("location"), Some("/app/login?next=%2Fapp%2Fposts%3Fpage%3D2"));
        let json = render(RejectionKind::NotLoggedIn, target, JSON);
        assert_eq!(json.header("www-authenticate"), Some("Cookie form-action=\"/app/login\""));
        let page = render(RejectionKind::SecondFactorMissing, target, BROWSER).body;
        let paths: Vec<&str> =
            page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(
            paths,
            [
                "/app/hallpass.css",
                "/app/account/two-factor",
                "/app/login?next=%2Fapp%2Fposts%3Fpage%3D2",
                "/app/"
            ]
        );
    }
    // `/posts` of the host is a page of another site.
    let fragment = render(RejectionKind::NotLoggedIn, "/fragment", HTMX);
    assert_eq!(fragment.header("hx-redirect"), Some("/app/login?next=%2Fapp%2F"));
    let off_site = render(RejectionKind::NotLoggedIn, "//evil.example/", BROWSER);
    assert_eq!(off_site.header("location"), Some("/app/login?next=%2Fapp%2F"));

    let elsewhere =
        settings.login_path("https://login.example/").path_prefix(&PathPrefix::new("/app"));
    let caller = Caller::new("GET", "/posts", |_| None);
    let to_login =
        RejectionResponse::new(Rejection::new(RejectionKind::NotLoggedIn), &caller, &elsewhere);
    assert_eq!(to_login.header("location"), Some("https://login.example/?next=%2Fapp%2Fposts"));
}

#[test]
fn www_authenticate_names_the_accepted_scheme() {
    let challenge = |kind, settings: &RejectionSettings| {
        let headers = settings.headers(Rejection::new(kind));
        headers.into_iter().find(|(name, _)| *name == "www-authenticate").map(|(_, value)| value)
    };
    let cookie = RejectionSettings::default();
    let bearer = RejectionSettings::default().bearer();
    assert_eq!(
        challenge(RejectionKind::Expired, &cookie).as_deref(),
        Some("Cookie form-action=\"/login\"")
    );
    assert_eq!(challenge(RejectionKind::NotLoggedIn, &bearer).as_deref(), Some("Bearer"));
    assert_eq!(
        challenge(RejectionKind::Expired, &bearer).as_deref(),
        Some("Bearer error=\"invalid_token\"")
    );
    assert_eq!(challenge(RejectionKind::RoleMissing, &bearer), None);
}

#[test]
fn retry_after_is_in_whole_seconds_rounded_up() {
    for (wait, seconds) in
        [(Duration::ZERO, "0"), (Duration::from_millis(1), "1"), (Duration::from_secs(30), "30")]
    {
        let rejection = Rejection::new(RejectionKind::Limited).with_retry_after(wait);
        let headers = RejectionSettings::default().headers(rejection);
        assert!(headers.contains(&("retry-after", seconds.to_owned())), "{wait:?}: {headers:?}");
    }
    assert!(
        RejectionSettings::default()
            .headers(Rejection::new(RejectionKind::Limited))
            .iter()
            .all(|(name, _)| *name != "retry-after")
    );
}
