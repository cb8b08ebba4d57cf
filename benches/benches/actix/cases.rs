//! The benchmark cases on actix-web. Each future is ready when it is first polled, so the cases
//! poll it directly and the measurement does not include a runtime.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use actix_http::Request;
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    rt::System,
    test::{TestRequest, init_service},
    web,
};
use hallpass_actix::{AuthLayer, Identity, require_roles};
use hallpass_benches::{AUDIENCE, ISSUER, NOW, SiteRole, full_claims_token, ring};
use hallpass_core::{Algorithm, Clock, UnixTime, Verifier};

#[derive(Clone, Copy)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> UnixTime {
        NOW
    }
}

/// Returns the middleware, which remembers tokens of asymmetric keys.
fn auth(algorithm: Algorithm) -> AuthLayer<SiteRole> {
    let verifier = Verifier::<SiteRole>::new(ring(algorithm).unwrap(), ISSUER, AUDIENCE);
    AuthLayer::new(verifier).clock(Frozen)
}

fn request(cookie: &str) -> Request {
    TestRequest::with_uri("/admin")
        .insert_header(("cookie", cookie.to_owned()))
        .insert_header(("accept", "text/html"))
        .to_request()
}

/// A benchmark case: a site, and the cookies of an admin of that site.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    cookie: String,
    call: Box<dyn Fn(Request) -> u16>,
}

impl Case {
    fn new<S, B>(name: &'static str, algorithm: Algorithm, app: S) -> Self
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
        B: MessageBody,
    {
        let token = full_claims_token(ring(algorithm).unwrap()).unwrap();
        let cookie = format!("theme=dark; __Host-hallpass={token}");
        let call = move |request| ready(app.call(request)).unwrap().status().as_u16();
        assert_eq!(call(request(&cookie)), 200, "{name}");
        if name.contains("guard") || name.contains("extractor") {
            assert_eq!(call(request("theme=dark")), 303, "{name}: a request without a token");
        }
        Self { name, cookie, call: Box::new(call) }
    }

    pub(crate) fn request(&self) -> Request {
        request(&self.cookie)
    }

    pub(crate) fn call(&self, request: Request) -> u16 {
        (self.call)(request)
    }
}

/// Returns all cases. Each case was checked with a valid request.
pub(crate) fn cases() -> Vec<Case> {
    System::new().block_on(build())
}

async fn build() -> Vec<Case> {
    let plain = || web::resource("/admin").to(async || "hello");
    let guarded =
        || web::resource("/admin").wrap(require_roles([SiteRole::Admin])).to(async || "hello");
    let extracted = web::resource("/admin").to(async |me: Identity<SiteRole>| {
        drop(me);
        "hello"
    });
    let middleware = App::new().service(plain()).wrap(auth(HS256));
    let guard = |algorithm| App::new().service(guarded()).wrap(auth(algorithm));
    let extractor = App::new().service(extracted).wrap(auth(HS256));
    vec![
        Case::new(PLAIN, HS256, init_service(App::new().service(plain())).await),
        Case::new("middleware", HS256, init_service(middleware).await),
        Case::new(GUARDED, HS256, init_service(guard(HS256)).await),
        Case::new("middleware and extractor", HS256, init_service(extractor).await),
        Case::new(
            "middleware and guard, remembered",
            REMEMBERED,
            init_service(guard(REMEMBERED)).await,
        ),
    ]
}

const HS256: Algorithm = Algorithm::Hs256;
/// An algorithm whose tokens are remembered. After the first request the cost is the same for all
/// algorithms.
const REMEMBERED: Algorithm = Algorithm::EdDsa;

pub(crate) const PLAIN: &str = "plain";
pub(crate) const GUARDED: &str = "middleware and guard";

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is not ready"),
    }
}
