//! `/account/sessions` and `/account/sessions/revoke`.

use hallpass_accounts::SessionSettings;
use hallpass_web::{DefaultPages, Texts};
use serde_json::Value;

use crate::site::{ACCESS, BROWSER, Client, PASSWORD, Site};

const REVOKE: &str = "/account/sessions/revoke";

async fn list(client: &Client) -> Vec<Value> {
    let list = client.as_script().get("/account/sessions").await.expect(200).json();
    list["sessions"].as_array().unwrap().clone()
}

async fn own_id(client: &Client) -> String {
    let list = list(client).await;
    let own: Vec<_> = list.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(own.len(), 1);
    own[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_list_names_devices_and_marks_this_one_first() {
    let site = Site::new();
    let ann = site.browser().registered("ann").await;
    site.clock.pass(60);
    site.browser().log_in("ann").await.expect(303);
    let sessions = list(&ann).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["current"], true);
    assert_eq!(sessions[0]["created"], 1_800_000_000);
    assert_eq!(sessions[1]["last_active"], 1_800_000_060);
    assert_eq!(sessions[0]["browser"], "Firefox on Linux");
    let page = ann.clone().get("/account/sessions").await.expect_page(200);
    assert_eq!(page.body.matches("Firefox on Linux").count(), 2);
    assert_eq!(page.body.matches("This device").count(), 1);
    assert!(
        page.body.contains("<time datetime=\"2027-01-15T08:00:00Z\">1 minute ago</time>"),
        "{}",
        page.body
    );
}

/// The language of the text is that of the reader of the page, and not that of the login.
#[tokio::test]
async fn login_without_user_agent_is_an_unknown_device() {
    let site = Site::with_pages(DefaultPages::new().and_texts(Texts::dutch()));
    let ann = site.browser().registered("ann").await;
    let fields = [("username", "ann"), ("password", PASSWORD)];
    let mut login = site.browser().form_request("/login", &fields);
    login.headers.retain(|(name, _)| name != "user-agent");
    site.browser().send(login).await.expect(303);
    let mut devices: Vec<_> =
        list(&ann).await.iter().map(|session| session["browser"].clone()).collect();
    devices.sort_by_key(ToString::to_string);
    assert_eq!(devices, ["", "Firefox on Linux"]);
    for (language, text) in [("en", "Unknown device"), ("nl", "Onbekend apparaat")] {
        let mut request = ann.request("GET", "/account/sessions");
        request.headers.push(("accept-language".into(), language.into()));
        let page = ann.clone().send(request).await.expect_page(200);
        assert_eq!(page.body.matches(text).count(), 1, "{}", page.body);
    }
}

/// 45 sessions are three pages. Each session is on one of them, and this one is the first.
#[tokio::test]
async fn the_list_of_sessions_has_pages() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    for number in 0..44 {
        site.clock.pass(number % 3);
        site.browser().log_in("ann").await.expect(303);
        if number % 8 == 7 {
            site.clock.pass(600);
        }
    }
    site.clock.pass(600);
    ann.post("/session/refresh", &[]).await.expect(204);
    let (mut ids, mut target) = (Vec::new(), "/account/sessions".to_owned());
    let mut lengths = Vec::new();
    loop {
        let page = ann.as_script().get(&target).await.expect(200).json();
        let sessions = page["sessions"].as_array().unwrap();
        lengths.push(sessions.len());
        ids.extend(sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()));
        assert_eq!(sessions[0]["current"], lengths.len() == 1);
        let html = ann.clone().get(&target).await.expect_page(200).body.clone();
        match page["next"].as_str() {
            Some(next) => target = format!("/account/sessions?after={next}"),
            None => {
                assert!(!html.contains("after="), "{html}");
                break;
            }
        }
        assert!(html.contains(&format!("<a href=\"{target}\">Show more sessions</a>")), "{html}");
    }
    assert_eq!(lengths, [20, 20, 5]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 45);
    for wrong in ["x", "", "1-1", "%00"] {
        let target = format!("/account/sessions?after={wrong}");
        ann.as_script().get(&target).await.expect_problem(404, "not-found");
    }
}

/// A person who can log in cannot fill the store with sessions.
#[tokio::test]
async fn a_login_above_the_limit_ends_the_session_longest_idle() {
    let site = Site::with(|settings, _| {
        settings.session = SessionSettings::default().per_account(3);
    });
    let mut ann = site.browser().registered("ann").await;
    let mut phones = Vec::new();
    for _ in 0..2 {
        site.clock.pass(60);
        let mut phone = site.browser();
        phone.log_in("ann").await.expect(303);
        phones.push(phone);
    }
    site.clock.pass(60);
    ann.post("/session/refresh", &[]).await.expect(204);
    site.clock.pass(60);
    site.browser().log_in("ann").await.expect(303);
    assert_eq!(list(&ann).await.len(), 3);
    phones[0].as_script().get("/account/sessions").await.expect_problem(401, "revoked");
    phones[0].as_script().post("/session/refresh", &[]).await.expect_problem(401, "signed-out");
    phones[1].as_script().get("/account/sessions").await.expect(200);
}

#[tokio::test]
async fn a_session_is_ended_by_its_id() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    for json in [false, true] {
        let mut phone = site.browser();
        phone.log_in("ann").await.expect(303);
        let id = own_id(&phone).await;
        let mut client = if json { ann.as_script() } else { ann.clone() };
        let answer = client.post(REVOKE, &[("session", &id)]).await;
        if json {
            answer.expect(204)
        } else {
            answer.expect_see_other("/account/sessions")
        };
        phone.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
        let answer = client.post(REVOKE, &[("session", &id)]).await;
        if json {
            answer.expect_problem(404, "not-found");
        } else {
            answer.expect_page(404);
        }
    }
    ann.get("/account/sessions").await.expect_page(200);
}

#[tokio::test]
async fn ending_the_other_sessions_keeps_this_one() {
    let site = Site::new();
    for (name, json) in [("ann", false), ("bob", true)] {
        let ann = site.browser().registered(name).await;
        let mut phone = site.browser();
        phone.log_in(name).await.expect(303);
        let mut client = if json { ann.as_script() } else { ann };
        let answer = client.post(REVOKE, &[("session", "others")]).await;
        let answer =
            if json { answer.expect(204) } else { answer.expect_see_other("/account/sessions") };
        assert!(answer.set_cookie(ACCESS).is_some());
        phone.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
        assert_eq!(list(&client).await.len(), 1);
    }
}

#[tokio::test]
async fn ending_this_session_is_a_logout() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let copy = ann.clone();
    let id = own_id(&ann).await;
    ann.post(REVOKE, &[("session", &id)]).await.expect_see_other("/");
    assert!(ann.cookies.keys().eq([BROWSER]), "{:?}", ann.cookies);
    copy.as_script().get("/account/sessions").await.expect_problem(401, "revoked");
}

#[tokio::test]
async fn a_session_of_another_account_cannot_be_ended() {
    let site = Site::new();
    let ann = site.browser().registered("ann").await;
    let mut eve = site.script().registered("eve").await;
    let id = own_id(&ann).await;
    for id in [id.as_str(), "", "x", "../../others", "OTHERS"] {
        eve.post(REVOKE, &[("session", id)]).await.expect_problem(404, "not-found");
    }
    assert_eq!(
        eve.post(REVOKE, &[]).await.expect_problem(422, "invalid-field")["field"],
        "session"
    );
    assert_eq!(list(&ann).await.len(), 1);
}
