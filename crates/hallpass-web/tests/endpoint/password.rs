//! `/account/password`.

use crate::site::{ACCESS, PASSWORD, Site};

const NEW: &str = "a wholly different phrase";

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_keeps_this_one() {
    let site = Site::new();
    for json in [false, true] {
        let name = if json { "ann" } else { "bob" };
        let ann = site.browser().registered(name).await;
        let mut phone = site.browser();
        phone.log_in(name).await.expect(303);
        let mut client = if json { ann.as_script() } else { ann };
        let answer = client
            .post("/account/password", &[("current_password", PASSWORD), ("new_password", NEW)])
            .await;
        let answer = if json { answer.expect(204) } else { answer.expect_see_other("/profile") };
        assert!(answer.set_cookie(ACCESS).is_some());
        client.get("/account/sessions").await.expect(200);
        phone.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
        site.browser().log_in(name).await.expect_page(401);
        site.browser()
            .post("/login", &[("username", name), ("password", NEW)])
            .await
            .expect_see_other("/");
    }
}

#[tokio::test]
async fn a_rejected_password_change_changes_nothing() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    for (field, current, new) in
        [("", "wrong password here", NEW), ("", "", NEW), ("new_password", PASSWORD, "short")]
    {
        let fields = [("current_password", current), ("new_password", new)];
        let answer = ann.as_script().post("/account/password", &fields).await;
        let page = ann.post("/account/password", &fields).await;
        if field.is_empty() {
            answer.expect_problem(401, "invalid-credentials");
            let page = page.expect_page(401);
            assert!(page.body.contains("role=\"alert\"") && !page.body.contains(NEW));
        } else {
            assert_eq!(answer.expect_problem(422, "invalid-field")["field"], field);
            assert!(page.expect_page(422).body.contains("id=\"new_password-fault\""));
        }
    }
    let current = [("current_password", PASSWORD)];
    let problem = ann.as_script().post("/account/password", &current).await;
    assert_eq!(problem.expect_problem(422, "invalid-field")["field"], "new_password");
    // Without the current password, the change needs a recent confirmation.
    site.clock.pass(601);
    let problem = ann.as_script().post("/account/password", &[("new_password", NEW)]).await;
    problem.expect_problem(403, "not-recent");
    let page = ann.post("/account/password", &[("new_password", NEW)]).await.expect_page(422);
    assert!(page.body.contains("id=\"current_password-fault\""), "{}", page.body);
    site.browser().log_in("ann").await.expect_see_other("/");
    ann.get("/account/sessions").await.expect_page(200);
}
