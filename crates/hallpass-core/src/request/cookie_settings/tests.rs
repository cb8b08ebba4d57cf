use std::collections::BTreeMap;

use super::{rules::CookieSettingsError, *};
use crate::{
    request::path_prefix::PathPrefix,
    token::issued_token::{Access, EnrolmentPending, MfaPending},
};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);
const LIFE: Duration = Duration::from_secs(900);

fn token<K>(text: &str) -> Token<K> {
    Token::new(text.to_owned(), NOW.saturating_add(LIFE))
}

/// Parses a `Set-Cookie` value as RFC 6265bis section 5.6 does: name, value and attributes, with
/// attribute names in lower case.
fn parsed(set_cookie: &str) -> (String, String, BTreeMap<String, String>) {
    let mut parts = set_cookie.split(';').map(str::trim);
    let (name, value) = parts.next().unwrap().split_once('=').unwrap();
    let attributes = parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    (name.to_owned(), value.to_owned(), attributes)
}

fn all(cookies: &CookieSettings) -> Vec<[String; 2]> {
    vec![
        [cookies.set(&token::<Access>("a.b.c"), NOW).unwrap(), cookies.remove::<Access>()],
        [cookies.set_refresh("abc", LIFE).unwrap(), cookies.remove_refresh()],
        [cookies.set(&token::<MfaPending>("a.b.c"), NOW).unwrap(), cookies.remove::<MfaPending>()],
        [
            cookies.set(&token::<EnrolmentPending>("a.b.c"), NOW).unwrap(),
            cookies.remove::<EnrolmentPending>(),
        ],
    ]
}

fn variants() -> Vec<CookieSettings> {
    let builder = CookieSettings::builder;
    [
        builder(),
        builder().same_site(SameSite::Strict),
        builder().same_site(SameSite::None),
        builder().domain("site.example"),
        builder().domain("site.example").same_site(SameSite::None).access_name("__Secure-pass"),
        builder().insecure_plain_http_cookies(),
        builder().insecure_plain_http_cookies().domain("site.example").same_site(SameSite::Strict),
        builder().access_name("token").refresh_name("token2").pending_name("token3"),
        builder().access_name("__Http-pass"),
    ]
    .into_iter()
    .map(|builder| builder.build().unwrap())
    .collect()
}

#[test]
fn cookie_defaults_match_the_contract() {
    let cookies = CookieSettings::default();
    assert_eq!(
        cookies.set(&token::<Access>("a.b.c"), NOW).unwrap(),
        "__Host-hallpass=a.b.c; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900"
    );
    assert_eq!(
        cookies.set_refresh("xyz", LIFE).unwrap(),
        "__Host-hallpass_refresh=xyz; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900"
    );
    assert_eq!(
        cookies.set(&token::<MfaPending>("a.b.c"), NOW).unwrap(),
        "__Host-hallpass_pending=a.b.c; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900"
    );
    assert_eq!(
        cookies.remove::<Access>(),
        "__Host-hallpass=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"
    );
    let built = CookieSettings::builder().build().unwrap();
    assert_eq!(built.remove::<Access>(), cookies.remove::<Access>());
}

/// A cookie is replaced only by one of the same name, domain and path (RFC 6265bis section 5.7).
#[test]
fn cookie_removal_differs_only_in_value_and_max_age() {
    for cookies in variants() {
        for [set, remove] in all(&cookies) {
            let (name, value, mut attributes) = parsed(&set);
            let (removed_name, removed_value, mut removed_attributes) = parsed(&remove);
            assert_eq!(name, removed_name);
            assert!(!value.is_empty() && removed_value.is_empty());
            assert_eq!(attributes.remove("max-age").unwrap(), "900");
            assert_eq!(removed_attributes.remove("max-age").unwrap(), "0");
            assert_eq!(attributes, removed_attributes, "{set}");
        }
    }
}

#[test]
fn cookies_meet_the_rules_of_their_name_prefix() {
    for cookies in variants() {
        for set in all(&cookies).concat() {
            let (name, _, attributes) = parsed(&set);
            let has = |attribute| attributes.contains_key(attribute);
            assert!(has("httponly"), "{set}");
            assert_eq!(attributes["path"], "/", "{set}");
            assert!(has("secure") || !name.starts_with("__"), "{set}");
            assert!(has("secure") || attributes["samesite"] != "None", "{set}");
            assert!(!has("domain") || !name.starts_with("__Host-"), "{set}");
        }
    }
}

