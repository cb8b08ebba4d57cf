//! Tests of each rule of RFC 6265bis.

use super::*;

fn site() -> CookieJar {
    CookieJar::new("https://www.site.example")
}

#[track_caller]
fn kept(line: &str) -> Cookie {
    let mut jar = site();
    assert_eq!(jar.store("/a/b", line), Ok(Stored::Kept), "{line}");
    jar.cookies.remove(0)
}

#[test]
fn names_values_and_attributes_are_trimmed_and_split() {
    let cookie = SetCookie::parse(" a = b=c\t;Path=/X ; SECURE;max-age=5; Max-Age=7");
    assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("a", "b=c"));
    assert_eq!(cookie.attributes(), ["max-age=5", "max-age=7", "path=/x", "secure"]);
    assert_eq!((cookie.attribute("path"), cookie.attribute("secure")), (Some("/X"), Some("")));
    assert_eq!(
        (cookie.max_age(), cookie.attribute("domain")),
        (Some(7), None),
        "the last attribute counts"
    );
    for (age, read) in [("-1", Some(-1)), ("1.5", None), ("", None), ("x", None)] {
        assert_eq!(SetCookie::parse(&format!("a=b; Max-Age={age}")).max_age(), read, "{age}");
    }
}

#[test]
fn cookies_that_a_browser_rejects_are_rejected() {
    use Rejection::*;
    for (line, why) in [
        ("a=b\r\nc=d", ControlCharacter),
        ("a=\u{7f}", ControlCharacter),
        ("", Size),
        ("=; Secure", Size),
        (&format!("a={}", "b".repeat(4096)), Size),
        ("a=b; Domain=example.com", Domain),
        ("a=b; Domain=e.example", Domain),
        ("a=b; Domain=other.site.example", Domain),
        ("__Host-a=b; Path=/", Prefix),
        ("__Host-a=b; Secure", Prefix),
        ("__Host-a=b; Secure; Path=/a", Prefix),
        ("__Host-a=b; Secure; Path=/; Domain=site.example", Prefix),
        ("__hOST-a=b; Path=/", Prefix),
        ("__Secure-a=b; Path=/", Prefix),
        ("=__Host-a; Secure; Path=/", Prefix),
        ("=__Secure-a; Secure", Prefix),
        ("a=b; SameSite=None", SameSite),
        ("a=b; Expires=Wed, 09 Jun 2100 10:18:14 GMT", Expires),
    ] {
        let mut jar = site();
        assert_eq!(jar.store("/", line), Err(why), "{line}");
        assert!(jar.is_empty(), "{line}");
    }
    for line in [
        format!("a={}", "b".repeat(4095)),
        "__Host-a=b; Secure; Path=/".into(),
        "__Secure-a=b; Secure; Domain=site.example".into(),
        "a=b; SameSite=None; Secure".into(),
        "a=b; Max-Age=5; Expires=Wed, 09 Jun 2100 10:18:14 GMT".into(),
    ] {
        kept(&line);
    }
}

#[test]
fn secure_cookie_requires_tls_or_a_loopback_host() {
    for (origin, expected) in [
        ("https://site.example", Ok(Stored::Kept)),
        ("http://127.0.0.1", Ok(Stored::Kept)),
        ("http://localhost", Ok(Stored::Kept)),
        ("http://intranet", Err(Rejection::Secure)),
    ] {
        assert_eq!(CookieJar::new(origin).store("/", "a=b; Secure"), expected, "{origin}");
        assert_eq!(CookieJar::new(origin).store("/", "a=b"), Ok(Stored::Kept), "{origin}");
    }
}

#[test]
fn domain_is_the_host_or_a_parent_domain() {
    assert_eq!(kept("a=b").domain, None);
    assert_eq!(kept("a=b; Domain=").domain, None);
    for domain in ["www.site.example", ".Site.example", "site.example"] {
        let stored = kept(&format!("a=b; Domain={domain}")).domain;
        assert_eq!(stored, Some(domain.trim_start_matches('.').to_lowercase()));
    }
    let mut address = CookieJar::new("http://127.0.0.1");
    assert_eq!(address.store("/", "a=b; Domain=0.0.1"), Err(Rejection::Domain));
}

#[test]
fn path_is_the_attribute_or_the_request_directory() {
    for (line, path) in
        [("a=b", "/a"), ("a=b; Path=", "/a"), ("a=b; Path=x", "/a"), ("a=b; Path=/x/", "/x/")]
    {
        assert_eq!(kept(line).path, path, "{line}");
    }
    for (request, path) in [("/", "/"), ("/a", "/"), ("/a/", "/a"), ("", "/"), ("*", "/")] {
        assert_eq!(default_path(request), path, "{request}");
    }
    for (cookie, request, goes) in [
        ("/", "/", true),
        ("/", "/a", true),
        ("/a", "/a", true),
        ("/a", "/a/b", true),
        ("/a/", "/a/b", true),
        ("/a", "/ab", false),
        ("/a/", "/a", false),
    ] {
        assert_eq!(matches(cookie, request), goes, "{cookie} {request}");
    }
}

#[test]
fn longer_paths_are_sent_first_then_older_cookies() {
    let mut jar = site();
    for line in ["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/", "a=4; Path=/x", "=5; Path=/"] {
        assert_eq!(jar.store("/", line), Ok(Stored::Kept));
    }
    assert_eq!(jar.header("/x/y").as_deref(), Some("b=2; a=4; a=1; c=3; 5"));
    assert_eq!(jar.header("/").as_deref(), Some("a=1; c=3; 5"));
    assert_eq!(jar.store("/", "a=6; Path=/"), Ok(Stored::Kept));
    assert_eq!(
        jar.header("/").as_deref(),
        Some("a=6; c=3; 5"),
        "a new value keeps the place of the cookie"
    );
    assert_eq!(site().header("/"), None);
}

#[test]
fn cookie_is_removed_by_name_domain_and_path() {
    let mut jar = site();
    for line in ["a=1; Path=/", "a=2; Path=/x", "a=3; Path=/; Domain=site.example"] {
        assert_eq!(jar.store("/", line), Ok(Stored::Kept));
    }
    assert_eq!(jar.store("/", "a=; Path=/; Max-Age=0"), Ok(Stored::Removed));
    assert_eq!(jar.header("/x").as_deref(), Some("a=2; a=3"));
    assert_eq!(jar.store("/", "a=; Path=/y; Max-Age=-1"), Ok(Stored::Removed));
    assert_eq!(jar.len(), 2, "the other cookies remain");
}

#[test]
fn cookie_expires_after_at_most_400_days() {
    let lives = |line: &str| kept(line).expires.expect("the cookie expires");
    assert_eq!(kept("a=b").expires, None);
    let days = |days: u64| SystemTime::now() + Duration::from_secs(days * 24 * 60 * 60);
    assert!(lives("a=b; Max-Age=99999999999") < days(401));
    let mut jar = site();
    jar.cookies.push(Cookie { expires: Some(SystemTime::now()), ..kept("a=b; Path=/") });
    assert_eq!((jar.header("/"), jar.len(), jar.contains("a")), (None, 0, false));
}

#[test]
fn insert_accepts_cookies_that_no_server_can_set() {
    let mut jar = site();
    jar.insert("__Host-a", "é\"");
    jar.insert("__Host-a", "x".repeat(5000));
    assert_eq!(jar["__Host-a"].len(), 5000);
    assert_eq!(jar.names().collect::<Vec<_>>(), ["__Host-a"]);
    assert_eq!(jar.remove("__Host-a").map(|value| value.len()), Some(5000));
    assert!(jar.is_empty());
}
