//! `/session/confirm`, and the proofs that a change of a credential needs.

use std::time::Duration;

use hallpass_core::{RejectionKind, Requirement};

use crate::site::{ACCESS, Answer, Authenticator, BROWSER, Client, PASSWORD, REFRESH, Site};

const CONFIRM: &str = "/session/confirm";
const PASSWORD_PAGE: &str = "/account/password";
const NEW: &str = "a wholly different phrase";

/// Checks a guard of ten minutes with the access cookie of the client.
fn recent(client: &Client, second_factor: bool) -> Result<(), RejectionKind> {
    let requirement = Requirement::login().and_recent(Duration::from_secs(600));
    let requirement = if second_factor { requirement.and_second_factor() } else { requirement };
    let admitted = requirement.admit(&client.who(), client.site.accounts.now());
    admitted.map_err(|rejection| rejection.kind())
}

async fn session_id(client: &Client) -> String {
    let list = client.as_script().get("/account/sessions").await.expect(200).json();
    let own =
        list["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true);
    own.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_confirmation_renews_auth_time_and_keeps_the_session() {
    let site = Site::new();
    for json in [false, true] {
        let name = if json { "ann" } else { "bob" };
        let ann = site.browser().registered(name).await;
        let mut client = if json { ann.as_script() } else { ann };
        let session = session_id(&client).await;
        site.clock.pass(601);
        assert_eq!(recent(&client, false), Err(RejectionKind::NotRecent));
        let refresh = client.cookies[REFRESH].clone();
        let answer = client.post(CONFIRM, &[("password", PASSWORD), ("next", "/admin?a=1")]).await;
        let answer = if json {
            let answer = answer.expect(200);
            assert_eq!(answer.json()["status"], "signed_in");
            assert_eq!(answer.json()["user"]["username"], name);
            answer
        } else {
            answer.expect_see_other("/admin?a=1")
        };
        let names: Vec<_> = answer.set_cookies();
        assert_eq!(names.len(), 1, "the access cookie alone: {names:?}");
        assert!(answer.set_cookie(ACCESS).is_some());
        assert_eq!(client.cookies[REFRESH], refresh);
        assert_eq!(recent(&client, false), Ok(()));
        assert_eq!(session_id(&client).await, session);

        // A refresh keeps the time of the confirmation.
        site.clock.pass(300);
        client.as_script().clone().post("/session/refresh", &[]).await.expect(204);
        let mut script = client.as_script();
        script.post("/session/refresh", &[]).await.expect(204);
        assert_eq!(recent(&script, false), Ok(()));
        site.clock.pass(301);
        assert_eq!(recent(&script, false), Err(RejectionKind::NotRecent));
    }
}

#[tokio::test]
async fn a_confirmation_with_a_factor_needs_password_and_code() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, recovery) = ann.enrol().await;
    site.clock.pass(601);
    let page = ann.get(&format!("{CONFIRM}?next=%2Fadmin")).await.expect_page(200);
    assert!(page.body.contains("name=\"code\"") && page.body.contains("value=\"/admin\""));
    let needs = ann.as_script().get(CONFIRM).await.expect(200).json();
    assert_eq!((&needs["password"], &needs["code"]), (&true.into(), &true.into()));

    let wrong = authenticator.wrong_code();
    let right = authenticator.code();
    let mut script = ann.as_script();
    for (fields, status, problem) in [
        (vec![("password", PASSWORD)], 422, "invalid-field"),
        (vec![("code", right.as_str())], 422, "invalid-field"),
        (vec![("password", PASSWORD), ("code", &wrong)], 401, "invalid-credentials"),
        (vec![("password", "wrong password here"), ("code", &right)], 401, "invalid-credentials"),
    ] {
        script.post(CONFIRM, &fields).await.expect_problem(status, problem);
        let page = ann.post(CONFIRM, &fields).await.expect_page(status);
        assert!(page.body.contains("name=\"code\""), "{}", page.body);
        assert_eq!(recent(&script, false), Err(RejectionKind::NotRecent));
        site.clock.pass(3 * 3600);
        script.post("/session/refresh", &[]).await.expect(204);
        ann.cookies = script.cookies.clone();
    }
    let code = authenticator.code();
    script.post(CONFIRM, &[("password", PASSWORD), ("code", &code)]).await.expect(200);
    assert_eq!(recent(&script, true), Ok(()));
    let again = [("password", PASSWORD), ("code", code.as_str())];
    script.post(CONFIRM, &again).await.expect_problem(401, "invalid-credentials");
    let recovery = [("password", PASSWORD), ("code", recovery[0].as_str())];
    script.post(CONFIRM, &recovery).await.expect(200);
}

