//! `/logout`.

use crate::site::{ACCESS, BROWSER, PENDING, REFRESH, Site};

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
        copy.get("/profile/sessions").await.expect_page(200);
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
        copy.get("/profile/sessions").await.expect_see_other("/login?next=%2Fprofile%2Fsessions");
        copy.as_script().get("/profile/sessions").await.expect_problem(401, "revoked");
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
