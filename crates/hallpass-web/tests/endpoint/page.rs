//! The headers of pages.

use hallpass_web::{DefaultPages, Texts};

use crate::site::{PASSWORD, REFUSED, Site};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[tokio::test]
async fn every_page_has_the_content_security_policy_and_no_store() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let mut cross_site = ann.request("POST", "/login");
    cross_site.headers.push(("origin".into(), b"https://evil.example".to_vec()));
    cross_site.headers.retain(|(name, _)| name != "sec-fetch-site");
    let pages = [
        ann.get("/login").await,
        ann.get("/register").await,
        ann.get("/account/two-factor").await,
        ann.get("/account/sessions").await,
        ann.get("/nowhere").await,
        ann.get("/logout").await,
        ann.post("/login", &[("username", "ann"), ("password", "no")]).await,
        ann.post("/register", &[("username", "ann"), ("password", PASSWORD)]).await,
        ann.post("/account/password", &[]).await,
        ann.send(cross_site).await,
    ];
    for page in pages {
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{page:?}");
        assert_eq!(page.header("content-security-policy"), Some(POLICY));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("vary"), Some("accept, accept-language, cookie"));
        assert!(
            page.body.contains(" – The Site</title>"),
            "the `site_name` of the settings: {}",
            page.body
        );
        assert!(
            page.body.starts_with("<!doctype html>")
                && page.body.contains("<link rel=\"stylesheet\" href=\"/hallpass.css\">")
        );
    }
}

#[tokio::test]
async fn pages_are_in_the_language_of_accept_language() {
    let site = Site::with_pages(DefaultPages::new().and_texts(Texts::dutch()));
    let mut reader = site.browser();
    for (languages, lang, refused) in [
        ("nl-NL,nl;q=0.9,en;q=0.5", "nl", "Gebruikersnaam, wachtwoord of code onjuist"),
        ("en-GB,en;q=0.9,nl;q=0.5", "en", REFUSED),
        ("fr", "en", REFUSED),
    ] {
        let mut request =
            reader.form_request("/login", &[("username", "ann"), ("password", "no such password")]);
        request.headers.push(("accept-language".into(), languages.into()));
        let page = reader.send(request).await.expect_page(401);
        assert!(
            page.body.contains(&format!("<html lang=\"{lang}\">")),
            "{languages}: {}",
            page.body
        );
        assert!(page.body.contains(refused), "{languages}: {}", page.body);
    }
}
