//! Recovery by an operator: a lost authenticator, a forgotten password, a disabled account. Each
//! command runs while the server is running.

use std::sync::Barrier;

use hallpass_test_support::authenticator::Authenticator;
use hallpass_test_support::http::client::Client;
use serde_json::{Value, json};

use crate::person::{ACCESS, PASSWORD, REFRESH, admin, enrol, log_in, register};
use crate::site::{Site, within_bound};

const ORIGIN: &str = "https://notes.example";
const NEW: &str = "seven maps of nowhere";
const RESET: &str = "/login/reset";

/// Runs `user reset-password` and returns the link as printed.
fn link(site: &Site, name: &str) -> String {
    let mut command = site.command();
    command.env("BLOG_ORIGIN", ORIGIN).args(["user", "reset-password", name]);
    let output = command.output().expect("the blog runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let links: Vec<_> = text.split_whitespace().filter(|word| word.contains("://")).collect();
    let [link] = links[..] else { panic!("one link in {text}") };
    link.to_owned()
}

/// Returns the token of a new link.
fn token(site: &Site, name: &str) -> String {
    let link = link(site, name);
    let token = link.strip_prefix(&format!("{ORIGIN}{RESET}?token=")).expect("a link to the page");
    assert!(token.len() >= 43 && !token.contains(['&', '%', '=']), "{token}");
    token.to_owned()
}

fn log_in_with(client: &mut Client, password: &str, code: &str) -> u16 {
    let fields = [("username", "ann"), ("password", password), ("code", code)];
    client.post("/login", &fields).status
}

/// Asserts that a link is not accepted, and changes nothing.
#[track_caller]
fn assert_over(site: &Site, token: &str) {
    let target = format!("{RESET}?token={token}");
    site.browser().get(&target).expect_page(410);
    let problem = site.script().get(&target).expect_problem(410);
    assert_eq!(problem["type"], "urn:hallpass:problem:link-over");
    let fields = [("token", token), ("new_password", "another one of the thief")];
    let answer = site.browser().post(RESET, &fields).expect_page(410);
    assert!(answer.session_cookies().is_empty());
    assert_eq!(site.script().post(RESET, &fields).expect_problem(410), problem);
}

#[test]
fn reset_factor_lets_a_person_without_authenticator_log_in() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let (mut authenticator, recovery_codes) = enrol(&mut ann);
    let mut phone = site.browser();
    log_in(&mut phone, "ann", &authenticator.code()).expect_see_other("/");
    // Another node of the site.
    let neighbour = site.neighbour();
    let mut elsewhere = ann.at(neighbour.address);
    elsewhere.get("/profile").expect_page(200);

    let document = site.operator(&["user", "reset-factor", "ann", "--json"]);
    let document: Value = serde_json::from_str(&document).expect("one JSON document");
    assert_eq!(document["command"], "user reset-factor");
    assert_eq!(document["account"]["username"], "ann");
    assert_eq!(document["account"]["second_factor"], false);
    assert!(document["database"].is_string());

    within_bound("the sessions have ended", || {
        ann.get("/profile").status == 303
            && phone.get("/profile").status == 303
            && elsewhere.get("/profile").status == 303
    });
    ann.as_script().post("/session/refresh", &[]).expect(401);
    let mut ann = site.browser();
    log_in(&mut ann, "ann", "").expect_see_other("/");
    ann.get("/profile").expect_page(200);
    // A new factor has other codes.
    let (mut new, _) = enrol(&mut ann);
    log_in(&mut site.browser(), "ann", &recovery_codes[0]).expect_page(401);
    log_in(&mut site.browser(), "ann", &authenticator.wrong_code()).expect_page(401);
    log_in(&mut site.browser(), "ann", &new.code()).expect_see_other("/");
}

