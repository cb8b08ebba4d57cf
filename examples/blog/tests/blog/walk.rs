//! An end-to-end test: one person registers, enrols a second factor, logs in and publishes a post.

use crate::person::{ACCESS, BROWSER, PASSWORD, PENDING};
use crate::site::{Site, within_bound};
use hallpass_test_support::authenticator::Authenticator;

#[test]
fn register_enrol_log_in_and_publish() {
    let site = Site::start();
    let mut ann = site.browser();

    // Register: the person is immediately logged in as a guest.
    let fields = [("username", "ann"), ("password", PASSWORD)];
    ann.post("/register", &fields).expect_see_other("/profile");
    let profile = ann.get("/profile").expect_page(200);
    assert!(
        profile.text().contains("ann")
            && profile.text().contains("guest")
            && profile.text().contains("/account/two-factor")
    );

    // Enrol: the page shows a QR code, a key and a link. The first right code enables the second
    // factor.
    let page = ann.get("/account/two-factor").expect_page(200);
    assert!(page.text().contains("<svg") && page.text().contains("otpauth://totp/"));
    let set_up = ann.as_script().get("/account/two-factor").expect(200).json();
    let mut authenticator = Authenticator::of_base32(set_up["secret"].as_str().expect("a secret"));
    ann.post("/account/two-factor", &[("code", &authenticator.wrong_code())]).expect_page(401);
    assert_eq!(ann.as_script().get("/account/two-factor").json()["enabled"], false);
    let on = ann.post("/account/two-factor", &[("code", &authenticator.code())]).expect_page(200);
    let shown = on.text();
    let recovery_code = shown
        .split("<code>")
        .nth(1)
        .and_then(|rest| rest.split("</code>").next())
        .expect("ten codes");
    assert_eq!(ann.as_script().get("/account/two-factor").json()["enabled"], true);

    // Log out.
    ann.post("/logout", &[]).expect_see_other("/");
    assert_eq!(ann.cookies.names().collect::<Vec<_>>(), [BROWSER], "the browser stays known");
    ann.get("/profile").expect_log_in("/profile");

    // The password alone gives access to the code page and to no other page.
    ann.post("/login", &fields).expect_see_other("/login/code");
    assert_eq!(ann.cookies.names().collect::<Vec<_>>(), [BROWSER, PENDING]);
    ann.get("/login/code").expect_page(200);
    for path in ["/profile", "/account/two-factor", "/account/sessions", "/posts/new", "/admin"] {
        ann.get(path).expect_log_in(path);
    }

    // A code is accepted once.
    let code = authenticator.code();
    ann.post("/login/code", &[("code", &code)]).expect_see_other("/");
    ann.get("/profile").expect_page(200);
    ann.post("/logout", &[]).expect_see_other("/");
    ann.post("/login", &fields).expect_see_other("/login/code");
    let refused = ann.post("/login/code", &[("code", &authenticator.same_code())]).expect_page(401);
    assert!(refused.text().contains("Invalid username, password or code"));
    assert!(!ann.cookies.contains(ACCESS));
    ann.post("/login/code", &[("code", &authenticator.code())]).expect_see_other("/");

    // A guest cannot publish a post.
    let rejected = ann.get("/posts/new").expect_page(403);
    assert!(
        rejected.text().contains("Access denied") && rejected.text().contains("href=\"/\""),
        "{}",
        rejected.text()
    );
    ann.post("/posts", &[("title", "No"), ("body", "No")]).expect_page(403);
    assert!(!ann.get("/").expect_page(200).text().contains("New post"));

    // The operator sets the role `admin`: the session continues and has the role within the bound.
    // A login with a recovery code has it too.
    site.operator(&["user", "set-role", "ann", "admin"]);
    within_bound("the role is in force", || ann.get("/posts/new").status == 200);
    ann.post("/login", &[fields.as_slice(), &[("code", recovery_code)]].concat())
        .expect_see_other("/");
    assert!(ann.get("/").expect_page(200).text().contains("New post"));
    ann.get("/posts/new").expect_page(200);
    let text = "First paragraph.\r\n\r\nSecond, with <b>marks</b> & an \"accent\": é.";
    ann.post("/posts", &[("title", "A first post"), ("body", text)])
        .expect_see_other("/posts/a-first-post");

    // A visitor without an account can read the post.
    let mut reader = site.browser();
    let post = reader.get("/posts/a-first-post").expect_page(200);
    assert!(
        post.text().contains("<p>First paragraph.</p>") && !post.text().contains("<b>marks"),
        "{}",
        post.text()
    );
    assert!(reader.get("/").expect_page(200).text().contains("A first post"));
    ann.get("/admin").expect_page(200);
}
