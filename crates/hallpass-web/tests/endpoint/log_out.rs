//! `/logout`.

use hallpass_accounts::Username;

use crate::site::{ACCESS, BROWSER, PENDING, REFRESH, Site, SiteRole};

/// Returns the attributes that a removal must have in common with the cookie: otherwise it removes
/// nothing (RFC 6265bis section 5.7).
fn attributes(cookie: &str) -> Vec<&str> {
    let mut attributes: Vec<_> =
        cookie.split("; ").skip(1).filter(|one| !one.starts_with("Max-Age")).collect();
    attributes.sort_unstable();
    attributes
}

#[tokio::test]
async fn logout_revokes_every_copy_of_the_cookie() {
    let site = Site::new();
    for json in [false, true] {
        let name = if json { "ann" } else { "bob" };
        let mut client = site.browser();
        let set = client
            .post("/register", &[("username", name), ("password", crate::site::PASSWORD)])
            .await;
        let set = attributes(set.set_cookie(ACCESS).unwrap()).join("; ");
        let mut copy = client.clone();
        copy.get("/account/sessions").await.expect_page(200);
        let mut client = if json { client.as_script() } else { client };
        let answer = client.post("/logout", &[]).await;
        let answer = if json { answer.expect(204) } else { answer.expect_see_other("/") };
        for name in [ACCESS, REFRESH, PENDING] {
            let removal = answer.set_cookie(name).unwrap();
            assert!(
                removal.starts_with(&format!("{name}=; ")) && removal.contains("Max-Age=0"),
                "{removal}"
            );
            assert_eq!(attributes(removal).join("; "), set);
        }
        assert!(client.cookies.keys().eq([BROWSER]), "{:?}", client.cookies);
        copy.get("/account/sessions").await.expect_see_other("/login?next=%2Faccount%2Fsessions");
        copy.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
    }
}

#[tokio::test]
async fn logout_succeeds_without_a_session() {
    let site = Site::new();
    site.browser().post("/logout", &[]).await.expect_see_other("/");
    site.script().post("/logout", &[]).await.expect(204);
    let mut broken = site.browser();
    broken.cookies.insert(ACCESS.into(), "junk".into());
    broken.post("/logout", &[]).await.expect_see_other("/");
    assert!(broken.cookies.is_empty());
}

#[tokio::test]
async fn logout_ignores_the_body() {
    let site = Site::new();
    let mut script = site.script();
    let request = script.request("POST", "/logout");
    script.send(request).await.expect(204);
    script.post_body("/logout", "{").await.expect(204);
}

/// A sibling host cannot set a cookie of this name, but a script or a broken proxy may send two.
#[tokio::test]
async fn logout_ends_each_session_of_a_doubled_cookie() {
    let site = Site::new();
    for (number, order) in [[0, 1], [1, 0]].into_iter().enumerate() {
        for name in [ACCESS, REFRESH] {
            let people = [format!("ann{number}{name}"), format!("bob{number}{name}")];
            let people = people.map(|name| name.replace('_', "-"));
            let browsers = [
                site.browser().registered(&people[0]).await,
                site.browser().registered(&people[1]).await,
            ];
            let values = order.map(|one| browsers[one].cookies[name].clone());
            let cookies = format!("{name}={}; {name}=junk; {name}={}", values[0], values[1]);
            let mut doubled = site.script().request("POST", "/logout");
            doubled.headers.push(("cookie".into(), cookies.into()));
            site.script().send(doubled).await.expect(204);
            for browser in browsers {
                browser.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
                browser
                    .as_script()
                    .post("/session/refresh", &[])
                    .await
                    .expect_problem(401, "signed-out");
            }
        }
    }
}

/// After a change of roles the access token is stale, and its session is live.
#[tokio::test]
async fn logout_ends_the_session_of_a_stale_token() {
    let site = Site::new();
    let ann = site.browser().registered("ann").await;
    let account = site.accounts.find(&Username::parse("ann").unwrap()).await.unwrap().unwrap();
    site.accounts.set_roles(account.id(), [SiteRole::Admin]).await.unwrap();
    let mut stale = ann.clone();
    stale.cookies.remove(REFRESH);
    stale.post("/logout", &[]).await.expect_see_other("/");
    ann.as_script().post("/session/refresh", &[]).await.expect_problem(401, "signed-out");
}
