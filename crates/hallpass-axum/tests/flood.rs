//! Sends 100,000 requests with valid and invalid tokens through axum, and checks each response.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    routing::get,
};
use hallpass_axum::Identity;
use hallpass_test_support::tokens::{SiteRole, TokenOf, invalid_cookies, layer};
use hallpass_tower::require_roles;
use http::Request;
use tower::Service;

async fn name(me: Identity<SiteRole>) -> String {
    me.username().to_owned()
}

async fn name_if_any(me: Option<Identity<SiteRole>>) -> String {
    me.map_or("nobody".to_owned(), |me| me.username().to_owned())
}

#[tokio::test]
async fn flood_of_100_000_requests_is_decided_correctly() {
    const REQUESTS: usize = 100_000;

    let mut visitors: Vec<_> = invalid_cookies()
        .into_iter()
        .map(|(who, cookie, _)| (who, cookie, [200, 401, 401]))
        .collect();
    visitors.push(("admin", Some(TokenOf::with(SiteRole::Admin).cookie()), [200, 200, 200]));
    visitors.push(("guest", Some(TokenOf::with(SiteRole::Guest).cookie()), [200, 200, 403]));
    let paths = ["/open", "/name", "/admin"];

    let mut site = Router::new()
        .route("/open", get(name_if_any))
        .route("/name", get(name))
        .route("/admin", get(name).route_layer(require_roles([SiteRole::Admin])))
        .layer(layer());
    let requests =
        visitors.iter().flat_map(|visitor| (0..paths.len()).map(move |path| (visitor, path)));
    for ((who, cookie, statuses), path) in requests.cycle().take(REQUESTS) {
        let request = Request::get(paths[path]).header("accept", "application/json");
        let request =
            cookie.iter().fold(request, |request, cookie| request.header("cookie", cookie));
        let response = site.call(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), statuses[path], "{who} {}", paths[path]);
        let body = to_bytes(response.into_body(), 4096).await.unwrap();
        let known = statuses[1] == 200 && statuses[path] == 200;
        assert_eq!(body == "alice", known, "{who} {}: {body:?}", paths[path]);
        assert_eq!(body == "nobody", path == 0 && !known, "{who} {}: {body:?}", paths[path]);
    }
}
