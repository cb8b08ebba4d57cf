//! The sign-in routes as a `Router`: requests are converted on the way in and answers on the way
//! out, and nothing is decided here.

use std::net::{IpAddr, SocketAddr};

use axum::{Router, body::Body, extract::ConnectInfo, routing::any};
use axum_core::response::{IntoResponse, Response};
use hallpass_core::{Authentication, Role};
use hallpass_tower::{Rejected, RejectedRequest, public};
use hallpass_web::{Body as EndpointBody, EndpointRequest, EndpointResponse, Routes};
use http::{HeaderName, HeaderValue, Request, StatusCode, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The sign-in routes, to be merged into a site's router.
///
/// They are under the paths that [`Routes::routes`] names; do not nest them, since the pages and
/// cookies link to those paths. The [`AuthLayer`](hallpass_tower::AuthLayer) goes around them as
/// around every other route: without it nobody would ever be signed in, so they refuse and log that
/// it is missing.
///
/// Limits by address count the peer of the connection, which axum tells where the site is served
/// with `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn routes<R: Role, S>(routes: &Routes<R>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let router = routes.routes().into_iter().fold(Router::new(), |router, route| {
        let routes = routes.clone();
        router.route(
            route.path,
            any(move |request: Request<Body>| {
                let routes = routes.clone();
                async move { respond(&routes, request).await }
            }),
        )
    });
    // The endpoints ask for themselves.
    router.layer(public())
}

async fn respond<R: Role>(routes: &Routes<R>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Some(who) = parts.extensions.get::<Authentication>().cloned() else {
        return Rejected::without_layer("routes", RejectedRequest::of_parts(&parts))
            .into_response();
    };
    let uri = &parts.uri;
    let authority = uri.authority().map(|authority| authority.as_str());
    let head = EndpointRequest::head(
        parts.method.as_str(),
        authority,
        (uri.path(), uri.query()),
        who,
        |name| parts.headers.get_all(name).iter().map(HeaderValue::as_bytes),
    );
    let request = EndpointRequest { peer: peer(&parts), body: read(body).await, ..head };
    into_response(routes.handle(request).await)
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// Reads at most the limit. What is longer is not read to its end, so it costs no more than what is
/// not.
async fn read(body: Body) -> EndpointBody {
    match Limited::new(body, EndpointRequest::BODY_LIMIT).collect().await {
        Ok(whole) => EndpointBody::Whole(whole.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => EndpointBody::TooLarge,
        Err(_) => EndpointBody::Broken,
    }
}

fn into_response(answer: EndpointResponse) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // The endpoints write printable ASCII. What cannot be a header must not be dropped either:
        // it may remove a cookie.
        let Ok(value) = HeaderValue::try_from(value) else {
            tracing::error!(target: "hallpass", name, "the sign-in routes made a header that is none");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
    response
}
