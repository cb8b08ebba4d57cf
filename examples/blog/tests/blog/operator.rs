//! The operator's commands while a server is running.

use crate::person::{ACCESS, admin, log_in, register, with_role};
use crate::site::{Site, within_bound};
use serde_json::{Value, json};

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
fn set_role_is_in_force_within_the_bound() {
    let site = Site::start();
    let mut ann = with_role(&site, site.browser(), "ann", "admin");
    // The last administrator would keep the role.
    with_role(&site, site.browser(), "ruth", "admin");
    ann.get("/posts/new").expect_page(200);
    site.operator(&["user", "set-role", "ann", "guest"]);
    within_bound("the role is gone", || ann.get("/posts/new").status == 403);
    ann.get("/profile").expect_page(200);
}

#[test]
fn log_out_command_revokes_sessions_within_the_bound() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let mut phone = site.browser();
    log_in(&mut phone, "ann", "").expect_see_other("/");
    let mut bob = register(site.browser(), "bob");
    site.operator(&["user", "log-out", "ann"]);
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
    site.operator(&["user", "enable", "ann"]);
    log_in(&mut ann, "ann", "").expect_see_other("/");
}

#[test]
fn make_admin_sets_the_role_admin() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let text = site.operator(&["user", "make-admin", "ann"]);
    assert!(text.contains("set the roles of ann to admin (before: guest)"), "{text}");
    log_in(&mut ann, "ann", "").expect_see_other("/");
    ann.get("/posts/new").expect_page(200);
}

#[test]
fn commands_print_json_documents() {
    let site = Site::start();
    register(site.browser(), "ann");
    let document = |arguments: &[&str]| -> Value {
        serde_json::from_str(&site.operator(arguments)).expect("one JSON document")
    };
    let list = document(&["user", "list", "--json"]);
    assert_eq!(list["accounts"][0]["username"], "ann");
    assert_eq!(list["accounts"][0]["roles"], json!(["guest"]));
    let doctor = document(&["--json", "doctor"]);
    assert_eq!(doctor["state"], "ok", "{doctor}");
    assert_eq!(document(&["prune", "--json"])["pruned"][0]["rows"], "revocation log");
    let migrated = document(&["migrate", "--json"]);
    assert_eq!(migrated["before"], migrated["after"]);
}

/// Every operator command.
const COMMANDS: &[&[&str]] = &[
    &["user", "list"],
    &["user", "show", "ann"],
    &["user", "set-role", "ann", "guest"],
    &["user", "make-admin", "ann"],
    &["user", "enable", "ann"],
    &["user", "disable", "ann"],
    &["user", "log-out", "ann"],
    &["user", "reset-factor", "ann"],
    &["user", "reset-password", "ann"],
    &["sessions", "end-all"],
    &["keys", "publish"],
    &["keys", "publish", "--encryption"],
    &["keys", "activate"],
    &["keys", "activate", "--encryption"],
    &["keys", "rotate"],
    &["keys", "rotate-encryption"],
    &["keys", "rotate-encryption", "--resume"],
    &["keys", "retire-encryption"],
    &["keys", "replace-leaked"],
    &["keys", "fingerprint"],
    &["keys", "add-pepper"],
    &["prune"],
    &["migrate"],
    &["doctor"],
];

#[test]
fn a_command_with_a_wrong_path_creates_nothing() {
    let site = Site::start();
    register(site.browser(), "ann");
    let database = site.file("elsewhere.db");
    let keys = site.file("elsewhere.json");
    for (setting, value, path) in [
        ("DATABASE_URL", format!("sqlite://{}", database.display()), &database),
        ("BLOG_KEYS", keys.display().to_string(), &keys),
    ] {
        for arguments in COMMANDS {
            if setting == "BLOG_KEYS" && *arguments == ["migrate"] {
                continue;
            }
            let mut command = site.command();
            command.env(setting, &value).env("BLOG_ORIGIN", "https://notes.example");
            let output = command.args(*arguments).output().expect("the blog runs");
            let text = String::from_utf8(output.stderr).expect("UTF-8");
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
            assert!(!path.exists(), "{setting} {arguments:?}");
            // `doctor` prints a line for each check, on standard output.
            if *arguments == ["doctor"] && text.is_empty() {
                continue;
            }
            let names_path = text.contains(&*path.to_string_lossy());
            assert!(names_path && text.lines().count() == 1, "{setting} {arguments:?}: {text}");
        }
    }
    assert!(!site.operator(&["user", "list"]).contains("disabled"));
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
        (vec!["user", "set-role", "ann", "owner"], "use guest, moderator, admin"),
        (vec!["user", "set-role", "ann"], "ROLE"),
        (vec!["user", "log-out", "nobody"], "nobody"),
        (vec!["user", "disable", "not a name"], "not a name"),
        (vec!["keys", "turn"], "unrecognized subcommand 'turn'"),
        (vec!["serve"], "unrecognized subcommand 'serve'"),
        (vec!["--help-me"], "--help"),
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

#[test]
fn the_last_administrator_is_neither_demoted_nor_disabled() {
    let site = Site::start();
    let (mut ruth, _) = admin(&site, site.browser(), "ruth");
    for arguments in
        [["user", "set-role", "ruth", "guest"].as_slice(), &["user", "disable", "ruth"]]
    {
        let output = site.operator_output(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains("give the role to another account first"), "{error}");
    }
    let fields = [("role", "guest")];
    ruth.post("/admin/users/ruth/role", &fields).expect_page(409);
    let problem = ruth.as_script().post("/admin/users/ruth/role", &fields).expect_problem(409);
    assert_eq!(problem["type"], "urn:hallpass:problem:last-of-role");
    ruth.get("/posts/new").expect_page(200);

    // With a second administrator the first one may go.
    register(site.browser(), "ann");
    site.operator(&["user", "make-admin", "ann"]);
    ruth.post("/admin/users/ruth/role", &fields).expect_see_other("/admin");
    ruth.get("/posts/new").expect_page(403);
    assert!(!site.operator_output(&["user", "disable", "ann"]).status.success());
}
