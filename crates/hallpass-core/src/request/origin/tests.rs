use serde::Deserialize;

use super::*;
use crate::access::{origin_header::OriginHeader, rejection_kind::RejectionKind};

#[derive(Deserialize)]
struct Row {
    why: String,
    method: String,
    path: String,
    host: Option<String>,
    origin: Option<String>,
    site: Option<String>,
    upgrade: Option<String>,
    passes: bool,
}

/// Returns the check with the exceptions of the table.
fn check() -> OriginCheck {
    OriginCheck::new()
        .trust("https://admin.example")
        .and_then(|check| check.trust("http://localhost:8080"))
        .and_then(|check| check.insecure_bypass("/hooks/"))
        .and_then(|check| check.insecure_bypass("/ping"))
        .unwrap()
}

fn rows() -> Vec<Row> {
    include_str!("../../../tests/tables/origin.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_row_of_the_table_gets_its_result() {
    let check = check();
    let rows = rows();
    assert_eq!(rows.len(), 135);
    for row in &rows {
        let decision = check.check(&OriginFacts {
            method: &row.method,
            host: row.host.as_deref().map(str::as_bytes),
            origin: row.origin.as_deref().map(str::as_bytes),
            sec_fetch_site: row.site.as_deref().map(str::as_bytes),
            upgrade: row.upgrade.as_deref().map(str::as_bytes),
            path: &row.path,
        });
        assert_eq!(decision.is_ok(), row.passes, "{}", row.why);
        if let Err(rejection) = decision {
            assert_eq!(rejection.kind(), RejectionKind::CrossOrigin, "{}", row.why);
            let header = match row.site.as_deref() {
                Some("") | None => OriginHeader::Origin,
                Some(_) => OriginHeader::SecFetchSite,
            };
            assert_eq!(rejection.origin_header(), Some(header), "{}", row.why);
        }
    }
}

/// A request that is rejected only without an exception passes with it, and exceptions never reject
/// a request.
#[test]
fn origin_exceptions_change_only_the_exempt_rows() {
    let (with, without) = (check(), OriginCheck::new());
    let mut turned = 0;
    for row in rows() {
        let facts = OriginFacts {
            method: &row.method,
            host: row.host.as_deref().map(str::as_bytes),
            origin: row.origin.as_deref().map(str::as_bytes),
            sec_fetch_site: row.site.as_deref().map(str::as_bytes),
            upgrade: row.upgrade.as_deref().map(str::as_bytes),
            path: &row.path,
        };
        let (with, without) = (with.check(&facts).is_ok(), without.check(&facts).is_ok());
        assert!(with || !without, "{}", row.why);
        turned += usize::from(with != without);
    }
    assert_eq!(turned, 11);
}

#[test]
fn origin_bytes_that_are_not_text_match_nothing() {
    let check = OriginCheck::new();
    let facts = OriginFacts {
        method: "POST",
        host: Some(b"site.example\xff"),
        origin: Some(b"https://site.example\xff"),
        path: "/",
        ..OriginFacts::default()
    };
    assert!(check.check(&facts).is_err());
    let facts = OriginFacts { sec_fetch_site: Some(b"same-origin\0"), ..facts };
    assert!(check.check(&facts).is_err());
}

#[test]
fn trusted_origin_must_be_as_browsers_send_it() {
    for good in [
        "https://site.example",
        "http://site.example",
        "https://site.example:8443",
        "http://localhost:3000",
        "http://[::1]:3000",
        "https://xn--bcher-kva.example",
        "chrome-extension://abcdefghijklmnop",
        "http://site.example:443",
    ] {
        assert!(OriginCheck::new().trust(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "null",
        "*",
        "site.example",
        "https://",
        "https://site.example/",
        "https://site.example/path",
        "https://site.example?query",
        "https://site.example#fragment",
        "https://si te.example",
        "https://Site.example",
        "HTTPS://site.example",
        "https://site.example:443",
        "http://site.example:80",
        "https://site.example:",
        "https://me@site.example",
        "https://*.site.example",
        "https://bücher.example",
        "1https://site.example",
    ] {
        let refusal = OriginCheck::new().trust(bad).unwrap_err();
        assert_eq!(refusal, OriginCheckError::Origin(bad.to_owned()));
    }
}

/// A proxy may send another `Host` than the browser, or remove the prefix from the path.
#[test]
fn public_origin_passes_behind_a_proxy_that_rewrites_host() {
    let origin = PublicOrigin::parse("https://site.example/app").unwrap();
    let check = OriginCheck::new()
        .public_origin(&origin)
        .trust("https://admin.example")
        .and_then(|check| check.insecure_bypass("/hooks/"))
        .unwrap();
    let post = OriginFacts {
        method: "POST",
        host: Some(b"backend:3000"),
        path: "/login",
        ..OriginFacts::default()
    };
    let passes = |facts: OriginFacts<'_>| check.check(&facts).is_ok();
    assert!(passes(OriginFacts { origin: Some(b"https://site.example"), ..post }));
    assert!(passes(OriginFacts { origin: Some(b"https://admin.example"), ..post }));
    assert!(passes(OriginFacts { origin: Some(b"http://backend:3000"), ..post }));
    assert!(passes(OriginFacts { sec_fetch_site: Some(b"same-origin"), ..post }));
    for other in [
        &b"https://evil.example"[..],
        b"http://site.example",
        b"https://site.example:8443",
        b"https://site.example/app",
        b"https://site.example.evil.example",
        b"null",
    ] {
        assert!(!passes(OriginFacts { origin: Some(other), ..post }));
        let site = Some(&b"cross-site"[..]);
        assert!(!passes(OriginFacts { origin: Some(other), sec_fetch_site: site, ..post }));
    }
    let evil = Some(&b"https://evil.example"[..]);
    for path in ["/hooks/x", "/app/hooks/x"] {
        assert!(passes(OriginFacts { origin: evil, path, ..post }));
    }
    for path in ["/app/app/hooks/x", "/apphooks/x", "/app/hooks", "/app//hooks/x"] {
        assert!(!passes(OriginFacts { origin: evil, path, ..post }));
    }
}

#[test]
fn bypass_path_must_be_unambiguous() {
    for good in ["/", "/ping", "/hooks/", "/a/b.c/d", "/.well-known/x", "/..."] {
        assert!(OriginCheck::new().insecure_bypass(good).is_ok(), "{good}");
    }
    for bad in [
        "", "ping", "*", "/*", "/{id}", "//ping", "/a//b", "/a/../b", "/a/.", "/..", "/a\\b",
        "/a%20b", "/ping?x", "/ping#x",
    ] {
        let refusal = OriginCheck::new().insecure_bypass(bad).unwrap_err();
        assert_eq!(refusal, OriginCheckError::Path(bad.to_owned()));
    }
}
