//! Sends 100,000 requests with valid and invalid tokens and checks each response. No store can be
//! reached: `tests/dependencies.rs` of hallpass-axum checks the dependency graph.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

use std::{convert::Infallible, future::ready};

use hallpass_core::Authentication;
use hallpass_test_support::tokens::{SiteRole, TokenOf, invalid_cookies, layer};
use hallpass_tower::require_roles;
use http::{Request, Response};
use tower::{Service, ServiceBuilder, service_fn};

#[tokio::test]
async fn flood_of_100_000_requests_is_decided_correctly() {
    const REQUESTS: usize = 100_000;

    let mut visitors: Vec<(&str, Option<String>, u16)> =
        invalid_cookies().into_iter().map(|(who, cookie, _)| (who, cookie, 401)).collect();
    visitors.push(("admin", Some(TokenOf::with(SiteRole::Admin).cookie()), 200));
    visitors.push(("moderator", Some(TokenOf::with(SiteRole::Moderator).cookie()), 403));
    visitors.push((
        "admin and guest",
        Some(TokenOf::with([SiteRole::Admin, SiteRole::Guest]).cookie()),
        200,
    ));

    let mut site = ServiceBuilder::new()
        .layer(layer())
        .layer(require_roles([SiteRole::Admin]))
        .service(service_fn(|request: Request<()>| {
            let who =
                request.extensions().get::<Authentication>().and_then(Authentication::username);
            ready(Ok::<_, Infallible>(Response::new(who.unwrap_or("nobody").to_owned())))
        }));
    for (who, cookie, status) in visitors.iter().cycle().take(REQUESTS) {
        let request = Request::get("/admin").header("accept", "application/json");
        let request =
            cookie.iter().fold(request, |request, cookie| request.header("cookie", cookie));
        let response = site.call(request.body(()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), *status, "{who}");
        assert_eq!(response.body() == "alice", *status == 200, "{who}");
    }
}
