use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Row {
    why: String,
    next: String,
    to: String,
}

#[test]
fn every_row_of_the_table_gets_its_result() {
    let rows: Vec<Row> = include_str!("../../../tests/tables/next.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 145);
    for row in rows {
        let next = SafeNext::parse(Some(&row.next));
        assert_eq!(next.as_str(), row.to, "{}: {:?}", row.why, row.next);
        // The same row on a site with a prefix, whose paths begin with it.
        let app = PathPrefix::new("/app");
        let below = SafeNext::parse_below(&app, Some(&format!("/app{}", row.next)));
        if row.to == row.next && row.next.len() + 4 <= SafeNext::MAX_LENGTH {
            assert_eq!(below.as_str(), format!("/app{}", row.to), "{}", row.why);
        }
        assert_eq!(SafeNext::parse_below(&app, Some(&row.next)).as_str(), "/app/", "{}", row.why);
    }
}

#[test]
fn absent_next_is_the_default() {
    assert_eq!(SafeNext::parse(None), SafeNext::default());
    assert_eq!(SafeNext::default().to_string(), "/");
    assert_eq!(SafeNext::parse_below(&PathPrefix::new("/app"), None).as_str(), "/app/");
}

#[test]
fn next_outside_the_prefix_is_the_default() {
    let below = |next| SafeNext::parse_below(&PathPrefix::new("/app"), Some(next)).to_string();
    for kept in ["/app", "/app/", "/app?a=1", "/app#top", "/app/login?next=%2Fshop", "/app//x"] {
        assert_eq!(below(kept), kept);
    }
    for other in [
        "/",
        "/apple",
        "/app2/",
        "/App/",
        "/%61pp/",
        "/shop/app/",
        "//app/",
        "/app/../shop",
        "/app/%2e%2e/shop",
        "/app/..%2fshop",
        "/app\\..\\shop",
        "/app%2fshop",
        "app/",
        "https://site.example/app/",
    ] {
        assert_eq!(below(other), "/app/", "{other}");
    }
}

/// Returns a `Location` as a browser reads it before it resolves it (WHATWG URL, basic URL parser):
/// tab, CR and LF are removed everywhere, other control characters and spaces are removed from both
/// ends, and `\` is a slash.
fn as_a_browser_reads(location: &str) -> String {
    location
        .trim_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .map(|c| if c == '\\' { '/' } else { c })
        .collect()
}

proptest! {
    #[test]
    fn accepted_next_stays_on_the_site(next in r"[/\\.%2eEfF5cC:@?#\t\n a]{0,12}") {
        let kept = SafeNext::parse(Some(&next));
        let read = as_a_browser_reads(kept.as_str());
        prop_assert_eq!(&read, kept.as_str());
        prop_assert!(read.starts_with('/') && !read.starts_with("//"));
        let path = read.split(['?', '#']).next().unwrap();
        let decoded = percent_encoding::percent_decode_str(path).decode_utf8().unwrap();
        prop_assert!(!decoded.starts_with("//") && !decoded.contains('\\'));
        prop_assert!(decoded.split('/').all(|segment| segment != "." && segment != ".."));
    }

    #[test]
    fn next_is_kept_whole_or_replaced(next in any::<String>()) {
        let kept = SafeNext::parse(Some(&next));
        prop_assert!(kept.as_str() == next || kept == SafeNext::default());
        prop_assert_eq!(SafeNext::parse(Some(kept.as_str())), kept);
    }

    #[test]
    fn ordinary_next_path_is_kept(path in "/[a-z0-9._~-]{1,8}[a-z](/[a-z0-9]{1,8}){0,3}(\\?[a-z0-9=&%/.]{0,12})?") {
        let kept = SafeNext::parse(Some(&path));
        prop_assert_eq!(kept.as_str(), path.as_str());
    }
}