#[tokio::test]
async fn wrong_confirmations_are_limited_per_session() {
    let site = Site::new();
    let mut ann = site.script().registered("ann").await;
    let mut phone = site.script();
    phone.log_in("ann").await.expect(200);
    let wrong = [("password", "wrong password here")];
    for _ in 0..5 {
        ann.post(CONFIRM, &wrong).await.expect_problem(401, "invalid-credentials");
    }
    for _ in 0..3 {
        ann.post(CONFIRM, &wrong).await.expect_problem(429, "limited");
    }
    phone.post(CONFIRM, &[("password", PASSWORD)]).await.expect(200);
}

#[tokio::test]
async fn right_confirmations_are_limited_as_changes() {
    let site = Site::new();
    let mut ann = site.script().registered("ann").await;
    for _ in 0..8 {
        ann.post(CONFIRM, &[("password", PASSWORD)]).await.expect(200);
    }
    ann.post(CONFIRM, &[("password", PASSWORD)]).await.expect_problem(429, "limited");
}

/// Returns a client that logged in without the code, in a browser that skips it.
async fn trusted(site: &Site) -> (Client, Authenticator) {
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, _) = ann.enrol().await;
    ann.post("/logout", &[]).await.expect(303);
    ann.log_in("ann").await.expect(303);
    let code = authenticator.code();
    let fields = [("code", code.as_str()), ("remember_device", "on")];
    ann.post("/login/code", &fields).await.expect_see_other("/");
    assert_eq!(recent(&ann, true), Ok(()), "a login with the code is recent");
    ann.cookies.retain(|name, _| name == BROWSER);
    ann.log_in("ann").await.expect_see_other("/");
    (ann, authenticator)
}

/// A login counts as recent only if it was as strong as a confirmation.
#[tokio::test]
async fn a_login_that_skips_the_code_is_not_recent() {
    let site = Site::with(|settings, _| {
        settings.trust_devices = Some(Duration::from_secs(30 * 24 * 3600));
    });
    let (mut ann, mut authenticator) = trusted(&site).await;
    assert_eq!(recent(&ann, false), Err(RejectionKind::NotRecent));
    let mut script = ann.as_script();
    script.post(PASSWORD_PAGE, &[("new_password", NEW)]).await.expect_problem(403, "not-recent");
    script.post("/session/refresh", &[]).await.expect(204);
    assert_eq!(recent(&script, false), Err(RejectionKind::NotRecent));
    ann.cookies = script.cookies;
    let code = authenticator.code();
    ann.post(CONFIRM, &[("password", PASSWORD), ("code", &code)]).await.expect_see_other("/");
    assert_eq!(recent(&ann, true), Ok(()));
    ann.as_script().post(PASSWORD_PAGE, &[("new_password", NEW)]).await.expect(204);
}

/// Every change of a credential, and its fields without the proof.
const CHANGES: [(&str, &[(&str, &str)]); 4] = [
    (PASSWORD_PAGE, &[("new_password", NEW)]),
    ("/account/recovery-codes", &[]),
    ("/account/sessions/revoke", &[("session", "others")]),
    ("/account/sessions/revoke", &[("session", "00000000000000000000000000000000")]),
];

fn passes(answer: &Answer) -> bool {
    // The unknown session is looked up after the proof.
    matches!(answer.status, 200 | 204 | 404)
}

