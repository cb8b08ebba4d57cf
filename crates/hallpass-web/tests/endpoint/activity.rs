//! `/account/activity`: logins, failed logins and changes, with the client of each.

use std::time::Duration;

use hallpass_accounts::AccountId;
use hallpass_core::UnixTime;
use serde_json::Value;
use tokio::time::sleep;

use crate::site::{Client, PASSWORD, Site};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Posts a form from this address.
async fn post(client: &mut Client, path: &str, fields: &[(&str, &str)], peer: &str) -> u16 {
    let mut request = client.form_request(path, fields);
    request.peer = peer.parse().ok();
    client.send(request).await.status
}

/// Returns the page, when it has this many rows: they are written after the response.
async fn page(client: &Client, query: &str, rows: usize) -> Value {
    for _ in 0..200 {
        let path = format!("/account/activity{query}");
        let page = client.clone().as_script().get(&path).await.expect(200).json();
        if page["activity"].as_array().unwrap().len() == rows {
            return page;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("there are not {rows} rows");
}

fn kinds(page: &Value) -> Vec<&str> {
    let rows = page["activity"].as_array().unwrap().iter();
    rows.map(|row| row["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn logins_failures_and_changes_are_listed_with_their_client() {
    let site = Site::recording();
    let mut ann = site.browser().registered("ann").await;
    let wrong = [("username", "ann"), ("password", "not the password")];
    assert_eq!(post(&mut site.browser(), "/login", &wrong, "198.51.100.7").await, 401);
    let nobody = [("username", "nobody"), ("password", "not the password")];
    assert_eq!(post(&mut site.browser(), "/login", &nobody, "198.51.100.7").await, 401);
    let change = [("current_password", PASSWORD), ("new_password", "four more grey herons")];
    assert_eq!(post(&mut ann, "/account/password", &change, "192.0.2.1").await, 303);
    let list = page(&ann, "", 4).await;
    assert_eq!(kinds(&list), ["password-changed", "login-failed", "logged-in", "registered"]);
    let [changed, failed, opened, _] = &list["activity"].as_array().unwrap()[..] else { panic!() };
    assert_eq!(failed["address"], "198.51.100.7");
    assert_eq!(failed["browser"], FIREFOX);
    assert_eq!(changed["address"], "192.0.2.1");
    assert_eq!(opened["methods"], serde_json::json!(["pwd"]));
    assert_eq!(list["next"], Value::Null);

    let text = ann.get("/account/activity").await.expect_page(200).body.clone();
    for part in ["Failed login", "198.51.100.7", "Firefox on Linux", "Password changed"] {
        assert!(text.contains(part), "{part} in {text}");
    }

    // A command of the application names no client of the person.
    let id = site.store_id("ann").await;
    site.accounts.set_roles(&id, [crate::site::SiteRole::Admin]).await.unwrap();
    ann.post("/session/refresh", &[]).await.expect(204);
    let list = page(&ann, "", 5).await;
    assert_eq!((kinds(&list)[0], &list["activity"][0]["address"]), ("roles-changed", &Value::Null));
}

#[tokio::test]
async fn another_person_and_a_stranger_do_not_see_it() {
    let site = Site::recording();
    let _ann = site.browser().registered("ann").await;
    let bob = site.browser().registered("bob").await;
    assert_eq!(kinds(&page(&bob, "", 2).await), ["logged-in", "registered"]);
    site.browser()
        .get("/account/activity")
        .await
        .expect_see_other("/login?next=%2Faccount%2Factivity");
    site.script().get("/account/activity").await.expect_problem(401, "signed-out");
    let without = Site::new();
    let ann = without.browser().registered("ann").await;
    ann.clone().as_script().get("/account/activity").await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn the_list_has_pages_of_20_rows() {
    let site = Site::recording();
    let ann = site.browser().registered("ann").await;
    for number in 0..43 {
        let at = UnixTime::from_secs(1_800_000_000 + number);
        site.record(&site.store_id("ann").await, at).await;
    }
    let first = page(&ann, "", 20).await;
    assert_eq!(first["next"], "20");
    assert_eq!(page(&ann, "?after=20", 20).await["next"], "40");
    assert_eq!(page(&ann, "?after=40", 5).await["next"], Value::Null);
    assert_eq!(page(&ann, "?after=45", 0).await["next"], Value::Null);
    let text = ann.clone().get("/account/activity").await.expect_page(200).body.clone();
    assert!(text.contains("href=\"/account/activity?after=20\""), "{text}");
    for wrong in ["x", "-1", "101", ""] {
        let path = format!("/account/activity?after={wrong}");
        ann.clone().as_script().get(&path).await.expect_problem(422, "invalid-field");
    }
}

impl Site {
    async fn store_id(&self, name: &str) -> AccountId {
        let name = hallpass_accounts::Username::parse(name).unwrap();
        self.accounts.find(&name).await.unwrap().unwrap().id().clone()
    }

    async fn record(&self, account: &AccountId, at: UnixTime) {
        use hallpass_accounts::{Activity, ActivityKind, ActivityStore as _};
        self.store.record(account, &Activity::new(ActivityKind::LoggedIn, at)).await.unwrap();
    }
}
