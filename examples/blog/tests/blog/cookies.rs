//! The names, values and attributes of the cookies.

use crate::person::{ACCESS, BROWSER, PASSWORD, PENDING, REFRESH, enrol, log_in, register};
use crate::site::Site;
use hallpass_test_support::{cookie_jar::SetCookie, http::Response};

/// Asserts that the attributes are `Path=/; Secure; HttpOnly; SameSite=Lax` and a `Max-Age`, and
/// returns the `Max-Age`.
#[track_caller]
fn max_age(cookie: &SetCookie) -> u64 {
    let (age, rest): (Vec<_>, Vec<_>) =
        cookie.attributes().into_iter().partition(|attribute| attribute.starts_with("max-age="));
    assert_eq!(rest, ["httponly", "path=/", "samesite=lax", "secure"], "{cookie:?}");
    assert_eq!(age.len(), 1, "{cookie:?}");
    age[0]["max-age=".len()..].parse().expect("seconds")
}

#[track_caller]
fn only_known_names(response: &Response) {
    for cookie in response.set_cookies() {
        assert!([ACCESS, REFRESH, PENDING, BROWSER].contains(&cookie.name.as_str()), "{cookie:?}");
        assert!(cookie.value.len() < 4000);
        max_age(&cookie);
    }
}

#[test]
fn cookies_have_the_documented_attributes() {
    let site = Site::start();
    let mut ann = site.browser();
    let answer = ann.post("/register", &[("username", "ann"), ("password", PASSWORD)]);
    only_known_names(&answer);
    let access = answer.set_cookie(ACCESS).expect("a logged-in response");
    let life = max_age(&access);
    assert!((60..=3600).contains(&life), "short-lived: {life} s");
    assert_eq!(access.value.split('.').count(), 3, "a JWT");
    if let Some(refresh) = answer.set_cookie(REFRESH) {
        assert!(max_age(&refresh) > life && refresh.value.len() >= 43, "256 bits");
    }

    enrol(&mut ann);
    let answer = log_in(&mut site.browser(), "ann", "");
    only_known_names(&answer);
    let pending = answer.set_cookie(PENDING).expect("a pending cookie");
    assert_eq!(max_age(&pending), 300);
    assert!(answer.set_cookie(ACCESS).is_none_or(|cookie| max_age(&cookie) == 0));
}

#[test]
fn cookie_removal_has_the_attributes_of_the_cookie() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let held: Vec<_> = ann.cookies.names().map(str::to_owned).collect();
    let answer = ann.post("/logout", &[]).expect_see_other("/");
    only_known_names(&answer);
    // The browser stays known, and its cookie names nobody.
    assert_eq!(answer.set_cookie(BROWSER), None);
    for name in held.into_iter().filter(|name| name != BROWSER) {
        let removal = answer.set_cookie(&name).expect("a removal of each cookie");
        assert_eq!((removal.value.as_str(), max_age(&removal)), ("", 0));
    }
}

#[test]
fn get_requests_set_no_cookie_and_change_nothing() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    for path in ["/logout", "/account/sessions/revoke", "/account/recovery-codes"] {
        let answer = ann.get(path).expect(405);
        assert_eq!(answer.header("allow"), Some("POST"), "{path}");
        assert_eq!(answer.set_cookies(), [], "{path}");
    }
    for path in [
        "/",
        "/login",
        "/register",
        "/profile",
        "/account/sessions",
        "/account/password",
        "/session/confirm",
    ] {
        assert_eq!(ann.get(path).expect_page(200).session_cookies(), [], "{path}");
    }
    ann.get("/profile").expect_page(200);
}

#[test]
fn a_corrupt_cookie_is_treated_as_logged_out() {
    let site = Site::start();
    let ann = register(site.browser(), "ann");
    let good = ann.cookies[ACCESS].clone();
    let mut bad: Vec<String> = ["", "x", "..", "a.b.c", "%00", "\"\"", "eyJhbGciOiJub25lIn0.e30."]
        .map(str::to_owned)
        .into();
    bad.push(good[..good.len() - 1].to_owned());
    bad.push(format!("{good}x"));
    bad.push(format!("\"{good}\""));
    bad.push(good.replace('.', "%2E"));
    bad.push("é".repeat(50));
    bad.push("x".repeat(6000));
    for position in [5, good.len() / 2, good.len() - 5] {
        let mut bytes = good.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        bad.push(String::from_utf8(bytes).expect("ASCII"));
    }
    for value in bad {
        let mut client = site.browser();
        client.cookies.insert(ACCESS, value.clone());
        let home = client.get("/").expect_page(200);
        assert!(home.text().contains("Log in"), "{value}");
        client.get("/profile").expect_log_in("/profile");
        client.as_script().get("/profile").expect_problem(401);
    }
}

#[test]
fn duplicate_or_misnamed_cookies_are_rejected() {
    let site = Site::start();
    let mut ann = register(site.script(), "ann");
    let token = ann.cookies.remove(ACCESS).expect("an access token");
    for header in [
        format!("{ACCESS}={token}; {ACCESS}={token}"),
        format!("{ACCESS}=x; {ACCESS}={token}"),
        format!("__%48ost-hallpass={token}"),
        format!("{}={token}", ACCESS.to_lowercase()),
    ] {
        let mut stranger = site.script();
        let mut request = stranger.request("GET", "/profile");
        request = request.header("cookie", header);
        stranger.send(request).expect_problem(401);
    }
    // Other cookies in the header have no effect, also if they are malformed.
    let mut stranger = site.script();
    let mut request = stranger.request("GET", "/profile");
    request = request.header("cookie", format!("a=\"; b=é; {ACCESS}={token}; c"));
    stranger.send(request).expect(200);
}
