//! A copy of the cookies after a revocation. The process that revoked the session rejects the copy
//! immediately, a second process of the same site rejects it within the bound, and a restarted
//! process rejects it from the first request. The copy includes the refresh cookie.

use crate::person::{PASSWORD, log_in, register};
use crate::site::{Site, within_bound};
use hallpass_test_support::http::client::Client;

/// Whether the profile accepts the copy.
fn lives(copy: &Client) -> bool {
    copy.clone().get("/profile").status == 200
}

/// Ends Ann's sessions. Returns whether her server did it, and not an operator's command.
fn ends(site: &Site, how: &str, mut ann: Client) -> bool {
    match how {
        "logout" => ann.post("/logout", &[]).expect_see_other("/"),
        "password" => {
            let fields =
                [("current_password", PASSWORD), ("new_password", "a wholly different phrase")];
            ann.post("/account/password", &fields).expect_see_other("/profile")
        }
        command => {
            site.operator(&command.split(' ').collect::<Vec<_>>());
            return false;
        }
    };
    true
}

#[test]
fn a_copied_cookie_is_rejected_by_all_processes() {
    for how in ["logout", "password", "user log-out ann", "user disable ann"] {
        let mut site = Site::start();
        let neighbour = site.neighbour();
        let ann = register(site.browser(), "ann");
        let mut phone = site.browser();
        log_in(&mut phone, "ann", "").expect_see_other("/");
        // The copy has all cookies of a session that ends. A password change ends only the other
        // sessions, so the copy is of the phone's session.
        let copy = if how == "password" { phone.clone() } else { ann.clone() };
        let there = copy.at(neighbour.address);
        assert!(lives(&copy) && lives(&there), "{how}");

        if ends(&site, how, ann) {
            assert!(!lives(&copy), "{how}: rejected immediately");
        } else {
            within_bound(how, || !lives(&copy));
        }
        within_bound(how, || !lives(&there));
        site.restart();
        let again = copy.at(site.address);
        assert!(!lives(&again), "{how}: rejected from the first request after a restart");
        again.as_script().post("/session/refresh", &[]).expect_problem(401);
    }
}
