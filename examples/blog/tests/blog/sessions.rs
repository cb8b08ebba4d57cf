//! The list of sessions, and the end of sessions.

use serde_json::Value;

use crate::person::{PASSWORD, log_in, register};
use crate::site::Site;

fn ids(list: &Value) -> Vec<String> {
    let sessions = list["sessions"].as_array().expect("an array").iter();
    sessions.map(|session| session["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn the_list_marks_the_current_session_and_ends_others() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let mut phone = site.browser();
    log_in(&mut phone, "ann", "").expect_see_other("/");
    let mut tablet = site.browser();
    log_in(&mut tablet, "ann", "").expect_see_other("/");

    let list = ann.as_script().get("/account/sessions").expect(200);
    assert_eq!(list.header("cache-control"), Some("no-store"));
    let list = list.json();
    assert_eq!(ids(&list).len(), 3);
    let current = |list: &Value| {
        list["sessions"]
            .as_array()
            .expect("an array")
            .iter()
            .filter(|one| one["current"] == true)
            .count()
    };
    assert_eq!(current(&list), 1, "{list}");
    ann.get("/account/sessions").expect_page(200);

    // Ends one session by its id, with immediate effect.
    let list = phone.as_script().get("/account/sessions").json();
    let this = list["sessions"]
        .as_array()
        .expect("an array")
        .iter()
        .find(|one| one["current"] == true)
        .expect("the current session");
    let id = this["id"].as_str().expect("an id").to_owned();
    ann.post("/account/sessions/revoke", &[("session", &id)]).expect(303);
    phone.get("/profile").expect_log_in("/profile");
    ann.as_script().post("/account/sessions/revoke", &[("session", &id)]).expect_problem(404);

    // Ends all other sessions.
    ann.post("/account/sessions/revoke", &[("session", "others")])
        .expect_see_other("/account/sessions");
    tablet.get("/profile").expect_log_in("/profile");
    ann.get("/profile").expect_page(200);
    assert_eq!(ids(&ann.as_script().get("/account/sessions").json()).len(), 1);
}

#[test]
fn a_session_of_another_account_cannot_be_ended() {
    let site = Site::start();
    let ann = register(site.script(), "ann");
    let eve = register(site.script(), "eve");
    let id = ids(&ann.as_script().get("/account/sessions").json()).remove(0);
    eve.as_script().post("/account/sessions/revoke", &[("session", &id)]).expect_problem(404);
    for id in ["", "no-such", "../../x"] {
        let status = eve.as_script().post("/account/sessions/revoke", &[("session", id)]).status;
        assert!(matches!(status, 404 | 422), "{id:?}: {status}");
    }
    ann.as_script().get("/profile").expect(200);
}

#[test]
fn a_password_change_ends_all_other_sessions() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let mut phone = site.browser();
    log_in(&mut phone, "ann", "").expect_see_other("/");
    let new = "a wholly different phrase";
    let path = "/account/password";

    ann.as_script()
        .post(path, &[("current_password", "wrong password"), ("new_password", new)])
        .expect_problem(401);
    ann.post(path, &[("current_password", PASSWORD), ("new_password", "short")]).expect_page(422);
    phone.get("/profile").expect_page(200);

    ann.post(path, &[("current_password", PASSWORD), ("new_password", new)])
        .expect_see_other("/profile");
    ann.get("/profile").expect_page(200);
    phone.get("/profile").expect_log_in("/profile");
    log_in(&mut site.browser(), "ann", "").expect_page(401);
    site.browser().post("/login", &[("username", "ann"), ("password", new)]).expect_see_other("/");

    ann.as_script()
        .post(path, &[("current_password", new), ("new_password", PASSWORD)])
        .expect(204);
}

#[test]
fn account_routes_require_a_login() {
    let site = Site::start();
    for path in ["/account/two-factor", "/account/sessions"] {
        site.browser().get(path).expect_log_in(path);
        site.script().get(path).expect_problem(401);
    }
    for path in [
        "/account/two-factor",
        "/account/two-factor/disable",
        "/account/recovery-codes",
        "/account/password",
        "/account/sessions/revoke",
    ] {
        site.script().post(path, &[]).expect_problem(401);
        assert_eq!(site.browser().post(path, &[]).status, 401, "{path}");
    }
}
