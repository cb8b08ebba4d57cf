//! Checks that the OpenAPI document of a site matches the behaviour of its routes, on axum and on
//! actix-web.

#![allow(clippy::unwrap_used, reason = "`unwrap` is an assertion in a test")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
    routing::get,
};
use hallpass::keys::KeyRing;
use hallpass::request::{ApiSecurity, RouteTable};
use hallpass::store::SqliteStore;
use hallpass::{CookieSettings, Hallpass, Role, UnixTime, public, require_at_least, require_login};
use hallpass_testkit::Kit;
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

#[derive(OpenApi)]
#[openapi(info(title = "reports", version = "1"), paths(front, profile, report))]
struct Api;

#[utoipa::path(get, path = "/", responses((status = 200, description = "The front page")))]
async fn front() -> &'static str {
    "the front page"
}

#[utoipa::path(get, path = "/profile", responses((status = 200, description = "You")))]
async fn profile() -> &'static str {
    "you"
}

#[utoipa::path(get, path = "/reports/{id}", responses((status = 200, description = "The report")))]
async fn report() -> &'static str {
    "the report"
}

fn document(api: &utoipa::openapi::OpenApi) -> Value {
    serde_json::from_str(&api.to_json().unwrap()).unwrap()
}

/// Returns the status that the document describes for a request with these roles. The request is
/// accepted if it has all roles of one alternative.
fn promised(operation: &Value, roles: Option<&[&str]>) -> u16 {
    let alternatives = operation["security"].as_array().unwrap();
    let Some(roles) = roles else { return if alternatives.is_empty() { 200 } else { 401 } };
    let has = |needed: &Value| {
        needed.as_array().unwrap().iter().all(|role| roles.contains(&role.as_str().unwrap()))
    };
    let enough = |alternative: &Value| alternative.as_object().unwrap().values().all(has);
    if alternatives.is_empty() || alternatives.iter().any(enough) { 200 } else { 403 }
}

fn check_security(document: &Value) {
    let security = |path: &str| document["paths"][path]["get"]["security"].clone();
    let either = |roles: &[Value]| {
        let with =
            |scheme: &str| roles.iter().map(|roles| json!({ scheme: roles })).collect::<Vec<_>>();
        Value::Array([with("hallpass"), with("hallpass-bearer")].concat())
    };
    assert_eq!(security("/"), json!([]));
    assert_eq!(security("/profile"), either(&[json!([])]));
    assert_eq!(security("/reports/{id}"), either(&[json!(["moderator"]), json!(["admin"])]));
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["hallpass"]["name"], "__Host-hallpass");
    assert_eq!(schemes["hallpass-bearer"]["scheme"], "bearer");
    let refused = &document["paths"]["/reports/{id}"]["get"]["responses"]["403"];
    assert!(refused["content"]["application/problem+json"].is_object(), "{refused}");
    assert!(
        document["components"]["responses"]["HallpassSignedOut"]["content"]["application/problem+json"].is_object()
    );
}

#[tokio::test]
async fn openapi_document_matches_the_axum_routes() {
    let kit = Kit::<SiteRole>::new();
    let site = hallpass::axum::GuardedRouter::new()
        .route("/", public(), get(front))
        .route("/profile", require_login(), get(profile))
        .route("/reports/{id}", require_at_least(SiteRole::Moderator), get(report));
    let mut api = Api::openapi();
    kit.request_authenticator().api_security().describe(&mut api, &site.table());
    let text = api.to_json().unwrap();
    let app: Router = site
        .into_router()
        .route("/openapi.json", get(move || async move { text.clone() }))
        .layer(kit.layer());

    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let document: Value =
        serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap();
    check_security(&document);

    for path in ["/", "/profile", "/reports/7"] {
        let operation = &document["paths"][path.replace('7', "{id}")]["get"];
        for role in SiteRole::ALL {
            let status =
                app.clone().oneshot(kit.as_user(*role).get_json(path)).await.unwrap().status();
            assert_eq!(status, promised(operation, Some(&[role.name()])), "{path} as {role:?}");
        }
        let status = app.clone().oneshot(kit.as_stranger().get_json(path)).await.unwrap().status();
        assert_eq!(status, promised(operation, None), "{path} without a token");
    }
}

