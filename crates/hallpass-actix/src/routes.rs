//! The login routes as resources of an actix-web app.
//!
//! This module only converts: it copies a request into the framework-neutral form, and copies the
//! response of `hallpass-web` back.

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
/// They are at the [paths](Routes::paths) with and without the path prefix of the site's public
/// origin. They may also be in a scope at this prefix, but not in another one: the pages and
/// redirects contain their paths. Wrap the app in [`AuthLayer`](crate::AuthLayer): without
/// it no caller would be logged in, so the routes return 500 and log an error. Rate limits by
/// address use the address of the connection's peer, or the client address from a configured proxy.
pub fn routes<R: Role>(routes: &Routes<R>) -> LoginRoutes<R> {
    LoginRoutes(routes.clone())
}

/// The login routes as a service of an actix-web app.
#[derive(Clone)]
pub struct LoginRoutes<R>(Routes<R>);

impl<R: Role> HttpServiceFactory for LoginRoutes<R> {
    fn register(self, config: &mut AppService) {
        for path in self.0.paths() {
            let routes = self.0.clone();
            let endpoint = move |request, payload| {
                let routes = routes.clone();
                async move { respond(&routes, request, payload).await }
            };
            web::resource(path).wrap(public()).to(endpoint).register(config);
        }
    }
}

async fn respond<R: Role>(
    routes: &Routes<R>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Rejected> {
    let who = caller("routes", request.extensions()).map_err(Rejected::new)?.clone();
    // Reads at most the limit. The rest of a longer body is not read, so it costs no more than a
    // body of that length.
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
    // The endpoints set printable ASCII. An invalid header turns the response into an error. If the
    // header were dropped instead, a cookie that it removes could stay.
    for header in answer.headers {
        response.append_header(header);
    }
    let mut response = response.finish();
    // A response to `HEAD` has a length and no body. actix-web sends the length that the body
    // reports.
    let length = response
        .headers_mut()
        .remove(CONTENT_LENGTH)
        .next()
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let only = |length| BoxBody::new(SizedStream::new(length, NO_BODY));
    response.set_body(length.map_or_else(|| BoxBody::new(answer.body), only))
}

const NO_BODY: dev::Payload = dev::Payload::None;
