//! A lost encryption key: every form that needs it is 500, with a text that says whom to ask.

use hallpass_web::{DefaultPages, Texts};

use crate::site::{PASSWORD, Site};

/// Replaces the encryption key of the site's ring.
fn lose_the_key(site: &Site) {
    use hallpass_core::Clock;

    let keys = site.accounts.issuer().keys();
    let ring = keys.current();
    let lost = ring.encryption_keys().next().unwrap().0.clone();
    let now = site.clock.now();
    keys.replace(ring.rotate_encryption([9; 32], now).retire(&lost).unwrap());
}

#[tokio::test]
async fn a_lost_key_is_500_on_every_form_that_needs_it() {
    let site = Site::with_pages(DefaultPages::new().and_texts(Texts::dutch()));
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, recovery) = ann.enrol().await;
    let mut waiting = site.browser();
    waiting.log_in("ann").await.expect(303);
    let code = authenticator.code();
    lose_the_key(&site);

    let code = [("code", code.as_str())];
    let login = [("username", "ann"), ("password", PASSWORD), code[0]];
    let disable = [("password", PASSWORD), code[0]];
    for (client, path, fields) in [
        (&site.browser(), "/login", &login[..]),
        (&waiting, "/login/code", &code),
        (&ann, "/account/two-factor/disable", &disable),
        (&ann, "/account/recovery-codes", &disable),
        (&ann, "/session/confirm", &disable),
    ] {
        // More often than the account's attempts and changes: none of them counts.
        for _ in 0..6 {
            for (languages, text) in [
                ("en", "Ask the administrator of the site"),
                ("nl", "Vraag het de beheerder van de site"),
            ] {
                let mut client = client.clone();
                let mut request = client.form_request(path, fields);
                request.headers.push(("accept-language".into(), languages.into()));
                let page = client.send(request).await.expect_page(500);
                assert!(page.body.contains(text), "{path} {languages}: {}", page.body);
            }
            let problem = client.as_script().post(path, fields).await;
            let problem = problem.expect_problem(500, "internal");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("administrator"), "{path}: {detail}");
        }
    }
    // A recovery code needs no key.
    waiting.post("/login/code", &[("code", &recovery[0])]).await.expect_see_other("/");
}