#[test]
fn default_cookie_names_have_the_allowed_prefix() {
    let names = |cookies: CookieSettings| cookies.access_name().to_owned();
    let builder = CookieSettings::builder;
    assert_eq!(names(builder().build().unwrap()), "__Host-hallpass");
    let shared = builder().domain("site.example").build().unwrap();
    assert_eq!(shared.refresh_name(), "__Secure-hallpass_refresh");
    let plain = builder().insecure_plain_http_cookies().build().unwrap();
    assert_eq!(plain.pending_name(), "hallpass_pending");
    assert_eq!(plain.browser_name(), "hallpass_browser");
    assert_eq!(plain.notice_name(), "hallpass_notice");
    assert!(!plain.remove::<Access>().contains("Secure"));
}

#[test]
fn default_cookie_names_have_a_tag_of_the_path_prefix() {
    let app = PathPrefix::new("/app");
    let names = |builder: CookieSettingsBuilder, prefix: &PathPrefix| {
        let cookies = builder.build().unwrap().below(prefix).unwrap();
        [
            cookies.access_name(),
            cookies.refresh_name(),
            cookies.pending_name(),
            cookies.browser_name(),
            cookies.notice_name(),
        ]
        .map(str::to_owned)
    };
    let builder = CookieSettings::builder;
    let [access, refresh, pending, browser, notice] = names(builder(), &app);
    assert_eq!(access, "__Host-hallpass-6u5vfl");
    assert_eq!(refresh, "__Host-hallpass-6u5vfl_refresh");
    assert_eq!(pending, "__Host-hallpass-6u5vfl_pending");
    assert_eq!(browser, "__Host-hallpass-6u5vfl_browser");
    assert_eq!(notice, "__Host-hallpass-6u5vfl_notice");
    let of_shop = names(builder(), &PathPrefix::new("/shop"));
    assert!(names(builder(), &app).iter().all(|name| !of_shop.contains(name)));
    let [access, .., browser, notice] = names(builder().domain("site.example"), &app);
    assert_eq!(access, "__Secure-hallpass-6u5vfl");
    assert_eq!(browser, "__Host-hallpass-6u5vfl_browser");
    assert_eq!(notice, "__Host-hallpass-6u5vfl_notice");
    let [access, ..] = names(builder().insecure_plain_http_cookies(), &app);
    assert_eq!(access, "hallpass-6u5vfl");

    let [access, refresh, ..] = names(builder().access_name("__Host-site"), &app);
    assert_eq!((&*access, &*refresh), ("__Host-site", "__Host-hallpass-6u5vfl_refresh"));
    assert_eq!(names(builder(), &PathPrefix::NONE)[0], "__Host-hallpass");
    let taken = builder().access_name("__Host-hallpass-6u5vfl_refresh").build().unwrap();
    assert_eq!(
        taken.below(&app).unwrap_err(),
        CookieSettingsError::SameName("__Host-hallpass-6u5vfl_refresh".to_owned())
    );
    let cookies = CookieSettings::default().below(&app).unwrap();
    assert_eq!(
        cookies.set_refresh("xyz", LIFE).unwrap(),
        "__Host-hallpass-6u5vfl_refresh=xyz; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900"
    );
}

