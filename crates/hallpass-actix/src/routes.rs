//! The login routes as resources of an actix-web app.
//!
//! This module only converts: it copies a request into the framework-neutral form, and copies the
//! response of `hallpass-web` back.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BodySize, BodyStream, BoxBody, MessageBody, to_bytes_limited},
    dev::{AppService, HttpServiceFactory},
    http::header::{CONTENT_LENGTH, HeaderValue},
    web::{self, Bytes, Payload},
};
use hallpass_core::Role;
use zeroize::Zeroizing;

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
    mut payload: Payload,
) -> Result<HttpResponse, Rejected> {
    let who = caller("routes", request.extensions()).map_err(Rejected::new)?.clone();
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
    let head = EndpointRequest { peer, ..head };
    let answer = routes.handle_reading(head, read(&mut payload)).await;
    Ok(response(answer, payload))
}

/// Reads at most the limit. The rest of a longer body is not read, so it costs no more than a body
/// of that length.
async fn read(payload: &mut Payload) -> Body {
    match to_bytes_limited(BodyStream::new(payload), EndpointRequest::BODY_LIMIT).await {
        Ok(Ok(bytes)) => Body::Whole(bytes.into()),
        Ok(Err(_)) => Body::Broken,
        Err(_) => Body::TooLarge,
    }
}

fn response(answer: EndpointResponse, unread: Payload) -> HttpResponse {
    let mut response = HttpResponse::build(status(answer.status));
    if answer.status == 408 {
        // The rest of a late body is not read, so no other request can follow it (RFC 9110 section
        // 15.5.9).
        response.force_close();
    }
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
    // Zeroized when the server drops it: the body may contain a key or recovery codes.
    let text = Bytes::from_owner(Zeroizing::new(answer.body));
    let length = length.unwrap_or(text.len() as u64);
    response.set_body(BoxBody::new(Answer { length, text: Some(text), _unread: unread }))
}

/// The body of a response. It keeps the body of the request, of which a part may not have arrived.
///
/// If that were dropped before the response is sent, actix-http would wait for the rest of a
/// chunked body without a time limit, and the client would keep its connection (slow-body attack).
/// Tested in `suite/deadline.rs` of hallpass-conformance.
struct Answer {
    length: u64,
    text: Option<Bytes>,
    _unread: Payload,
}

impl MessageBody for Answer {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let text = self.get_mut().text.take().filter(|text| !text.is_empty());
        Poll::Ready(text.map(Ok))
    }
}
