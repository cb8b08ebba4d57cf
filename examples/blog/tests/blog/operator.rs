//! The operator's commands while a server is running.

use crate::person::{ACCESS, log_in, register, with_role};
use crate::site::{Site, within_bound};

#[test]
fn user_list_prints_all_accounts_with_their_roles() {
    let site = Site::start();
    assert!(!site.operator(&["user", "list"]).contains("ann"));
    register(site.browser(), "ann");
    with_role(&site, site.browser(), "bob", "moderator");
    let list = site.operator(&["user", "list"]);
    let line = |name: &str| {
        list.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} in {list}"))
    };
    assert!(line("ann").contains("guest") && line("bob").contains("moderator"));
}

#[test]
fn set_role_revokes_the_old_token_within_the_bound() {
    let site = Site::start();
    let mut ann = with_role(&site, site.browser(), "ann", "admin");
    ann.get("/posts/new").expect_page(200);
    site.operator(&["user", "set-role", "ann", "guest"]);
    within_bound("the admin's token is revoked", || ann.get("/posts/new").status == 303);
    log_in(&mut ann, "ann", "").expect_see_other("/");
    ann.get("/posts/new").expect_page(403);
}

#[test]
fn sign_out_command_revokes_sessions_within_the_bound() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let mut phone = site.browser();
    log_in(&mut phone, "ann", "").expect_see_other("/");
    let mut bob = register(site.browser(), "bob");
    site.operator(&["user", "sign-out", "ann"]);
    within_bound("ann is logged out", || {
        ann.get("/profile").status == 303 && phone.get("/profile").status == 303
    });
    bob.get("/profile").expect_page(200);
    log_in(&mut ann, "ann", "").expect_see_other("/");
    ann.get("/profile").expect_page(200);
}

#[test]
fn disable_revokes_sessions_within_the_bound() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    site.operator(&["user", "disable", "ann"]);
    within_bound("ann is logged out", || ann.get("/profile").status == 303);
    log_in(&mut ann, "ann", "").expect_page(401);
    assert!(site.operator(&["user", "list"]).contains("disabled"));
}

#[test]
fn after_key_rotation_old_tokens_are_still_accepted() {
    let site = Site::start();
    let key_id = |token: &str| token.split('.').next().unwrap_or_default().to_owned();
    let mut ann = register(site.browser(), "ann");
    let before = key_id(&ann.cookies[ACCESS]);
    site.operator(&["keys", "rotate"]);
    within_bound("tokens are signed with the new key", || {
        ann.get("/profile").expect_page(200);
        let mut phone = site.browser();
        log_in(&mut phone, "ann", "").expect_see_other("/");
        phone.get("/profile").expect_page(200);
        key_id(&phone.cookies[ACCESS]) != before
    });
    ann.get("/profile").expect_page(200);
}

#[test]
fn a_failed_command_prints_one_line() {
    let site = Site::start();
    register(site.browser(), "ann");
    for (arguments, words) in [
        (vec!["user", "set-role", "nobody", "admin"], "nobody"),
        (vec!["user", "set-role", "ann", "owner"], "owner"),
        (vec!["user", "set-role", "ann"], "ROLE"),
        (vec!["user", "sign-out", "nobody"], "nobody"),
        (vec!["user", "disable", "not a name"], "not a name"),
        (vec!["user"], "user list"),
        (vec!["keys", "turn"], "keys rotate"),
        (vec!["--help-me"], "user list"),
    ] {
        let output = site.operator_output(&arguments);
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success(), "{arguments:?}");
        assert!(
            text.contains(words) && text.lines().count() == 1 && !text.contains("panicked"),
            "{arguments:?}: {text}"
        );
    }
    assert!(site.operator(&["user", "list"]).contains("guest"));
}
