//! The same names on axum and actix-web.

use std::net::SocketAddr;

use axum::{Router, body::Body, http::Request, response::Response, routing::get};
use hallpass::{
    Allowed, Hallpass, Identity, Permission, Rejection, RejectionKind, Requirement,
    request::RejectedRequest, require_login,
};
use hallpass_test_support::http;
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::site::SiteRole;

struct Administer;

impl Permission for Administer {
    type Role = SiteRole;

    fn requirement() -> Requirement {
        Requirement::all_of([SiteRole::Admin])
    }
}

async fn open() -> Hallpass<SiteRole> {
    Hallpass::open("sqlite::memory:").await.unwrap()
}

/// Renders the site's own page, with the same function on axum and on actix-web.
fn page(rejection: Rejection, request: &RejectedRequest<'_>) -> Option<String> {
    let language = request.header("accept-language").unwrap_or("none");
    let who = request.authentication().username().is_none();
    (rejection.kind() == RejectionKind::NotLoggedIn).then(|| {
        format!("{} {} {} {language} {who}", request.method(), request.path(), request.target())
    })
}

const PAGE: &str = "GET /profile /profile?a=1 nl true";

async fn hello(me: Option<Identity<SiteRole>>) -> String {
    me.map_or("nobody".to_owned(), |me| me.username().to_owned())
}

async fn administer(admin: Allowed<Administer>) -> String {
    admin.username().to_owned()
}

#[tokio::test]
async fn protected_router_serves_with_and_without_connect_info() {
    let hallpass = open().await;
    let app = Router::new()
        .route("/profile", get(hello).route_layer(require_login()))
        .merge(hallpass.routes());
    let site = hallpass.protect(app);
    let (plain, with_address) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let addresses = [plain.local_addr().unwrap(), with_address.local_addr().unwrap()];
    tokio::spawn(axum::serve(plain, site.clone()).into_future());
    tokio::spawn(
        axum::serve(with_address, site.into_make_service_with_connect_info::<SocketAddr>())
            .into_future(),
    );
    for address in addresses {
        assert_eq!(status(address, "/profile").await, 401);
        assert_eq!(status(address, "/login").await, 200);
        assert_eq!(status(address, "/nowhere").await, 404);
    }
}

async fn status(address: SocketAddr, path: &str) -> u16 {
    let request = http::Request::new("GET", path).header("accept", "application/json");
    http::send(address, &request).await.status
}

#[tokio::test]
async fn on_axum_the_layer_renders_the_sites_own_page() {
    let hallpass = open().await;
    let app = Router::new()
        .route("/", get(hello))
        .route("/profile", get(hello).route_layer(require_login()))
        .route("/admin", get(administer));
    let own = hallpass.layer().on_rejection(|rejection, request| {
        page(rejection, request).map(|page| Response::new(Body::from(page)))
    });
    let site = own.protect(app.clone());
    let request =
        Request::get("/profile?a=1").header("accept", "text/html").header("accept-language", "nl");
    let response = site.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), PAGE);
    let admin =
        Request::get("/admin").header("accept", "application/json").body(Body::empty()).unwrap();
    assert_eq!(site.oneshot(admin).await.unwrap().status(), 401);
    let strict = hallpass.layer().deny_unguarded_routes().protect(app);
    let open = strict.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(open.status(), 500);
}

#[cfg(feature = "actix")]
#[actix_web::test]
async fn on_actix_the_layer_renders_the_sites_own_page() {
    use actix_web::{App, HttpResponse, test, web};

    let hallpass = open().await;
    let site = || {
        App::new()
            .route("/", web::get().to(hello))
            .service(web::resource("/profile").wrap(require_login()).to(hello))
            .route("/admin", web::get().to(administer))
            .service(web::resource("/form").wrap(hallpass.origin_layer()).to(hello))
            .service(hallpass.routes())
    };
    let own = hallpass.layer().on_rejection(|rejection, request| {
        assert!(request.actix().is_some());
        page(rejection, request).map(|page| HttpResponse::Ok().body(page))
    });
    let app = test::init_service(site().wrap(own)).await;
    let get = |path| test::TestRequest::with_uri(path).insert_header(("accept", "text/html"));
    let profile = get("/profile?a=1").insert_header(("accept-language", "nl")).to_request();
    let response = test::call_service(&app, profile).await;
    assert_eq!(response.status(), 401);
    assert_eq!(test::read_body(response).await, PAGE);
    let json = ("accept", "application/json");
    for (request, status) in [
        (get("/"), 200),
        (get("/login"), 200),
        (get("/admin").insert_header(json), 401),
        (
            get("/form")
                .method(actix_web::http::Method::POST)
                .insert_header(("sec-fetch-site", "cross-site")),
            403,
        ),
    ] {
        assert_eq!(test::call_service(&app, request.to_request()).await.status(), status);
    }
    let strict = test::init_service(site().wrap(hallpass.layer().deny_unguarded_routes())).await;
    assert_eq!(test::call_service(&strict, get("/").to_request()).await.status(), 500);
}
