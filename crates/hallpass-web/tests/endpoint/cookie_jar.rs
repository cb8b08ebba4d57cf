//! Every `Set-Cookie` that a route can send, with an independent cookie jar: the jar stores the
//! cookie, returns it, and removes it.
//!
//! The jar is the `cookie_store` crate, with the storage rules of RFC 6265 section 5.
//! `examples/blog/browser` tests the rules of Chromium.

use std::collections::BTreeSet;

use cookie_store::CookieStore;
use hallpass_accounts::Username;
use hallpass_core::{CookieSettings, SameSite};
use url::Url;

use crate::site::{ACCESS, Answer, BROWSER, Client, NOTICE, PASSWORD, PENDING, REFRESH, Site};

const NEW_PASSWORD: &str = "another horse, another battery";

/// One client, with a cookie jar in addition to the map that the other tests use.
struct Jar {
    client: Client,
    jar: CookieStore,
    url: Url,
    /// The route, the name of the cookie, and `set` or `remove`.
    seen: BTreeSet<String>,
}

impl Jar {
    fn new(client: Client, url: &str) -> Self {
        Self {
            client,
            jar: CookieStore::default(),
            url: url.parse().unwrap(),
            seen: BTreeSet::new(),
        }
    }

    async fn post(&mut self, route: &str, fields: &[(&str, &str)]) {
        // The request has only the cookies that the jar returns, so a rejected cookie is noticed
        // immediately.
        self.client.cookies = self.returned(&self.url);
        let answer = self.client.post(route, fields).await;
        self.keep(route, &answer);
    }

    async fn get(&mut self, route: &str) {
        self.client.cookies = self.returned(&self.url);
        let answer = self.client.get(route).await;
        self.keep(route, &answer);
    }

    fn keep(&mut self, route: &str, answer: &Answer) {
        assert!(answer.status < 400, "{route}: {answer:?}");
        for line in answer.set_cookies() {
            let kept = self.jar.parse(line, &self.url);
            let removes = line.contains("Max-Age=0");
            let name = line.split('=').next().unwrap();
            match (kept, removes) {
                (Ok(cookie_store::StoreAction::ExpiredExisting), true) => {}
                // A removal of a cookie that does not exist: a logout removes all cookies.
                (Err(cookie_store::CookieError::Expired), true) => {}
                (
                    Ok(
                        cookie_store::StoreAction::Inserted
                        | cookie_store::StoreAction::UpdatedExisting,
                    ),
                    false,
                ) => {}
                (outcome, _) => panic!("{route}: the jar returns {outcome:?} for {line}"),
            }
            // Before a cookie is set, the cookies of its name with another domain are removed.
            let of_name = |line: &&&str| line.split('=').next() == Some(name);
            let is_last = answer.set_cookies().iter().rev().find(of_name) == Some(&line);
            if is_last {
                let is_returned = self.returned(&self.url).contains_key(name);
                assert_eq!(is_returned, !removes, "{route}: {line}");
            }
            self.seen.insert(format!("{route} {name} {}", if removes { "remove" } else { "set" }));
        }
        // The map of the other tests equals the jar.
        assert_eq!(self.client.cookies, self.returned(&self.url), "{route}");
    }

