//! 100,000 requests with every sort of pass, each answer checked. Nothing here can reach a store:
//! the dependency test of hallpass-axum reads that off the graph.

#![allow(clippy::unwrap_used, reason = "what a test prepares must be there")]

use std::{convert::Infallible, future::ready};

use hallpass_core::Authentication;
use hallpass_test_support::tokens::{SiteRole, TokenOf, invalid_cookies, layer};
use hallpass_tower::require_roles;
use http::{Request, Response};
use tower::{Service, ServiceBuilder, service_fn};

#[tokio::test]
async fn a_hundred_thousand_passes_are_each_judged_right() {
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
