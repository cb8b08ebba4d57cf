//! CSRF: requests that another site makes a browser send.

use crate::person::{ACCESS, PASSWORD, register, with_role};
use crate::site::Site;
use hallpass_test_support::http::{Response, client::Client, form};

/// Sends a form as a page of another site would, with the cookies of this browser.
fn cross_site(
    client: &mut Client,
    path: &str,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Response {
    let request = client.request("POST", path).without("origin").without("sec-fetch-site");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
    client.send(
        request.header("content-type", "application/x-www-form-urlencoded").body(form(fields)),
    )
}

#[test]
fn cross_site_forms_are_rejected_on_every_route() {
    let site = Site::start();
    let mut admin = with_role(&site, site.browser(), "chief", "admin");
    admin.post("/posts", &[("title", "Stays"), ("body", "x")]).expect_see_other("/posts/stays");
    let held = admin.cookies.clone();
    let good = [("username", "chief"), ("password", PASSWORD)];
    for (path, fields) in [
        ("/login", good.as_slice()),
        ("/register", &[("username", "eve"), ("password", PASSWORD)]),
        ("/logout", &[]),
        (
            "/account/password",
            &[("current_password", PASSWORD), ("new_password", "taken over by eve")],
        ),
        ("/posts", &[("title", "Eve"), ("body", "was here")]),
        ("/posts/stays/hide", &[]),
        ("/admin/users/chief/role", &[("role", "guest")]),
        ("/no/such/page", &[]),
    ] {
        for headers in [
            [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")].as_slice(),
            &[("sec-fetch-site", "same-site"), ("origin", "http://evil.127.0.0.1")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
        ] {
            let answer = cross_site(&mut admin, path, fields, headers).expect(403);
            assert_eq!(answer.set_cookies(), [], "{path}: {headers:?}");
        }
    }
    assert_eq!(admin.cookies, held);
    admin.get("/posts/stays").expect_page(200);
    admin.get("/posts/new").expect_page(200);
    assert!(!site.operator(&["user", "list"]).contains("eve"));
}

#[test]
fn same_origin_forms_and_scripts_are_accepted() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let address = site.address;
    for headers in [
        vec![("sec-fetch-site", "same-origin".to_owned())],
        vec![("sec-fetch-site", "none".to_owned())],
        vec![("origin", format!("http://{address}"))],
        vec![],
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        cross_site(&mut ann, "/login", &[("username", "ann"), ("password", PASSWORD)], &headers)
            .expect_see_other("/");
        assert!(ann.cookies.contains(ACCESS));
    }
}

#[test]
fn cross_site_links_are_accepted() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let request = ann.request("GET", "/profile").without("sec-fetch-site");
    ann.send(request.header("sec-fetch-site", "cross-site")).expect_page(200);
}
