//! jwt-authorizer, which requires axum 0.7. For a comparison, this module also has the page on axum
//! 0.7 without a guard.

use std::convert::Infallible;

use axum::body::Body;
use axum07::{Router, routing::get};
use hallpass_benches::{AUDIENCE, ISSUER, SECRET};
use http::{Request, Response};
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, Validation, layer::JwtSource};
use tower::{Service, ServiceExt};

use crate::token::Claims;

pub(crate) fn plain()
-> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync {
    on_todays_axum(router())
}

pub(crate) async fn site()
-> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync {
    let authorizer: Authorizer<Claims> =
        JwtAuthorizer::from_secret(str::from_utf8(&SECRET).unwrap())
            .validation(Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]).leeway(0))
            .jwt_source(JwtSource::Cookie("__Host-hallpass".into()))
            .check(Claims::names_an_admin)
            .build()
            .await
            .unwrap();
    on_todays_axum(router().layer(authorizer.into_layer()))
}

fn router() -> Router {
    Router::new().route("/admin", get(|| async { "hello" }))
}

/// Converts the bodies of axum 0.7, for both sites in the same way.
fn on_todays_axum(
    router: Router,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync {
    router
        .map_request(|request: Request<Body>| request.map(axum07::body::Body::new))
        .map_response(|response| response.map(Body::new))
}
