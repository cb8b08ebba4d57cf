//! A whole request through axum, in process: the plain route, the same behind the layer, and behind layer and guard.
//!
//! `cargo bench -p hallpass-benches --bench request`. It prints ratios and instructions first, of the
//! whole request and of what each case adds to the plain page, then allocations and times. "no-op" are
//! two layers that do nothing, in the same places: what axum adds for boxing them inside a router. The
//! peers are in `benches/peers`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::{convert::Infallible, rc::Rc};

use axum::{Router, body::Body, handler::Handler, routing::get};
use criterion::Criterion;
use hallpass_axum::Identity;
use hallpass_benches::{
    AUDIENCE, ISSUER, InstructionCounter, NOW, Ratios, SiteRole, full_claims_token, print_ratios, ring,
};
use hallpass_core::{Algorithm, Clock, UnixTime, Verifier};
use hallpass_tower::{AuthLayer, require_roles};
use http::{Request, Response, StatusCode};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceExt, layer::util::Identity as NoOp};

fn main() {
    let token = full_claims_token(ring(Algorithm::Hs256).unwrap()).unwrap();
    let cookie = format!("theme=dark; __Host-hallpass={token}");
    let cases = cases();
    for case in &cases {
        case.check(&cookie);
    }
    print_ratios(|counter| {
        let whole = instructions(counter, &cases, &cookie);
        let added = whole.beyond_unit("axum, added to the plain page", OUTSIDE);
        vec![whole, added]
    });
    for Case { name, call } in &cases {
        let prepared = request(&cookie);
        let counted = allocation_counter::measure(|| assert_eq!(call(prepared), 200)).count_total;
        println!("axum/{name}: {counted} allocations");
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("axum");
    for Case { name, call } in &cases {
        group.bench_function(*name, |b| {
            b.iter_batched(|| request(&cookie), call, criterion::BatchSize::SmallInput);
        });
    }
    group.finish();
    criterion.final_summary();
}

#[derive(Clone, Copy)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> UnixTime {
        NOW
    }
}

/// The layer, which remembers so many verified tokens.
fn layer(remembered: usize) -> AuthLayer<SiteRole> {
    let verifier = Verifier::<SiteRole>::new(ring(Algorithm::Hs256).unwrap(), ISSUER, AUDIENCE);
    AuthLayer::new(verifier.remember(remembered)).clock(Frozen)
}

fn request(cookie: &str) -> Request<Body> {
    Request::get("/admin").header("cookie", cookie).header("accept", "text/html").body(Body::empty()).unwrap()
}

/// A way to build the site.
struct Case {
    name: &'static str,
    call: Box<dyn Fn(Request<Body>) -> StatusCode>,
}

impl Case {
    fn new<S>(runtime: &Rc<Runtime>, name: &'static str, stack: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + 'static,
    {
        let runtime = Rc::clone(runtime);
        let call = move |request| runtime.block_on(stack.clone().oneshot(request)).unwrap().status();
        Self { name, call: Box::new(call) }
    }

    fn check(&self, cookie: &str) {
        let Self { name, call } = self;
        assert_eq!(call(request(cookie)), 200, "{name}");
        if name.contains("guard") || name.contains("extractor") {
            assert_eq!(call(request("theme=dark")), 303, "{name}: a request without a token is rejected");
        }
    }
}

fn cases() -> Vec<Case> {
    let plain = || Router::new().route("/admin", get(|| async { "hello" }));
    let guarded =
        || Router::new().route("/admin", get(|| async { "hello" }).route_layer(require_roles([SiteRole::Admin])));
    let extracted = Router::new().route(
        "/admin",
        get(|me: Identity<SiteRole>| async move {
            drop(me);
            "hello"
        }),
    );
    let page = async || "hello";
    let on_handler = || Router::new().route("/admin", get(page.layer(require_roles([SiteRole::Admin]))));
    let no_op = Router::new().route("/admin", get(|| async { "hello" }).route_layer(NoOp::new())).layer(NoOp::new());

    let runtime = Rc::new(tokio::runtime::Builder::new_current_thread().build().unwrap());
    let case = |name, router: Router| Case::new(&runtime, name, router);
    let outside = |name, remembered, router: Router| Case::new(&runtime, name, layer(remembered).layer(router));
    vec![
        case(PLAIN, plain()),
        case("no-op layers", no_op),
        case("layer", plain().layer(layer(0))),
        case("layer and guard", guarded().layer(layer(0))),
        case("layer and extractor", extracted.layer(layer(0))),
        outside(OUTSIDE, 0, guarded()),
        outside("layer outside the router, and guard on the handler", 0, on_handler()),
        outside("layer outside the router, remembered", 8192, plain()),
        outside("layer outside the router, and guard, remembered", 8192, guarded()),
        outside("layer outside the router, and guard on the handler, remembered", 8192, on_handler()),
    ]
}

const PLAIN: &str = "plain";
const OUTSIDE: &str = "layer outside the router, and guard";

fn instructions(counter: &mut InstructionCounter, cases: &[Case], cookie: &str) -> Ratios {
    let rows = cases.iter().map(|Case { name, call }| ((*name).to_owned(), counter.count(|| request(cookie), call)));
    Ratios { title: "axum, whole request".to_owned(), unit: PLAIN.to_owned(), rows: rows.collect() }
}