#[test]
fn reset_password_prints_a_link_that_sets_a_password_once() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let mut bob = register(site.browser(), "bob");
    let token = token(&site, "ann");
    within_bound("the sessions have ended", || ann.get("/profile").status == 303);
    bob.get("/profile").expect_page(200);
    // The command sets no password.
    let mut thief = site.browser();
    log_in(&mut thief, "ann", "").expect_see_other("/");

    let mut browser = site.browser();
    let page = browser.get(&format!("{RESET}?token={token}")).expect_page(200);
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.text().contains(&format!("value=\"{token}\"")), "{}", page.text());
    assert!(!page.text().contains("name=\"code\""), "no factor is on");
    let fields = [("token", &*token), ("new_password", NEW)];
    let answer = browser.post(RESET, &fields).expect_see_other("/login");
    assert!(answer.session_cookies().is_empty(), "a link alone logs nobody in");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    // The next page shows the notice, once.
    let changed = "Your password was changed";
    assert!(browser.get("/login").expect_page(200).text().contains(changed));
    assert!(!browser.get("/login").expect_page(200).text().contains(changed));
    assert!(!site.browser().get("/login").expect_page(200).text().contains(changed));

    within_bound("sessions of the old password end", || thief.get("/profile").status == 303);
    assert_eq!(log_in_with(&mut site.browser(), PASSWORD, ""), 401);
    assert_eq!(log_in_with(&mut browser, NEW, ""), 303);
    browser.get("/profile").expect_page(200);
    assert_over(&site, &token);
    bob.get("/profile").expect_page(200);
}

#[test]
fn a_reset_needs_the_live_factor_and_then_logs_in() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let (mut authenticator, recovery_codes) = enrol(&mut ann);
    let token = token(&site, "ann");
    let mut script = site.script();
    let target = format!("{RESET}?token={token}");
    assert_eq!(script.get(&target).expect(200).json(), json!({ "code": true }));
    let page = site.browser().get(&target).expect_page(200);
    assert!(page.text().contains("name=\"code\""), "{}", page.text());

    let without = [("token", &*token), ("new_password", NEW)];
    let problem = script.post(RESET, &without).expect_problem(422);
    assert_eq!(problem["field"], "code", "{problem}");
    let wrong = authenticator.wrong_code();
    let with_wrong = [("token", &*token), ("new_password", NEW), ("code", &wrong)];
    script.post(RESET, &with_wrong).expect_problem(401);
    let page = site.browser().post(RESET, &with_wrong).expect_page(401);
    assert!(page.text().contains(&token) && !page.text().contains(NEW), "{}", page.text());
    let short = [("token", &*token), ("new_password", "short"), ("code", &*authenticator.code())];
    let problem = script.post(RESET, &short).expect_problem(422);
    assert_eq!(problem["field"], "new_password", "{problem}");
    assert_eq!(log_in_with(&mut site.browser(), PASSWORD, ""), 303, "nothing was changed");

    let right = [("token", &*token), ("new_password", NEW), ("code", &*authenticator.code())];
    let answer = script.post(RESET, &right).expect(200).json();
    assert_eq!(
        (&answer["status"], &answer["user"]["username"]),
        (&"signed_in".into(), &"ann".into())
    );
    assert!(script.cookies.contains(ACCESS) && script.cookies.contains(REFRESH));
    script.get("/account/sessions").expect(200);
    ann.get("/profile").expect(303);
    assert_over(&site, &token);

    // A recovery code is a factor too.
    let again = self::token(&site, "ann");
    let mut browser = site.browser();
    let fields = [("token", &*again), ("new_password", PASSWORD), ("code", &recovery_codes[0])];
    browser.post(RESET, &fields).expect_see_other("/");
    browser.get("/profile").expect_page(200);
}

#[test]
fn wrong_codes_of_a_reset_are_limited() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let (authenticator, recovery_codes) = enrol(&mut ann);
    let token = token(&site, "ann");
    let guess = |code: &str| {
        let fields = [("token", &*token), ("new_password", NEW), ("code", code)];
        site.script().post(RESET, &fields).status
    };
    let evaluated = (0..30).find(|_| guess(&authenticator.wrong_code()) == 429).expect("a limit");
    assert!((3..=10).contains(&evaluated), "{evaluated} guesses");
    // The guesses count on the codes of a login too.
    let mut browser = site.browser();
    log_in(&mut browser, "ann", "").expect_see_other("/login/code");
    browser.post("/login/code", &[("code", &authenticator.wrong_code())]).expect_page(429);
    assert_eq!(log_in_with(&mut site.browser(), PASSWORD, &recovery_codes[0]), 303);
}

