use proptest::prelude::*;

use super::*;

#[test]
fn both_spellings_of_a_path_lead_to_one_another() {
    let app = PathPrefix::new("/app");
    for (bare, complete) in [
        ("/", "/app/"),
        ("/login", "/app/login"),
        ("/login?next=%2Fapp%2F", "/app/login?next=%2Fapp%2F"),
        ("/apple", "/app/apple"),
        ("/?page=2", "/app/?page=2"),
    ] {
        assert_eq!(app.complete(bare), complete);
        assert_eq!(app.complete(complete), complete);
        assert_eq!(app.strip(complete), bare);
        assert_eq!(app.strip(bare), bare);
        assert!(app.covers(complete) && !app.covers(bare), "{bare}");
    }
    // The address of the site without a slash at its end.
    for (bare, received) in [("/", "/app"), ("/?page=2", "/app?page=2"), ("/#top", "/app#top")] {
        assert_eq!(app.complete(received), received);
        assert_eq!(app.strip(received), bare);
        assert!(app.covers(received));
    }
}

#[test]
fn other_hosts_get_no_prefix() {
    let app = PathPrefix::new("/app");
    for target in ["https://login.example/", "//login.example/", "*", ""] {
        assert_eq!(app.complete(target), target);
    }
    // `/evil.example/` would be a path of this host, but `//evil.example/` is another host.
    assert_eq!(app.strip("/app//evil.example/"), "/app//evil.example/");
}

#[test]
fn without_a_prefix_every_path_stays() {
    for target in ["/", "/app/login", "//evil.example/", "*", ""] {
        assert_eq!(PathPrefix::NONE.complete(target), target);
        assert_eq!(PathPrefix::NONE.strip(target), target);
    }
    assert_eq!(PathPrefix::NONE.join("/login"), "/login");
    assert_eq!(PathPrefix::NONE.tag(), None);
}

/// The expected texts are from `base64.b32encode(hashlib.sha256(prefix).digest())` of Python.
#[test]
fn tag_is_the_start_of_a_base32_hash() {
    for (prefix, tag) in [("/app", "6u5vfl"), ("/shop", "eyyvzy"), ("/a/b", "myvxwy")] {
        assert_eq!(PathPrefix::new(prefix).tag().as_deref(), Some(tag));
    }
}

proptest! {
    #[test]
    fn a_stripped_path_is_never_another_host(target in r"/(app)?[/\\?#.a-z]{0,8}") {
        let app = PathPrefix::new("/app");
        let stripped = app.strip(&target);
        prop_assert!(stripped.starts_with("//") <= target.starts_with("//"));
        prop_assert!(stripped.starts_with('/'));
    }
}
