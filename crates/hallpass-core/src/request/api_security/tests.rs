use std::time::Duration;

use serde_json::{Value, json};
use utoipa::openapi::{
    HttpMethod, InfoBuilder, OpenApiBuilder, PathsBuilder, path::OperationBuilder,
};

use super::*;
use crate::{
    keys::key_ring::KeyRing,
    time::unix_time::UnixTime,
    token::{role::RoleSet, verifier::Verifier},
};

#[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

/// Returns the document of a path with `GET` and `POST` and this requirement.
fn guarded(security: &ApiSecurity, asks: Requirement) -> Value {
    let mut item = PathItem::new(HttpMethod::Get, OperationBuilder::new());
    item.post = Some(
        OperationBuilder::new()
            .response("403", ResponseBuilder::new().description("our own"))
            .build(),
    );
    let info = InfoBuilder::new().title("a site").version("1").build();
    let mut api =
        OpenApiBuilder::new().info(info).paths(PathsBuilder::new().path("/a/{id}", item)).build();
    let mut table = RouteTable::new();
    table.state("/a/{id:[0-9]{4}}", asks);
    table.state("(anything else)", Requirement::public());
    security.describe(&mut api, &table);
    serde_json::from_str(&api.to_json().unwrap()).unwrap()
}

fn security_of(asks: Requirement) -> Value {
    guarded(&ApiSecurity::new(&CookieSettings::default()), asks)["paths"]["/a/{id}"]["get"]["security"].clone()
}

#[test]
fn openapi_all_of_is_one_alternative_any_of_is_several() {
    use SiteRole::{Admin, Guest, Moderator};
    assert_eq!(security_of(Requirement::public()), json!([]));
    assert_eq!(security_of(Requirement::login()), json!([{ "hallpass": [] }]));
    assert_eq!(
        security_of(Requirement::all_of([Guest, Admin])),
        json!([{ "hallpass": ["guest", "admin"] }])
    );
    let moderator_or_more = json!([{ "hallpass": ["moderator"] }, { "hallpass": ["admin"] }]);
    assert_eq!(security_of(Requirement::at_least(Moderator)), moderator_or_more);
    // An empty list would mean that the route is public.
    let nobody = Requirement::any_of(RoleSet::<SiteRole>::EMPTY);
    assert_eq!(security_of(nobody), json!([{ "hallpass": [] }]));
}

#[test]
fn openapi_schemes_match_the_authenticator() {
    let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
    let cookies = CookieSettings::builder().access_name("pass").build().unwrap();
    let authenticator =
        RequestAuthenticator::new(Verifier::<SiteRole>::new(keys, "https://site.example", "site"))
            .cookies(&cookies)
            .bearer();
    let api = guarded(&authenticator.api_security(), Requirement::login());
    let schemes = &api["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["hallpass"]["in"], &schemes["hallpass"]["name"]),
        (&json!("cookie"), &json!(cookies.access_name()))
    );
    assert_eq!(
        schemes["hallpass-bearer"],
        json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" })
    );
    assert_eq!(
        api["paths"]["/a/{id}"]["get"]["security"],
        json!([{ "hallpass": [] }, { "hallpass-bearer": [] }])
    );
}

#[test]
fn openapi_403_is_written_for_every_unmet_requirement() {
    for (asks, factor, fresh) in [
        (Requirement::all_of([SiteRole::Admin]), Value::Null, Value::Null),
        (Requirement::any_of([SiteRole::Admin]), Value::Null, Value::Null),
        (Requirement::login().and_second_factor(), json!(true), Value::Null),
        (Requirement::login().and_recent(Duration::from_secs(600)), Value::Null, json!(600)),
    ] {
        let get = &guarded(&ApiSecurity::new(&CookieSettings::default()), asks)["paths"]["/a/{id}"]
            ["get"];
        assert!(get["responses"]["403"].is_object(), "{asks}");
        assert_eq!(
            (&get["x-required-second-factor"], &get["x-required-sign-in-within-seconds"]),
            (&factor, &fresh)
        );
    }
}

#[test]
fn openapi_rejections_are_problems_with_extensions() {
    let asks = Requirement::all_of([SiteRole::Admin])
        .and_second_factor()
        .and_recent(Duration::from_secs(600));
    let api = guarded(&ApiSecurity::new(&CookieSettings::default()), asks);
    let get = &api["paths"]["/a/{id}"]["get"];
    assert_eq!(get["responses"]["401"]["$ref"], "#/components/responses/HallpassSignedOut");
    assert_eq!(
        get["responses"]["403"]["description"],
        "The caller does not meet the requirement: all of admin; second factor; within 600 s."
    );
    let schema = &get["responses"]["403"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(schema, "#/components/schemas/HallpassProblem");
    assert!(
        api["components"]["schemas"]["HallpassProblem"]["properties"]["status"]["type"]
            == "integer"
    );
    assert_eq!(
        (&get["x-required-second-factor"], &get["x-required-sign-in-within-seconds"]),
        (&json!(true), &json!(600))
    );
    assert_eq!(
        api["paths"]["/a/{id}"]["post"]["responses"]["403"]["description"], "our own",
        "an existing response is kept"
    );

    let login = guarded(&ApiSecurity::new(&CookieSettings::default()), Requirement::login());
    assert_eq!(
        login["paths"]["/a/{id}"]["get"]["responses"]["403"],
        Value::Null,
        "a logged-in caller meets the requirement"
    );
    let open = guarded(&ApiSecurity::new(&CookieSettings::default()), Requirement::public());
    assert_eq!(open["paths"]["/a/{id}"]["get"]["responses"], json!({}));
}

#[test]
fn routes_are_found_by_their_openapi_form() {
    for (route, path) in [
        ("/a/{id}/b", "/a/{id}/b"),
        ("/files/{*rest}", "/files/{rest}"),
        ("/a/{id:[0-9]{4}}/{tail:.*}", "/a/{id}/{tail}"),
    ] {
        assert_eq!(template(route), path);
    }
}