#[test]
fn one_of_64_concurrent_uses_of_a_link_succeeds() {
    let site = Site::start();
    register(site.browser(), "ann");
    let neighbour = site.neighbour();
    let token = token(&site, "ann");
    let barrier = Barrier::new(64);
    let use_it = |number: usize| {
        let address = if number.is_multiple_of(2) { site.address } else { neighbour.address };
        let password = format!("{NEW} {number}");
        barrier.wait();
        // A 503 or a 429 has changed nothing.
        for _ in 0..200 {
            let fields = [("token", &*token), ("new_password", &*password)];
            let status = Client::script(address).post(RESET, &fields).status;
            if !matches!(status, 429 | 503) {
                return (status, password);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        (429, password)
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let users: Vec<_> = (0..64).map(|number| scope.spawn(move || use_it(number))).collect();
        users.into_iter().map(|user| user.join().expect("no panic")).collect()
    });
    let (set, others): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 204);
    let [(_, password)] = set[..] else { panic!("{} succeeded", set.len()) };
    assert!(others.iter().all(|(status, _)| matches!(status, 410 | 429)), "{others:?}");
    assert_eq!(log_in_with(&mut site.browser(), password, ""), 303);
}

/// A mail scanner and a browser that loads pages in advance open links.
#[test]
fn opening_a_link_changes_nothing() {
    let site = Site::start();
    register(site.browser(), "ann");
    let token = token(&site, "ann");
    let target = format!("{RESET}?token={token}");
    for method in ["GET", "HEAD", "GET", "HEAD"] {
        for mut client in [site.browser(), site.script()] {
            let request = client.request(method, &target).header("purpose", "prefetch");
            let answer = client.send(request).expect(200);
            assert!(answer.session_cookies().is_empty());
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
    let fields = [("token", &*token), ("new_password", NEW)];
    site.script().post(RESET, &fields).expect(204);
}

#[test]
fn later_changes_of_the_account_invalidate_a_link() {
    let site = Site::start();
    register(site.browser(), "ann");
    let older = token(&site, "ann");
    let mut newer = token(&site, "ann");
    assert_over(&site, &older);
    let changes: [&[&[&str]]; 4] = [
        &[&["user", "log-out", "ann"]],
        &[&["user", "disable", "ann"], &["user", "enable", "ann"]],
        &[&["sessions", "end-all"]],
        &[&["keys", "replace-leaked"]],
    ];
    for commands in changes {
        for command in commands {
            site.operator(command);
        }
        std::thread::sleep(std::time::Duration::from_millis(1200));
        assert_over(&site, &newer);
        newer = token(&site, "ann");
    }
    // A change of the roles does not end a link.
    site.operator(&["user", "set-role", "ann", "moderator"]);
    let mut ann = site.browser();
    log_in(&mut ann, "ann", "").expect_see_other("/");
    site.browser().get(&format!("{RESET}?token={newer}")).expect_page(200);
    // A newer password.
    let fields = [("current_password", PASSWORD), ("new_password", NEW)];
    ann.as_script().post("/account/password", &fields).expect(204);
    assert_over(&site, &newer);
    let last = token(&site, "ann");
    site.operator(&["user", "disable", "ann"]);
    assert_over(&site, &last);
}

#[test]
fn texts_that_are_not_a_link_are_rejected() {
    let site = Site::start();
    register(site.browser(), "ann");
    let token = token(&site, "ann");
    let mut flipped = token.clone().into_bytes();
    for place in [0, 20, 60, flipped.len() - 2] {
        flipped[place] = if flipped[place] == b'A' { b'B' } else { b'A' };
        assert_over(&site, std::str::from_utf8(&flipped).expect("ASCII"));
        flipped.copy_from_slice(token.as_bytes());
    }
    for text in ["", "x", &token[1..], &format!("{token}A"), &"A".repeat(4000)] {
        assert_over(&site, text);
    }
    site.browser().get(RESET).expect_page(410);
    let fields = [("new_password", NEW)];
    assert_eq!(site.script().post(RESET, &fields).expect_problem(422)["field"], "token");
    let fields = [("token", &*token)];
    assert_eq!(site.script().post(RESET, &fields).expect_problem(422)["field"], "new_password");
    let fields = [("token", &*token), ("new_password", NEW)];
    site.script().post(RESET, &fields).expect(204);
}

#[test]
fn a_link_is_in_no_log_and_not_in_the_database() {
    let site = Site::start();
    register(site.browser(), "ann");
    let token = token(&site, "ann");
    let mut browser = site.browser();
    browser.get(&format!("{RESET}?token={token}")).expect_page(200);
    browser.post(RESET, &[("token", &*token), ("new_password", "short")]).expect_page(422);
    let fields = [("token", &*token), ("new_password", NEW)];
    browser.post(RESET, &fields).expect_see_other("/login");
    let mut files = 0;
    for entry in std::fs::read_dir(site.file("log").parent().expect("a directory")).expect("it") {
        let content = std::fs::read(entry.expect("an entry").path()).expect("a file");
        let is_in = content.windows(40).any(|window| window == &token.as_bytes()[..40]);
        assert!(!is_in, "the token is in a file");
        files += 1;
    }
    assert!(files >= 2, "the log and the keys");
}

#[test]
fn recovery_commands_that_fail_print_one_line() {
    let site = Site::start();
    register(site.browser(), "ann");
    register(site.browser(), "eve");
    site.operator(&["user", "disable", "eve"]);
    for (arguments, words) in [
        (["user", "reset-factor", "ann"], "no second factor is on"),
        (["user", "reset-factor", "nobody"], "nobody"),
        (["user", "reset-password", "nobody"], "nobody"),
        (["user", "reset-password", "eve"], "enable"),
    ] {
        let output = site.command().env("BLOG_ORIGIN", ORIGIN).args(arguments).output();
        let output = output.expect("the blog runs");
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(text.contains(words) && text.lines().count() == 1, "{arguments:?}: {text}");
    }
    // The port of this server is not known to the command, so its address is not either.
    let output = site.operator_output(&["user", "reset-password", "ann"]);
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && text.lines().count() == 1, "{text}");
    assert!(text.contains("public_origin") && text.contains("--origin"), "{text}");
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
    let origin =
        ["user", "reset-password", "ann", "--origin", "https://other.example/app", "--json"];
    let document: Value = serde_json::from_str(&site.operator(&origin)).expect("a document");
    let link = document["link"].as_str().expect("a link");
    assert!(link.starts_with("https://other.example/app/login/reset?token="), "{link}");
    assert_eq!(document["command"], "user reset-password");
    assert!(document["expires"].as_u64().is_some_and(|expires| expires > 1_700_000_000));
    let token = link.split_once("token=").expect("a token").1;
    site.script().post(RESET, &[("token", token), ("new_password", NEW)]).expect(204);
}

#[test]
fn an_operator_recovers_an_administrator_who_lost_everything() {
    let site = Site::start();
    let (_, authenticator): (_, Authenticator) = admin(&site, site.browser(), "ann");
    drop(authenticator);
    site.operator(&["user", "reset-factor", "ann"]);
    let token = token(&site, "ann");
    let mut ann = site.browser();
    let fields = [("token", &*token), ("new_password", NEW)];
    ann.post(RESET, &fields).expect_see_other("/login");
    assert_eq!(log_in_with(&mut ann, NEW, ""), 303);
    enrol(&mut ann);
    ann.get("/admin").expect_page(200);
}
