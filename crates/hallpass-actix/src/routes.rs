//! The sign-in endpoints as resources of an actix-web app.
//!
//! Nothing is decided here: a request is copied into the framework-neutral form, `hallpass-web`
//! answers it, and the answer is copied back.

use std::net::SocketAddr;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, SizedStream},
    dev::{self, AppService, HttpServiceFactory},
    http::header::{CONTENT_LENGTH, HeaderValue},
    web::{self, Payload},
};
use hallpass_core::Role;
use hallpass_web::{Body, EndpointRequest, EndpointResponse, Routes};

use crate::{
    authentication::{Rejected, caller, status},
    require::public,
};

/// Returns the login routes, for [`App::service`](actix_web::App::service).
///
/// They are under the paths that [`Routes::routes`] names; do not scope them, since the pages and
/// cookies link to those paths. The [`AuthLayer`](crate::AuthLayer) goes around them as around
/// every other route: without it nobody would ever be logged in, so they refuse and log that it is
/// missing. Limits by address count the peer of the connection.
pub fn routes<R: Role>(routes: &Routes<R>) -> LoginRoutes<R> {
    LoginRoutes(routes.clone())
}

/// The login routes as a service of an actix-web app.
#[derive(Clone)]
pub struct LoginRoutes<R>(Routes<R>);

impl<R: Role> HttpServiceFactory for LoginRoutes<R> {
    fn register(self, config: &mut AppService) {
        for route in self.0.routes() {
            let routes = self.0.clone();
            let endpoint = move |request, payload| {
                let routes = routes.clone();
                async move { respond(&routes, request, payload).await }
            };
            web::resource(route.path).wrap(public()).to(endpoint).register(config);
        }
    }
}

async fn respond<R: Role>(
    routes: &Routes<R>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Rejected> {
    let who = caller("routes", request.extensions()).map_err(Rejected::new)?.clone();
    // Read to the limit at most. What is longer is not read to its end, so it costs no more than
    // what is not.
    let body = match payload.to_bytes_limited(EndpointRequest::BODY_LIMIT).await {
        Ok(Ok(bytes)) => Body::Whole(bytes.into()),
        Ok(Err(_)) => Body::Broken,
        Err(_) => Body::TooLarge,
    };
    let (uri, headers) = (request.uri(), request.headers());
    let authority = uri.authority().map(|authority| authority.as_str());
    let lines = |name| headers.get_all(name).map(HeaderValue::as_bytes);
    let head = EndpointRequest::head(
        request.method().as_str(),
        authority,
        (uri.path(), uri.query()),
        who,
        lines,
    );
    let peer = request.peer_addr().as_ref().map(SocketAddr::ip);
    Ok(response(routes.handle(EndpointRequest { peer, body, ..head }).await))
}

fn response(answer: EndpointResponse) -> HttpResponse {
    let mut response = HttpResponse::build(status(answer.status));
    // The endpoints write printable ASCII. What cannot be a header makes an error of the answer
    // instead of being dropped: it may remove a cookie.
    for header in answer.headers {
        response.append_header(header);
    }
    let mut response = response.finish();
    // An answer to HEAD has a length and no body, and actix-web writes the length that the body
    // says it has.
    let length = response
        .headers_mut()
        .remove(CONTENT_LENGTH)
        .next()
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let only = |length| BoxBody::new(SizedStream::new(length, NO_BODY));
    response.set_body(length.map_or_else(|| BoxBody::new(answer.body), only))
}

const NO_BODY: dev::Payload = dev::Payload::None;
