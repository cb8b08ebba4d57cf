//! The benchmark cases on axum. The case "no-op layers" has two layers that do nothing in the
//! places of hallpass's two layers, and so measures the cost of axum's boxing inside a router. In
//! the cases with "outside", hallpass's layer is around the router.

use std::{convert::Infallible, rc::Rc};

use axum::{Router, body::Body, handler::Handler, routing::get};
use hallpass_axum::Identity;
use hallpass_benches::{AUDIENCE, ISSUER, NOW, SiteRole, full_claims_token, ring};
use hallpass_core::{Algorithm, Clock, UnixTime, Verifier};
use hallpass_tower::{AuthLayer, require_roles};
use http::{Request, Response, StatusCode};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceExt, layer::util::Identity as NoOp};

#[derive(Clone, Copy)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> UnixTime {
        NOW
    }
}

/// Returns the layer, which remembers tokens of asymmetric keys.
fn layer(algorithm: Algorithm) -> AuthLayer<SiteRole> {
    let verifier = Verifier::<SiteRole>::new(ring(algorithm).unwrap(), ISSUER, AUDIENCE);
    AuthLayer::new(verifier).clock(Frozen)
}

fn request(cookie: &str) -> Request<Body> {
    let request = Request::get("/admin").header("cookie", cookie).header("accept", "text/html");
    request.body(Body::empty()).unwrap()
}

/// A benchmark case: a site, and the cookies of an admin of that site.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    cookie: String,
    call: Box<dyn Fn(Request<Body>) -> StatusCode>,
}

impl Case {
    fn new<S>(runtime: &Rc<Runtime>, name: &'static str, algorithm: Algorithm, stack: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + 'static,
    {
        let token = full_claims_token(ring(algorithm).unwrap()).unwrap();
        let cookie = format!("theme=dark; __Host-hallpass={token}");
        let runtime = Rc::clone(runtime);
        let call =
            move |request| runtime.block_on(stack.clone().oneshot(request)).unwrap().status();
        assert_eq!(call(request(&cookie)), 200, "{name}");
        if name.contains("guard") || name.contains("extractor") {
            assert_eq!(call(request("theme=dark")), 303, "{name}: a request without a token");
        }
        Self { name, cookie, call: Box::new(call) }
    }

    pub(crate) fn request(&self) -> Request<Body> {
        request(&self.cookie)
    }

    pub(crate) fn call(&self, request: Request<Body>) -> StatusCode {
        (self.call)(request)
    }
}

/// Returns all cases. Each case was checked with a valid request.
pub(crate) fn cases() -> Vec<Case> {
    let plain = || Router::new().route("/admin", get(|| async { "hello" }));
    let guarded = || {
        Router::new().route(
            "/admin",
            get(|| async { "hello" }).route_layer(require_roles([SiteRole::Admin])),
        )
    };
    let extracted = Router::new().route(
        "/admin",
        get(|me: Identity<SiteRole>| async move {
            drop(me);
            "hello"
        }),
    );
    let page = async || "hello";
    let on_handler =
        || Router::new().route("/admin", get(page.layer(require_roles([SiteRole::Admin]))));
    let no_op = Router::new()
        .route("/admin", get(|| async { "hello" }).route_layer(NoOp::new()))
        .layer(NoOp::new());

    let runtime = Rc::new(tokio::runtime::Builder::new_current_thread().build().unwrap());
    let case = |name, router: Router| Case::new(&runtime, name, HS256, router);
    let outside = |name, algorithm, router: Router| {
        Case::new(&runtime, name, algorithm, layer(algorithm).layer(router))
    };
    vec![
        case(PLAIN, plain()),
        case("no-op layers", no_op),
        case("layer", plain().layer(layer(HS256))),
        case("layer and guard", guarded().layer(layer(HS256))),
        case("layer and extractor", extracted.layer(layer(HS256))),
        outside("layer outside", HS256, plain()),
        outside(OUTSIDE, HS256, guarded()),
        outside("layer outside, guard on the handler", HS256, on_handler()),
        outside("layer outside, remembered", REMEMBERED, plain()),
        outside("layer outside, guard, remembered", REMEMBERED, guarded()),
        outside("layer outside, guard on the handler, remembered", REMEMBERED, on_handler()),
    ]
}

const HS256: Algorithm = Algorithm::Hs256;
/// An algorithm whose tokens are remembered. After the first request the cost is the same for all
/// algorithms.
const REMEMBERED: Algorithm = Algorithm::EdDsa;

pub(crate) const PLAIN: &str = "plain";
pub(crate) const OUTSIDE: &str = "layer outside, guard";
