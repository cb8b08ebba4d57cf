//! The login routes as a `Router`.
//!
//! This module only converts: it copies a request into the framework-neutral form, and copies the
//! response of `hallpass-web` back.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    routing::any,
};
use axum_core::response::{IntoResponse, Response};
use hallpass_core::{Authentication, Role};
use hallpass_tower::{Rejected, RejectedRequest, public};
use hallpass_web::{Body as EndpointBody, EndpointRequest, EndpointResponse, Routes};
use http::{
    HeaderName, HeaderValue, Request, StatusCode, Version, header::CONNECTION, request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use zeroize::Zeroizing;

/// Returns the login routes, for [`Router::merge`].
///
/// They are at the [paths](Routes::paths) with and without the path prefix of the site's public
/// origin. They may also be nested at this prefix, but not at another one: the pages and redirects
/// contain their paths. Put [`AuthLayer`](hallpass_tower::AuthLayer) around them: without
/// it no caller would be logged in, so the routes return 500 and log an error.
///
/// Rate limits by address use the address of the connection's peer, or the client address from a
/// configured proxy. axum provides the peer if the site is served with
/// `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn routes<R: Role, S>(routes: &Routes<R>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let router = routes.paths().into_iter().fold(Router::new(), |router, path| {
        let routes = routes.clone();
        router.route(
            &path,
            any(move |request: Request<Body>| {
                let routes = routes.clone();
                async move { respond(&routes, request).await }
            }),
        )
    });
    // The endpoints check their requirements themselves.
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
    let head = EndpointRequest { peer: peer(&parts), ..head };
    let response = routes.handle_reading(head, read(body)).await;
    // The rest of a late body is not read. Over HTTP/1 no other request can follow it (RFC 9110
    // section 15.5.9). HTTP/2 has no such header.
    let closes = response.status == 408 && parts.version < Version::HTTP_2;
    let mut response = into_response(response);
    if closes {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// Reads at most the limit. The rest of a longer body is not read, so it costs no more than a body
/// of that length.
async fn read(body: Body) -> EndpointBody {
    match Limited::new(body, EndpointRequest::BODY_LIMIT).collect().await {
        Ok(whole) => EndpointBody::Whole(whole.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => EndpointBody::TooLarge,
        Err(_) => EndpointBody::Broken,
    }
}

fn into_response(answer: EndpointResponse) -> Response {
    // Zeroized when the server drops it: the body may contain a key or recovery codes.
    let body = Bytes::from_owner(Zeroizing::new(answer.body));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // The endpoints set printable ASCII. An invalid header turns the response into an error. If
        // the header were dropped instead, a cookie that it removes could stay.
        let Ok(value) = HeaderValue::try_from(value) else {
            tracing::error!(target: "hallpass", name, "the response of a login route has an invalid header");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
    response
}
