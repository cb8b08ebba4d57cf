//! Tests of `examples/own_pages.rs`: each form of a site's own pages is filled in and submitted.

use crate::site::{ACCESS, Authenticator, Client, PASSWORD, Site};

#[expect(dead_code, reason = "the example's `main`")]
#[path = "../../examples/own_pages.rs"]
mod example;

/// Submits the form with this action: hidden fields are unchanged, and the other fields have the
/// given values.
async fn submit(
    client: &mut Client,
    page: &str,
    action: &str,
    typed: &[(&str, &str)],
) -> super::site::Answer {
    let posts_there = |form: &&str| form.contains(&format!("action=\"{action}\""));
    let form = page
        .split("<form ")
        .find(posts_there)
        .unwrap_or_else(|| panic!("no form for {action}: {page}"));
    let form = form.split("</form>").next().unwrap();
    let of = |input: &str, name: &str| {
        input
            .split_once(&format!(" {name}=\""))
            .and_then(|(_, rest)| rest.split('"').next())
            .unwrap_or("")
            .to_owned()
    };
    let inputs = form.split("<input").skip(1).map(|input| (of(input, "name"), of(input, "value")));
    let filled: Vec<(String, String)> = inputs
        .map(|(name, value)| {
            let typed =
                typed.iter().find(|(field, _)| *field == name).map(|(_, text)| (*text).to_owned());
            (name, typed.unwrap_or(value))
        })
        .collect();
    assert!(typed.iter().all(|(field, _)| filled.iter().any(|(name, _)| name == field)), "{form}");
    let fields: Vec<(&str, &str)> =
        filled.iter().map(|(name, value)| (&**name, &**value)).collect();
    client.post(action, &fields).await
}

#[tokio::test]
async fn own_pages_work_for_each_form() {
    let site = Site::with_pages(example::BarePages);
    let mut ann = site.browser();
    let page = ann.get("/register").await.expect_page(200).body.clone();
    let refused =
        submit(&mut ann, &page, "/register", &[("username", "<ann>"), ("password", PASSWORD)])
            .await;
    let page = refused.expect_page(422).body.clone();
    assert!(
        page.contains("value=\"&lt;ann&gt;\"") && page.contains("A user name starts with a letter"),
        "{page}"
    );
    submit(&mut ann, &page, "/register", &[("username", "ann"), ("password", PASSWORD)])
        .await
        .expect_see_other("/profile");

    let page = ann.get("/account/two-factor").await.expect_page(200).body.clone();
    assert!(page.contains("<p>You are logged in as ann.</p>") && page.contains("<svg "), "{page}");
    let secret = page.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    let mut authenticator = Authenticator::new(secret, site.clock.clone());
    let codes = submit(&mut ann, &page, "/account/two-factor", &[("code", &authenticator.code())])
        .await
        .expect(200);
    assert_eq!(codes.body.matches("<li>").count(), 10);

    let mut again = site.browser();
    let page = again.get("/login?next=%2Fposts%3Fa%3D1%26b").await.expect_page(200).body.clone();
    assert!(page.contains("value=\"/posts?a=1&amp;b\""), "{page}");
    let page = page.replace("&amp;", "&");
    let due =
        submit(&mut again, &page, "/login", &[("username", "ann"), ("password", PASSWORD)]).await;
    let place = due.header("location").unwrap().to_owned();
    let page = again.get(&place).await.expect_page(200).body.replace("&amp;", "&");
    submit(&mut again, &page, "/login/code", &[("code", &authenticator.code())])
        .await
        .expect_see_other("/posts?a=1&b");
    assert!(again.cookies.contains_key(ACCESS));

    let page = again.get("/account/sessions").await.expect_page(200).body.clone();
    assert_eq!(page.matches("<li>").count(), 2, "{page}");
    submit(&mut again, &page, "/account/sessions/revoke", &[])
        .await
        .expect_see_other("/account/sessions");
    let page = again.get("/account/sessions").await.expect_page(200).body.clone();
    assert_eq!(page.matches("<li>").count(), 1, "{page}");
    let page = again.get("/account/two-factor").await.expect_page(200).body.clone();
    let off = [("password", PASSWORD), ("code", &*authenticator.code())];
    submit(&mut again, &page, "/account/two-factor/disable", &off)
        .await
        .expect_see_other("/profile");
}
