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
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, HeaderName, HeaderValue},
        uri::Authority,
    },
    web::{self, Bytes, Payload, ServiceConfig},
};
use hallpass_core::Role;
use hallpass_signin::{Body, EndpointRequest, EndpointResponse, SignIn};

use crate::{authentication::caller, everyone, refusal::Refused};

/// The sign-in routes, for [`App::configure`](actix_web::App::configure), inside of [`Auth`](crate::Auth).
///
/// Each path is registered for every method, since the endpoints answer 405 themselves. Limits per address count by the
/// connection's peer.
pub fn sign_in_routes<R: Role>(sign_in: SignIn<R>) -> impl FnOnce(&mut ServiceConfig) + Clone {
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

async fn read(request: &HttpRequest, payload: Payload) -> Result<EndpointRequest, Refused> {
    let who = caller("sign_in_routes", request.extensions()).map_err(Refused::new)?.clone();
    let body = match payload.to_bytes_limited(EndpointRequest::BODY_LIMIT).await {
        Ok(Ok(bytes)) => Body::Whole(bytes.to_vec()),
        Ok(Err(_)) => Body::Broken,
        Err(_) => Body::TooLarge,
    };
    Ok(EndpointRequest {
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        headers: headers(request),
        body,
        peer: request.peer_addr().as_ref().map(SocketAddr::ip),
        who,
    })
}

fn headers(request: &HttpRequest) -> Vec<(String, Vec<u8>)> {
    let lines = |name: &'static str| request.headers().get_all(name).map(move |value| (name, value.as_bytes()));
    let mut headers: Vec<(String, Vec<u8>)> = EndpointRequest::HEADERS
        .iter()
        .flat_map(|name| lines(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // HTTP/2 says `:authority`, which actix-web keeps in the URI alone.
    if let (None, Some(authority)) = (lines("host").next(), request.uri().authority().map(Authority::as_str)) {
        headers.push(("host".to_owned(), authority.as_bytes().to_owned()));
    }
    headers
}

fn response(answer: EndpointResponse) -> HttpResponse {
    let EndpointResponse { status, headers, body } = answer;
    let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    // An answer to HEAD has a length and no body, and actix-web writes the length that the body says it has.
    let announced =
        response.headers_mut().remove(CONTENT_LENGTH).next().and_then(|length| length.to_str().ok()?.parse().ok());
    match announced {
        Some(length) => response.set_body(BoxBody::new(Announced(length))),
        None => response.set_body(BoxBody::new(body)),
    }
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
