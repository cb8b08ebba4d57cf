//! Two cookies of one name, after a change of the cookies' `Domain`: the login page names the
//! reason, removes both, and the next login is a login.

use hallpass_core::{CookieSettings, PublicOrigin};
use hallpass_test_support::cookie_jar::CookieJar;
use hallpass_web::EndpointResponse;

use crate::site::{PASSWORD, Site};

const NAME: &str = "__Secure-site";
const HOST: &str = "https://blog.site.example";

fn site(domain: Option<&str>, origin: bool) -> Site {
    Site::with(|settings, _| {
        let names = CookieSettings::builder()
            .access_name(NAME)
            .refresh_name("__Secure-site_refresh")
            .pending_name("__Secure-site_pending");
        let cookies = match domain {
            Some(domain) => names.domain(domain),
            None => names,
        };
        settings.cookies = cookies.build().unwrap();
        settings.public_origin = origin.then(|| PublicOrigin::parse(HOST).unwrap());
    })
}

/// A browser that follows RFC 6265bis.
struct Browser {
    jar: CookieJar,
}

impl Browser {
    fn new() -> Self {
        Self { jar: CookieJar::new(HOST) }
    }

    async fn send(
        &mut self,
        site: &Site,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
    ) -> EndpointResponse {
        let client = site.browser();
        let mut request = match method {
            "POST" => client.form_request(target, fields),
            _ => client.request(method, target),
        };
        request.headers.retain(|(name, _)| name != "host");
        request.headers.push(("host".into(), b"blog.site.example".to_vec()));
        let cookies = self.jar.header("/").unwrap_or_default();
        request.who = site.authenticate(&cookies);
        if !cookies.is_empty() {
            request.headers.push(("cookie".into(), cookies.into()));
        }
        let response = site.routes.handle(request).await;
        let set = response.headers.iter().filter(|(name, _)| *name == "set-cookie");
        self.jar.keep("/", set.map(|(_, value)| value));
        response
    }

    async fn log_in(&mut self, site: &Site) -> EndpointResponse {
        let fields = [("username", "ann"), ("password", PASSWORD)];
        self.send(site, "POST", "/login", &fields).await
    }

    /// Returns whether a page that requires a login is shown.
    async fn is_logged_in(&mut self, site: &Site) -> bool {
        self.send(site, "GET", "/account/sessions", &[]).await.status == 200
    }

    fn count(&self, name: &str) -> usize {
        self.jar.names().filter(|known| *known == name).count()
    }
}

/// Logs in before the change of the domain.
async fn with_old_cookies(domain: Option<&str>) -> Browser {
    let mut browser = Browser::new();
    let before = site(domain, true);
    before.script().registered("ann").await;
    assert_eq!(browser.log_in(&before).await.status, 303);
    assert!(browser.is_logged_in(&before).await);
    browser
}

#[tokio::test]
async fn a_login_after_a_change_of_domain_is_a_login() {
    for (old, new) in [
        (None, Some("site.example")),
        (Some("site.example"), None),
        (Some("site.example"), Some("blog.site.example")),
        (Some("blog.site.example"), None),
    ] {
        let mut browser = with_old_cookies(old).await;
        let after = site(new, true);
        after.script().registered("ann").await;
        assert_eq!(browser.log_in(&after).await.status, 303, "{old:?} {new:?}");
        assert_eq!(browser.count(NAME), 1, "{old:?} {new:?}: {:?}", browser.jar);
        assert!(browser.is_logged_in(&after).await, "{old:?} {new:?}");
        let out = browser.send(&after, "POST", "/logout", &[]).await;
        assert_eq!((out.status, browser.count(NAME)), (303, 0));
    }
}

/// Both cookies are in the jar, and the login page is the next request.
#[tokio::test]
async fn the_login_page_names_two_cookies_and_removes_both() {
    for (old, new) in [(None, Some("site.example")), (Some("site.example"), None)] {
        let mut browser = with_old_cookies(old).await;
        let after = site(new, true);
        after.script().registered("ann").await;
        let mut fresh = Browser::new();
        assert_eq!(fresh.log_in(&after).await.status, 303);
        let domain = new.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        for name in [NAME, "__Secure-site_refresh"] {
            let line = format!("{name}={}; Secure; Path=/{domain}", fresh.jar[name]);
            browser.jar.store("/", &line).unwrap();
            assert_eq!(browser.count(name), 2);
        }
        let to_login = browser.send(&after, "GET", "/account/sessions", &[]).await;
        assert_eq!(to_login.status, 303);
        let page = browser.send(&after, "GET", "/login?next=%2Faccount%2Fsessions", &[]).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("two cookies with the same name"), "{}", page.body);
        assert_eq!((browser.count(NAME), browser.count("__Secure-site_refresh")), (0, 0));
        let page = browser.send(&after, "GET", "/login", &[]).await;
        assert!(!page.body.contains("two cookies with the same name"));
        assert_eq!(browser.log_in(&after).await.status, 303);
        assert!(browser.is_logged_in(&after).await);
    }
}

/// A cookie that the site cannot know stays, so the page keeps naming the reason.
#[tokio::test]
async fn the_reason_is_named_while_a_cookie_cannot_be_removed() {
    let after = site(None, false);
    after.script().registered("ann").await;
    let mut browser = Browser::new();
    browser.jar.store("/", &format!("{NAME}=old; Secure; Path=/; Domain=site.example")).unwrap();
    assert_eq!(browser.log_in(&after).await.status, 303);
    assert!(!browser.is_logged_in(&after).await);
    let page = browser.send(&after, "GET", "/login", &[]).await;
    assert!(page.body.contains("delete the cookies of this site"), "{}", page.body);
}

#[tokio::test]
async fn a_problem_of_a_script_names_two_tokens() {
    let site = site(None, true);
    let mut script = site.script().registered("ann").await;
    let mut request = script.request("GET", "/account/sessions");
    let twice = format!("{NAME}=a.b.c; {NAME}=d.e.f");
    request.who = site.authenticate(&twice);
    request.headers.push(("cookie".into(), twice.into()));
    script.cookies.clear();
    let answer = site.routes.handle(request).await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("urn:hallpass:problem:signed-out"), "{}", answer.body);
    assert!(answer.body.contains("more than one token"), "{}", answer.body);
}

#[tokio::test]
async fn names_with_the_host_prefix_cause_no_removal() {
    let site = Site::with(|settings, _| {
        settings.public_origin = Some(PublicOrigin::parse(HOST).unwrap());
    });
    let mut browser = site.browser().registered("ann").await;
    let out = browser.post("/logout", &[]).await.expect(303);
    assert_eq!(out.set_cookies().len(), 3, "{out:?}");
}