    fn returned(&self, url: &Url) -> std::collections::BTreeMap<String, String> {
        let pairs = self.jar.get_request_values(url);
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// Submits every form of the site.
async fn walk(site: &Site, url: &str) -> Jar {
    let mut jar = Jar::new(site.browser(), url);
    jar.post("/register", &[("username", "ann"), ("password", PASSWORD)]).await;
    jar.post("/session/refresh", &[]).await;
    jar.post(
        "/account/password",
        &[("current_password", PASSWORD), ("new_password", NEW_PASSWORD)],
    )
    .await;
    jar.client.cookies = jar.returned(&jar.url);
    let secret = jar.client.as_script().get("/account/two-factor").await.json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut authenticator = crate::site::Authenticator::new(&secret, site.clock.clone());
    jar.post("/account/two-factor", &[("code", &authenticator.code())]).await;
    let code = authenticator.code();
    let proof = [("password", NEW_PASSWORD), ("code", code.as_str())];
    jar.post("/account/recovery-codes", &proof).await;
    let code = authenticator.code();
    jar.post("/session/confirm", &[("password", NEW_PASSWORD), ("code", &code)]).await;
    jar.post("/account/sessions/revoke", &[("session", "others")]).await;
    let session = {
        let list = jar.client.as_script().get("/account/sessions").await.json();
        list["sessions"][0]["id"].as_str().unwrap().to_owned()
    };
    jar.post("/account/sessions/revoke", &[("session", &session)]).await;
    let held: Vec<String> = jar.returned(&jar.url).into_keys().collect();
    assert_eq!(held.len(), 1, "the browser stays known after the logout");
    assert!(held[0].ends_with("hallpass_browser"), "{held:?}");

    jar.post("/login", &[("username", "ann"), ("password", NEW_PASSWORD)]).await;
    assert_eq!(jar.returned(&jar.url).len(), 2, "only the pending cookie is set");
    jar.post("/login/code", &[("code", &authenticator.code())]).await;
    jar.post(
        "/account/two-factor/disable",
        &[("password", NEW_PASSWORD), ("code", &authenticator.code())],
    )
    .await;
    let ann = site.accounts.find(&Username::parse("ann").unwrap()).await.unwrap().unwrap();
    let link = site.accounts.reset_password(ann.id()).await.unwrap();
    jar.post("/login/reset", &[("token", link.token()), ("new_password", PASSWORD)]).await;
    jar.get("/login").await;
    jar.post("/login", &[("username", "ann"), ("password", PASSWORD)]).await;
    jar
}

#[tokio::test]
async fn every_set_cookie_of_every_route_is_kept_returned_and_removed() {
    let site = Site::new();
    let mut jar = walk(&site, "https://site.example/login").await;
    let held = jar.returned(&jar.url);
    assert!(held.contains_key(ACCESS));
    for other in [
        "http://site.example/",
        "https://www.site.example/",
        "https://example/",
        "https://evil.example/",
    ] {
        assert_eq!(jar.returned(&other.parse().unwrap()).len(), 0, "{other} receives no cookie");
    }
    for path in ["/", "/posts/new", "/account/two-factor/disable"] {
        let url = format!("https://site.example{path}").parse().unwrap();
        assert_eq!(jar.returned(&url), held, "{path} receives all cookies");
    }
    for cookie in jar.jar.iter_unexpired() {
        assert_eq!((cookie.http_only(), cookie.secure()), (Some(true), Some(true)), "{cookie:?}");
    }
    jar.post("/logout", &[]).await;
    assert_eq!(jar.jar.iter_unexpired().count(), 1, "only the browser cookie is left");

    let expected: BTreeSet<String> = [
        ("/register", BROWSER, "set"),
        ("/login", BROWSER, "set"),
        ("/login/code", BROWSER, "set"),
        ("/login/reset", NOTICE, "set"),
        ("/login", NOTICE, "remove"),
        ("/register", REFRESH, "set"),
        ("/session/refresh", ACCESS, "set"),
        ("/session/refresh", REFRESH, "set"),
        ("/account/password", REFRESH, "set"),
        ("/account/two-factor", REFRESH, "set"),
        ("/account/sessions/revoke", REFRESH, "set"),
        ("/login", REFRESH, "set"),
        ("/login/code", REFRESH, "set"),
        ("/account/two-factor/disable", REFRESH, "set"),
        ("/register", ACCESS, "set"),
        ("/account/password", ACCESS, "set"),
        ("/session/confirm", ACCESS, "set"),
        ("/account/two-factor", ACCESS, "set"),
        ("/account/sessions/revoke", ACCESS, "set"),
        ("/account/sessions/revoke", ACCESS, "remove"),
        ("/account/sessions/revoke", REFRESH, "remove"),
        ("/account/sessions/revoke", PENDING, "remove"),
        ("/login", ACCESS, "set"),
        ("/login", PENDING, "set"),
        ("/login/code", ACCESS, "set"),
        ("/login/code", PENDING, "remove"),
        ("/account/two-factor/disable", ACCESS, "set"),
        ("/logout", ACCESS, "remove"),
        ("/logout", REFRESH, "remove"),
        ("/logout", PENDING, "remove"),
    ]
    .map(|(route, name, what)| format!("{route} {name} {what}"))
    .into();
    assert_eq!(jar.seen, expected);
    // Every route that accepts a form was called.
    let asked: BTreeSet<&str> = jar.seen.iter().filter_map(|seen| seen.split(' ').next()).collect();
    let silent = ["/account/recovery-codes"];
    for route in site.routes.routes().iter().filter(|route| route.methods.contains(&"POST")) {
        assert!(asked.contains(route.path) || silent.contains(&route.path), "{}", route.path);
    }
}

#[tokio::test]
async fn cookies_with_own_settings_are_stored_and_removed() {
    let all_subdomains =
        CookieSettings::builder().domain("site.example").same_site(SameSite::Strict);
    let from_anywhere =
        CookieSettings::builder().same_site(SameSite::None).access_name("__Host-pass");
    let plain = CookieSettings::builder().insecure_plain_http_cookies();
    for (cookies, url, also) in [
        (all_subdomains, "https://www.site.example/login", "https://blog.site.example/"),
        (from_anywhere, "https://site.example/login", "https://site.example/posts"),
        (plain, "http://intranet/login", "http://intranet/posts"),
    ] {
        let cookies = cookies.build().unwrap();
        let site = Site::with(|settings, _| settings.cookies = cookies);
        let mut jar = walk(&site, url).await;
        let of_browser = |name: &str| name.ends_with("hallpass_browser");
        let also: Url = also.parse().unwrap();
        let is_shared = also.host() != jar.url.host();
        let mut held = jar.returned(&jar.url);
        // The browser cookie is not shared with other hosts, whatever the domain of the others is.
        held.retain(|name, _| !is_shared || !of_browser(name));
        assert!(held.len() > 1, "{url}");
        assert_eq!(jar.returned(&also), held, "{also}");
        jar.post("/logout", &[]).await;
        let mut left = jar.jar.iter_unexpired();
        assert!(left.all(|cookie| of_browser(cookie.name())), "{url}: no other cookie is left");
    }
}
