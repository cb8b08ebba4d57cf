//! A copied cookie after what should have ended it: dead at once where it was ended, on a second
//! process of the same site within the bound, and straight after a restart. The copy is of
//! everything that the browser had, the refresh cookie included.

use crate::person::{PASSWORD, log_in, register};
use crate::site::{Site, within_bound};
use hallpass_test_support::http::client::Client;

/// Whether the copy still opens the profile.
fn lives(copy: &Client) -> bool {
    copy.clone().get("/profile").status == 200
}

/// What ends Ann's sessions, and whether the server that she uses does it itself.
fn ends(site: &Site, how: &str, mut ann: Client) -> bool {
    match how {
        "log-out" => ann.post("/logout", &[]).expect_see_other("/"),
        "password" => {
            let fields =
                [("current_password", PASSWORD), ("new_password", "a wholly different phrase")];
            ann.post("/profile/password", &fields).expect_see_other("/profile")
        }
        command => {
            let mut arguments = vec!["user"];
            arguments.extend(command.split(' '));
            site.operator(&arguments);
            return false;
        }
    };
    true
}

#[test]
fn a_copied_cookie_is_dead_here_elsewhere_and_after_a_restart() {
    for how in ["log-out", "password", "set-role ann moderator", "sign-out ann", "disable ann"] {
        let mut site = Site::start();
        let neighbour = site.neighbour();
        let ann = register(site.browser(), "ann");
        let mut phone = site.browser();
        log_in(&mut phone, "ann", "").expect_see_other("/");
        // A thief with all cookies of the one that ends; at a password's change that is every other
        // session.
        let copy = if how == "password" { phone.clone() } else { ann.clone() };
        let there = copy.at(neighbour.address);
        assert!(lives(&copy) && lives(&there), "{how}");

        if ends(&site, how, ann) {
            assert!(!lives(&copy), "{how}: at once");
        } else {
            within_bound(how, || !lives(&copy));
        }
        within_bound(how, || !lives(&there));
        site.restart();
        let again = copy.at(site.address);
        assert!(!lives(&again), "{how}: straight after a restart");
        if how != "set-role ann moderator" {
            let mut script = again.as_script();
            script.post("/session/refresh", &[]).expect_problem(401);
        }
    }
}
