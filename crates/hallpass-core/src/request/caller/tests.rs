use proptest::prelude::*;

use super::*;

fn caller(method: &str, headers: &[(&str, &'static str)]) -> Caller<'static> {
    Caller::new(method, "/posts?page=2", |name| {
        headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes())
    })
}

#[test]
fn accept_header_decides_between_json_and_html() {
    let table = [
        // Values of browsers.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", false),
        ("*/*", false),
        ("", false),
        // Values of scripts: fetch with a header, axios, curl.
        ("application/json", true),
        ("application/problem+json", true),
        ("APPLICATION/JSON", true),
        ("application/json, text/plain, */*", true),
        ("application/json;charset=utf-8", true),
        // Weights.
        ("text/html, application/json", false),
        ("application/json, text/html", false),
        ("text/html;q=0.9, application/json", true),
        ("text/html;q=0.9,application/json;q=0.8", false),
        ("text/html; q=0.899 ,application/json ; q=0.9", true),
        ("application/json;q=0", false),
        ("application/json;q=0, */*", false),
        ("text/html;q=0, application/json;q=0.001", true),
        ("text/html;q=0, */*", true),
        ("text/*, application/json;q=0.9", false),
        ("application/*", true),
        ("application/*;q=0.5, text/html;q=0.4", true),
        ("application/xhtml+xml, application/json", true),
        // The most exact range counts, at any position.
        ("application/json;q=0.2, application/*, text/html;q=0.5", false),
        ("*/*, text/html;q=0.1", true),
        // A malformed range is ignored.
        ("application/json;q=2", false),
        ("application/json;q=1.5, text/html", false),
        ("application/json;q=0.9, application/json;q=0, text/html;q=0.5", true),
        ("application/json;q=0.1234", false),
        ("application/json;q=", false),
        ("application/json;q=-1", false),
        ("application/json;Q=0.7", true),
        ("application", false),
        ("json", false),
        (",,;;q=1,/", false),
        ("application/jsonp", false),
        ("xapplication/json", false),
        ("application/json garbage", false),
    ];
    for (accept, json) in table {
        let caller = caller("GET", &[("accept", accept)]);
        assert_eq!(caller.prefers_json(), json, "{accept}");
        assert_eq!(caller.takes_page(), !json, "{accept}");
    }
}

#[test]
fn caller_kind_is_derived_from_headers() {
    let table: &[(&[(&str, &'static str)], CallerKind)] = &[
        (&[], CallerKind::Page),
        (&[("accept", "text/html")], CallerKind::Page),
        (&[("accept", "application/json")], CallerKind::Json),
        (&[("hx-request", "true")], CallerKind::Htmx),
        (&[("hx-request", "true"), ("accept", "*/*")], CallerKind::Htmx),
        (&[("hx-request", "true"), ("accept", "application/json")], CallerKind::Json),
        (&[("upgrade", "websocket"), ("connection", "upgrade")], CallerKind::Upgrade),
        (&[("upgrade", "h2c"), ("connection", "upgrade, http2-settings")], CallerKind::Page),
        (&[("content-type", "application/grpc")], CallerKind::Grpc),
        (&[("content-type", "application/grpc+proto")], CallerKind::Grpc),
        (&[("content-type", "application/grpc-web+proto")], CallerKind::GrpcWeb),
        (&[("content-type", "application/json")], CallerKind::Page),
    ];
    for (headers, kind) in table {
        assert_eq!(caller("GET", headers).kind(), *kind, "{headers:?}");
    }
    assert_eq!(caller("CONNECT", &[]).kind(), CallerKind::Upgrade);
}

/// Returns the return page on a site without a prefix.
fn way_back(caller: &Caller<'static>) -> Option<Cow<'static, str>> {
    caller.way_back(&PathPrefix::NONE)
}

#[test]
fn only_a_navigation_has_a_return_page() {
    let page = |method, headers: &[(&str, &'static str)]| way_back(&caller(method, headers));
    assert_eq!(page("GET", &[]).as_deref(), Some("/posts?page=2"));
    assert_eq!(page("HEAD", &[]).as_deref(), Some("/posts?page=2"));
    assert_eq!(page("GET", &[("sec-fetch-mode", "navigate")]).as_deref(), Some("/posts?page=2"));
    assert_eq!(page("GET", &[("sec-fetch-mode", "cors")]), None);
    assert_eq!(page("GET", &[("sec-fetch-mode", "no-cors")]), None);
    assert_eq!(page("POST", &[]), None);
}

#[test]
fn the_return_page_has_the_path_prefix() {
    let app = PathPrefix::new("/app");
    for (received, page) in [("/posts", "/app/posts"), ("/app/posts", "/app/posts")] {
        assert_eq!(Caller::new("GET", received, |_| None).way_back(&app).as_deref(), Some(page));
    }
    let url = "https://site.example/app/posts";
    let fragment = caller("GET", &[("hx-request", "true"), ("hx-current-url", url)]);
    assert_eq!(fragment.way_back(&app).as_deref(), Some("/app/posts"));
}

#[test]
fn htmx_returns_to_the_page_around_the_fragment() {
    for (url, path) in [
        ("https://site.example/posts?page=2#end", Some("/posts?page=2")),
        ("https://site.example/", Some("/")),
        ("https://site.example", None),
        ("/posts", None),
        ("", None),
        ("https://site.example/ü", Some("/ü")),
    ] {
        let caller = caller("POST", &[("hx-request", "true"), ("hx-current-url", url)]);
        assert_eq!(way_back(&caller).as_deref(), path, "{url}");
    }
    let broken = Caller::new("GET", "/", |name| match name {
        "hx-request" => Some(b"true"),
        "hx-current-url" => Some(b"https://site.example/\xff"),
        _ => None,
    });
    assert_eq!(way_back(&broken), None);
}

proptest! {
    /// The client chooses the headers. No value may cause a panic.
    #[test]
    fn no_request_header_value_panics(value in any::<Vec<u8>>(), like_accept in "[a-z/*+;q=0-9., ]{0,60}") {
        for value in [&value[..], like_accept.as_bytes()] {
            let caller = Caller::new("GET", "/", |_| Some(value));
            let _ = caller.way_back(&PathPrefix::NONE);
            prop_assert!(weight(value, b"application", b"json").quality <= 1000);
        }
    }
}