#[actix_web::test]
async fn openapi_document_matches_the_actix_routes() {
    use actix_web::{App, test, web};
    use hallpass::actix::GuardedRouter;

    let reports = GuardedRouter::new().route(
        "/{id:[0-9]+}",
        require_at_least(SiteRole::Moderator),
        web::get().to(report),
    );
    let site = GuardedRouter::new()
        .route("/", public(), web::get().to(front))
        .route("/profile", require_login(), web::get().to(profile))
        .nest("/reports", reports);
    let kit = Kit::<SiteRole>::new();
    let mut api = Api::openapi();
    kit.request_authenticator().api_security().describe(&mut api, &site.table());
    let document = document(&api);
    check_security(&document);

    let app = test::init_service(App::new().wrap(kit.layer()).configure(site.into_config())).await;
    for path in ["/", "/profile", "/reports/7"] {
        let operation = &document["paths"][path.replace('7', "{id}")]["get"];
        for role in SiteRole::ALL {
            let request = kit.as_user(*role).actix_request(actix_web::http::Method::GET, path);
            let request = request.insert_header(("accept", "application/json")).to_request();
            let status = test::call_service(&app, request).await.status().as_u16();
            assert_eq!(status, promised(operation, Some(&[role.name()])), "{path} as {role:?}");
        }
    }
}

#[test]
fn utoipa_axum_router_works_with_a_manual_route_table() {
    let (router, mut api): (Router, _) =
        OpenApiRouter::new().routes(routes!(report)).split_for_parts();
    let guard = require_at_least(SiteRole::Moderator);
    let mut table = RouteTable::new();
    table.state("/reports/{id}", *guard.requirement());
    ApiSecurity::new(&CookieSettings::default()).describe(&mut api, &table);
    let security = &document(&api)["paths"]["/reports/{id}"]["get"]["security"];
    assert_eq!(*security, json!([{ "hallpass": ["moderator"] }, { "hallpass": ["admin"] }]));
    drop(router.route_layer(guard));
}

#[tokio::test]
async fn openapi_document_has_every_served_account_route() {
    let store = SqliteStore::open("sqlite::memory:").await.unwrap();
    let keys = KeyRing::generate_hs256(
        hallpass_test_support::random::bytes(7),
        UnixTime::from_secs(1_764_000_000),
    );
    let site = Hallpass::<SiteRole>::builder(store).keys(keys).everything().start().await.unwrap();
    let mut api = Api::openapi();
    let security = site.request_authenticator().api_security();
    security.describe(&mut api, &RouteTable::new());
    site.endpoints().describe(&mut api, &security);
    let document = document(&api);

    let files = ["/hallpass.css", "/hallpass.js"];
    for route in site.endpoints().routes().into_iter().filter(|route| !files.contains(&route.path))
    {
        let item = document["paths"][route.path]
            .as_object()
            .unwrap_or_else(|| panic!("{} is not in the document", route.path));
        let methods: Vec<String> = item.keys().map(|method| method.to_uppercase()).collect();
        assert!(
            route
                .methods
                .iter()
                .filter(|it| **it != "HEAD")
                .all(|it| methods.contains(&(*it).to_owned())),
            "{route:?}"
        );
    }
    let login = &document["paths"]["/login"]["post"];
    assert_eq!(login["security"], json!([]));
    let form = &login["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
    assert_eq!(form["required"], json!(["username", "password"]));
    assert!(form["properties"]["next"].is_object() && login["responses"]["429"].is_object());
    assert_eq!(
        document["paths"]["/account/password"]["post"]["security"],
        json!([{ "hallpass": [] }])
    );
}