#[tokio::test]
async fn a_change_needs_a_recent_confirmation_and_the_refresh_token() {
    for (path, fields) in CHANGES {
        for wait in [0, 601] {
            let site = Site::new();
            let mut ann = site.script().registered("ann").await;
            let (mut authenticator, _) = ann.enrol().await;
            site.clock.pass(wait);
            let what = format!("{path} {fields:?} after {wait} s");

            // A copied access cookie, even seconds after the login.
            let mut copy = ann.clone();
            copy.cookies.retain(|name, _| name == ACCESS);
            copy.post(path, fields).await.expect_problem(403, "not-recent");
            // The refresh token of another session of the account.
            let mut other = site.script();
            let code = authenticator.code();
            let login = [("username", "ann"), ("password", PASSWORD), ("code", code.as_str())];
            other.post("/login", &login).await.expect(200);
            copy.cookies.insert(REFRESH.to_owned(), other.cookies[REFRESH].clone());
            copy.post(path, fields).await.expect_problem(403, "not-recent");

            let answer = ann.post(path, fields).await;
            if wait == 0 {
                assert!(passes(&answer), "{what}: {answer:?}");
                continue;
            }
            answer.expect_problem(403, "not-recent");
            let code = authenticator.code();
            let proof = [("password", PASSWORD), ("code", code.as_str())];
            ann.post(CONFIRM, &proof).await.expect(200);
            let answer = ann.post(path, fields).await;
            assert!(passes(&answer), "{what}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_change_with_the_full_proof_needs_nothing_else() {
    for (path, fields) in CHANGES {
        let site = Site::new();
        let mut ann = site.script().registered("ann").await;
        let (mut authenticator, _) = ann.enrol().await;
        site.clock.pass(800);
        let mut bare = ann.clone();
        bare.cookies.retain(|name, _| name == ACCESS);
        let password = if path == PASSWORD_PAGE { "current_password" } else { "password" };
        let with = |password_typed: &'static str, code: &str| {
            let mut all: Vec<_> = fields.iter().map(|(a, b)| (*a, (*b).to_owned())).collect();
            all.push((password, password_typed.to_owned()));
            all.push(("code", code.to_owned()));
            all
        };
        for (typed, code, right) in [
            (PASSWORD, authenticator.wrong_code(), false),
            ("wrong password here", authenticator.code(), false),
            (PASSWORD, authenticator.code(), true),
        ] {
            let all = with(typed, &code);
            let all: Vec<_> = all.iter().map(|(a, b)| (*a, b.as_str())).collect();
            let answer = bare.post(path, &all).await;
            assert_eq!(passes(&answer), right, "{path}: {answer:?}");
            assert_eq!(answer.status == 401, !right, "{path}: {answer:?}");
            // The request has no refresh token, so no chain begins.
            assert!(answer.set_cookie(REFRESH).is_none(), "{path}: {answer:?}");
        }
    }
}

/// Otherwise a copied access cookie with the password would become a session of 30 days, and the
/// reuse of refresh tokens would not be detected.
#[tokio::test]
async fn a_change_without_the_refresh_token_begins_no_chain() {
    let site = Site::new();
    let ann = site.script().registered("ann").await;
    let mut bare = ann.clone();
    bare.cookies.retain(|name, _| name == ACCESS);
    let fields = [("session", "others"), ("password", PASSWORD)];
    let answer = bare.post("/account/sessions/revoke", &fields).await.expect(204);
    assert!(answer.set_cookie(ACCESS).is_some() && answer.set_cookie(REFRESH).is_none());
    ann.clone().post("/session/refresh", &[]).await.expect_problem(401, "signed-out");
    let mut again = site.script();
    again.log_in("ann").await.expect(200);
    let answer = again.post("/account/sessions/revoke", &[("session", "others")]).await;
    assert!(answer.expect(204).set_cookie(REFRESH).is_some(), "with the token, a chain begins");
}

#[tokio::test]
async fn a_factor_enrolled_after_a_proof_counts_at_once() {
    let site = Site::new();
    for wait in [0, 601] {
        let mut ann = site.script().registered(&format!("ann{wait}")).await;
        site.clock.pass(wait);
        let secret = ann.get("/account/two-factor").await.json();
        let mut authenticator =
            Authenticator::new(secret["secret"].as_str().unwrap(), site.clock.clone());
        let code = authenticator.same_code();
        let path = "/account/two-factor";
        if wait == 0 {
            ann.post(path, &[("code", &code)]).await.expect(200);
        } else {
            ann.post(path, &[("code", &code)]).await.expect_problem(403, "not-recent");
            let page = ann.as_browser().post(path, &[("code", &code)]).await.expect_page(422);
            assert!(page.body.contains("id=\"password-fault\""), "{}", page.body);
            let wrong = [("code", code.as_str()), ("password", "wrong password here")];
            ann.post(path, &wrong).await.expect_problem(401, "invalid-credentials");
            ann.post(path, &[("code", &code), ("password", PASSWORD)]).await.expect(200);
        }
        assert_eq!(recent(&ann, true), Ok(()), "after {wait} s");
        let _later = authenticator.code();
        ann.post("/session/refresh", &[]).await.expect(204);
        assert_eq!(recent(&ann, true), Ok(()), "after a refresh");
    }
}

#[tokio::test]
async fn a_rejected_change_leads_a_browser_to_the_confirmation() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    site.clock.pass(601);
    let page = ann.post("/account/sessions/revoke", &[("session", "others")]).await;
    let page = page.expect_page(403);
    let link = "href=\"/session/confirm?next=%2Faccount%2Fsessions\"";
    assert!(page.body.contains(link), "{}", page.body);
    let page = ann.get(PASSWORD_PAGE).await.expect_page(200);
    assert!(page.body.contains("current_password") && !page.body.contains("name=\"code\""));
    ann.post(CONFIRM, &[("password", PASSWORD)]).await.expect_see_other("/");
    let page = ann.get(PASSWORD_PAGE).await.expect_page(200);
    assert!(!page.body.contains("current_password"), "{}", page.body);
    ann.post(PASSWORD_PAGE, &[("new_password", NEW)]).await.expect_see_other("/profile");
}