#[test]
fn cookie_settings_that_browsers_drop_are_refused() {
    use CookieSettingsError as E;
    let builder = CookieSettings::builder;
    let name = |name: &str| builder().access_name(name);
    let plain = || builder().insecure_plain_http_cookies();
    let shared = || builder().domain("site.example");
    let cases = [
        (name(""), E::Name(String::new())),
        (name("a b"), E::Name("a b".into())),
        (name("a=b"), E::Name("a=b".into())),
        (name("a;b"), E::Name("a;b".into())),
        (name("a,b"), E::Name("a,b".into())),
        (name("\"a\""), E::Name("\"a\"".into())),
        (name("pass\r\nX: y"), E::Name("pass\r\nX: y".into())),
        (name("pässe"), E::Name("pässe".into())),
        (name(&"n".repeat(129)), E::Name("n".repeat(129))),
        (builder().access_name("one").refresh_name("one"), E::SameName("one".into())),
        (builder().access_name("one").pending_name("one"), E::SameName("one".into())),
        (builder().refresh_name("one").pending_name("one"), E::SameName("one".into())),
        (
            builder().pending_name("__Host-one").browser_name("__Host-one"),
            E::SameName("__Host-one".into()),
        ),
        (builder().browser_name("one"), E::BrowserWithoutHostPrefix("one".into())),
        (builder().notice_name("one"), E::BrowserWithoutHostPrefix("one".into())),
        (
            builder().notice_name("__Host-one").browser_name("__Host-one"),
            E::SameName("__Host-one".into()),
        ),
        (shared().browser_name("__Secure-one"), E::BrowserWithoutHostPrefix("__Secure-one".into())),
        (shared().access_name("__Host-pass"), E::HostPrefixWithDomain("__Host-pass".into())),
        (shared().access_name("__hOST-pass"), E::HostPrefixWithDomain("__hOST-pass".into())),
        (
            shared().pending_name("__Host-Http-pass"),
            E::HostPrefixWithDomain("__Host-Http-pass".into()),
        ),
        (plain().access_name("__Host-pass"), E::PrefixWithoutSecure("__Host-pass".into())),
        (plain().refresh_name("__Secure-pass"), E::PrefixWithoutSecure("__Secure-pass".into())),
        (plain().pending_name("__secure-pass"), E::PrefixWithoutSecure("__secure-pass".into())),
        (plain().access_name("__Http-pass"), E::PrefixWithoutSecure("__Http-pass".into())),
        (plain().same_site(SameSite::None), E::SameSiteNoneWithoutSecure),
    ];
    for (builder, expected) in cases {
        assert_eq!(builder.build().unwrap_err(), expected);
    }
    for domain in [
        "",
        ".site.example",
        "site.example.",
        "site..example",
        "Site.example",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "site.example:3000",
        "https://site.example",
        "site.example/",
        "-site.example",
        "site-.example",
        "bücher.example",
        "site.example; Path=/admin",
        "*.site.example",
    ] {
        let refusal = builder().domain(domain).build().unwrap_err();
        assert_eq!(refusal, E::Domain(domain.to_owned()));
    }
}

/// The browser cookie names nobody, so it is not shared with sibling hosts, and a link from another
/// site finds it.
#[test]
fn the_browser_cookie_is_lax_and_has_no_domain() {
    for cookies in variants() {
        let (name, value, attributes) = parsed(&cookies.set_browser("5f", LIFE).unwrap());
        assert_eq!((value.as_str(), attributes["samesite"].as_str()), ("5f", "Lax"));
        assert!(!attributes.contains_key("domain") && attributes.contains_key("httponly"));
        assert_eq!(name.starts_with("__Host-"), attributes.contains_key("secure"), "{name}");
        assert_eq!(attributes["path"], "/");
    }
}

/// Another host of the domain cannot make the site show that something has happened.
#[test]
fn the_notice_is_lax_has_no_domain_and_lasts_a_minute() {
    for cookies in variants() {
        let set = cookies.set_notice("password-reset").unwrap();
        for (set, value, age) in [(set, "password-reset", "60"), (cookies.remove_notice(), "", "0")]
        {
            let (name, found, attributes) = parsed(&set);
            assert_eq!((name.as_str(), found.as_str()), (cookies.notice_name(), value));
            assert_eq!((&*attributes["samesite"], &*attributes["max-age"]), ("Lax", age));
            assert!(!attributes.contains_key("domain") && attributes.contains_key("httponly"));
            assert_eq!(name.starts_with("__Host-"), attributes.contains_key("secure"), "{name}");
        }
        assert!(cookies.set_notice("a;b").is_err());
    }
}

#[test]
fn cookie_has_at_most_4096_bytes() {
    let cookies = CookieSettings::default();
    let room = 4096 - "__Host-hallpass".len();
    let set = cookies.set(&token::<Access>(&"a".repeat(room)), NOW).unwrap();
    assert_eq!(set.split(';').next().unwrap().len(), 4096 + "=".len());
    let longer = token::<Access>(&"a".repeat(room + 1));
    assert_eq!(cookies.set(&longer, NOW), Err(SetCookieError::TooLong { length: 4097 }));
    // The longer name leaves less room for the value.
    assert!(cookies.set_refresh(&"a".repeat(room), LIFE).is_err());
}

#[test]
fn cookie_value_cannot_inject_attributes() {
    let cookies = CookieSettings::default();
    for value in [
        "a;b",
        "a; Domain=evil.example",
        "a\r\nSet-Cookie: b=c",
        "a b",
        "a,b",
        "\"a\"",
        "a\\b",
        "a\0",
        "ä",
        "\u{7f}",
    ] {
        assert_eq!(cookies.set_refresh(value, LIFE), Err(SetCookieError::Value));
    }
}

#[test]
fn longest_max_age_is_a_valid_number() {
    let set = CookieSettings::default().set_refresh("a", Duration::MAX);
    assert!(set.unwrap().ends_with("; Max-Age=9223372036854775807"));
}
