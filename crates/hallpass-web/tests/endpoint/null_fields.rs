//! JSON `null` for an optional field counts as absent, on every route.

use serde_json::{Map, Value};

use crate::site::{Client, PASSWORD, Site};

/// The state of the caller before the form is sent.
#[derive(Clone, Copy, Debug)]
enum Caller {
    /// Ann has an account, and nobody is logged in.
    Stranger,
    /// Ann is logged in, without a second factor.
    LoggedIn,
    /// Ann is logged in, with a second factor.
    Enrolled,
    /// Ann's password was right, and the code is required.
    AwaitsCode,
}

const CODE: &str = "<the current code>";
const LINK: &str = "<the token of a link>";

struct Row {
    caller: Caller,
    path: &'static str,
    required: &'static [(&'static str, &'static str)],
    optional: &'static [&'static str],
    status: u16,
}

const fn row(
    caller: Caller,
    path: &'static str,
    required: &'static [(&'static str, &'static str)],
    optional: &'static [&'static str],
    status: u16,
) -> Row {
    Row { caller, path, required, optional, status }
}

const NAME_AND_PASSWORD: &[(&str, &str)] = &[("username", "ann"), ("password", PASSWORD)];
const OTHER_PASSWORD: &str = "nine tall ships go east";

/// Every route with optional fields, and a request that succeeds without them.
const ROWS: [Row; 11] = [
    row(
        Caller::Stranger,
        "/register",
        &[("username", "bob"), ("password", PASSWORD)],
        &["challenge"],
        201,
    ),
    row(
        Caller::Stranger,
        "/login",
        NAME_AND_PASSWORD,
        &["code", "next", "remember_device", "challenge"],
        200,
    ),
    row(Caller::AwaitsCode, "/login/code", &[("code", CODE)], &["next", "remember_device"], 200),
    row(
        Caller::Stranger,
        "/login/reset",
        &[("token", LINK), ("new_password", OTHER_PASSWORD)],
        &["code"],
        204,
    ),
    row(Caller::LoggedIn, "/account/two-factor", &[("code", CODE)], &["password"], 200),
    row(Caller::Enrolled, "/account/recovery-codes", &[], &["password", "code"], 200),
    row(
        Caller::LoggedIn,
        "/account/password",
        &[("new_password", OTHER_PASSWORD)],
        &["current_password", "code"],
        204,
    ),
    row(
        Caller::LoggedIn,
        "/account/sessions/revoke",
        &[("session", "others")],
        &["password", "code"],
        204,
    ),
    row(Caller::LoggedIn, "/session/confirm", &[("password", PASSWORD)], &["code", "next"], 200),
    row(
        Caller::Enrolled,
        "/session/confirm",
        &[("password", PASSWORD), ("code", CODE)],
        &["next"],
        200,
    ),
    // Without a password, a recent login and the refresh token are the proof.
    row(
        Caller::Enrolled,
        "/account/password",
        &[("new_password", OTHER_PASSWORD)],
        &["current_password", "code"],
        204,
    ),
];

/// Sends the required fields of the row and these others, from its caller at a new site.
async fn status_of(row: &Row, others: &[(&str, Value)]) -> u16 {
    let site = Site::new();
    let ann = site.script().registered("ann").await;
    let (mut client, code): (Client, String) = match row.caller {
        Caller::Stranger => (site.script(), String::new()),
        Caller::LoggedIn => {
            let mut ann = ann;
            let shown = ann.get("/account/two-factor").await.expect(200).json();
            let secret = shown["secret"].as_str().unwrap();
            let code = crate::site::Authenticator::new(secret, site.clock.clone()).code();
            (ann, code)
        }
        Caller::Enrolled => {
            let mut ann = ann;
            let (mut app, _) = ann.enrol().await;
            (ann, app.code())
        }
        Caller::AwaitsCode => {
            let mut ann = ann;
            let (mut app, _) = ann.enrol().await;
            let mut phone = site.script();
            phone.log_in("ann").await.expect(200);
            (phone, app.code())
        }
    };
    // A link ends the sessions of the account.
    let link = match row.path {
        "/login/reset" => crate::reset::token(&site, "ann").await,
        _ => String::new(),
    };
    let text = |value: &str| match value {
        CODE => Value::from(&*code),
        LINK => Value::from(&*link),
        _ => Value::from(value),
    };
    let mut body: Map<String, Value> =
        row.required.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
    body.extend(others.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    client.post_body(row.path, &Value::Object(body).to_string()).await.status
}

#[tokio::test]
async fn null_for_an_optional_field_counts_as_absent() {
    for row in &ROWS {
        let case = format!("{} {:?}", row.path, row.caller);
        assert_eq!(status_of(row, &[]).await, row.status, "{case} without the fields");
        for name in row.optional {
            assert_eq!(status_of(row, &[(name, Value::Null)]).await, row.status, "{case} {name}");
            // Another value that is not text is still rejected.
            assert_eq!(status_of(row, &[(name, 7.into())]).await, 422, "{case} {name}");
        }
        let all: Vec<_> = row.optional.iter().map(|name| (*name, Value::Null)).collect();
        assert_eq!(status_of(row, &all).await, row.status, "{case} all null");
    }
}

#[tokio::test]
async fn null_for_a_required_field_is_a_missing_field() {
    for row in ROWS.iter().filter(|row| !row.required.is_empty()) {
        for (name, _) in row.required {
            let status = status_of(row, &[(name, Value::Null)]).await;
            assert_eq!(status, 422, "{} {name}", row.path);
        }
    }
    let body = r#"{"username":null,"password":null}"#;
    let problem =
        Site::new().script().post_body("/login", body).await.expect_problem(422, "invalid-field");
    assert_eq!(problem["field"], "username");
    assert!(problem["detail"].as_str().unwrap().contains("missing"), "{problem}");
}

/// The OpenAPI document lists the optional fields, so a new one is not forgotten here.
#[cfg(feature = "utoipa")]
#[test]
fn the_table_has_every_optional_field() {
    use hallpass_core::{ApiSecurity, CookieSettings};
    use utoipa::openapi::{InfoBuilder, OpenApiBuilder};

    let info = InfoBuilder::new().title("the site").version("1").build();
    let mut api = OpenApiBuilder::new().info(info).build();
    Site::new().routes.describe(&mut api, &ApiSecurity::new(&CookieSettings::default()));
    let api = serde_json::to_value(&api).unwrap();
    let mut optional = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        let schema = &item["post"]["requestBody"]["content"]["application/json"]["schema"];
        let Some(properties) = schema["properties"].as_object() else { continue };
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in properties {
            let is_optional = !required.contains(&name.as_str().into());
            let types = &property["type"];
            assert_eq!(types.is_array(), is_optional, "{path} {name}: {types}");
            if is_optional {
                let mut rows = ROWS.iter().filter(|row| row.path == path);
                assert!(rows.any(|row| row.optional.contains(&name.as_str())), "{path} {name}");
                optional += 1;
            }
        }
    }
    assert!(optional >= 16, "{optional} optional fields");
}
