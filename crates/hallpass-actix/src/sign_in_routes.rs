//! The sign-in endpoints as resources of an actix-web app.
//!
//! Nothing is decided here: a request is copied into the framework-neutral form, `hallpass-signin` answers it, and the answer is
//! copied back.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue},
    web::{self, Bytes, Payload, ServiceConfig},
};
use hallpass_core::Role;
use hallpass_signin::{Body, EndpointRequest, EndpointResponse, SignIn};

use crate::{
    authentication::caller,
    everyone,
    refusal::{Refused, status},
};

/// The sign-in routes, for [`App::configure`](actix_web::App::configure).
///
/// They are under the paths that [`SignIn::routes`] names; do not scope them, since the pages and cookies link to those paths.
/// [`Auth`](crate::Auth) goes around them as around every other route: without it nobody would ever be signed in, so they refuse
/// and log that it is missing. Limits by address count the peer of the connection.
pub fn sign_in_routes<R: Role>(sign_in: &SignIn<R>) -> impl FnOnce(&mut ServiceConfig) + Clone + use<R> {
    let sign_in = sign_in.clone();
    move |config| {
        for route in sign_in.routes() {
            let sign_in = sign_in.clone();
            let endpoint = move |request: HttpRequest, payload: Payload| {
                let sign_in = sign_in.clone();
                async move {
                    let asked = read(&request, payload).await?;
                    Ok::<_, Refused>(response(sign_in.handle(asked).await))
                }
            };
            config.service(web::resource(route.path).wrap(everyone()).to(endpoint));
        }
    }
}

/// Reads at most the limit of the body. What is longer is not read to its end, so it costs no more than what is not.
async fn read(request: &HttpRequest, payload: Payload) -> Result<EndpointRequest, Refused> {
    let who = caller("sign_in_routes", request.extensions()).map_err(Refused::new)?.clone();
    let body = match payload.to_bytes_limited(EndpointRequest::BODY_LIMIT).await {
        Ok(Ok(bytes)) => Body::Whole(bytes.into()),
        Ok(Err(_)) => Body::Broken,
        Err(_) => Body::TooLarge,
    };
    Ok(EndpointRequest {
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        headers: EndpointRequest::HEADERS.iter().flat_map(|name| lines(request, name)).collect(),
        body,
        peer: request.peer_addr().as_ref().map(SocketAddr::ip),
        who,
    })
}

/// The lines of a header. HTTP/2 has the host in the request target (RFC 9113 section 8.3.1).
fn lines(request: &HttpRequest, name: &str) -> Vec<(String, Vec<u8>)> {
    let line = |value: &[u8]| (name.to_owned(), value.to_owned());
    match request.uri().authority() {
        Some(authority) if name == HOST => vec![line(authority.as_str().as_bytes())],
        _ => request.headers().get_all(name).map(|value| line(value.as_bytes())).collect(),
    }
}

fn response(answer: EndpointResponse) -> HttpResponse {
    let mut response = HttpResponse::new(status(answer.status));
    for (name, value) in answer.headers {
        // The endpoints write printable ASCII. What cannot be a header must not be dropped either: it may remove a cookie.
        let Ok(value) = HeaderValue::try_from(value) else {
            tracing::error!(target: "hallpass", name, "the sign-in routes made a header that is none");
            return HttpResponse::InternalServerError().finish();
        };
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
    // An answer to HEAD has a length and no body, and actix-web writes the length that the body says it has.
    let announced =
        response.headers_mut().remove(CONTENT_LENGTH).next().and_then(|length| length.to_str().ok()?.parse().ok());
    response.set_body(announced.map_or_else(|| BoxBody::new(answer.body), |length| BoxBody::new(Announced(length))))
}

/// The body of an answer to HEAD: so many bytes, none of which are sent.
struct Announced(u64);

impl MessageBody for Announced {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}
