//! A whole request through axum, in process: the plain route, the same behind the layer, and behind layer and guard.
//!
//! `cargo bench -p hallpass-benches --bench request`. The difference of two lines is what hallpass adds; it is printed with its
//! allocations first, since those repeat. "no-op" are two layers that do nothing, in the same places: what axum charges for boxing them
//! inside of a router. The peers are in `benches/peers`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::convert::Infallible;

use axum::{Router, body::Body, handler::Handler, routing::get};
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_axum::Identity;
use hallpass_benches::{AUDIENCE, ISSUER, NOW, SiteRole, full_claims_token, ring};
use hallpass_core::{Algorithm, Clock, UnixTime, Verifier};
use hallpass_tower::{AuthLayer, require_roles};
use http::{Request, Response};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceExt, layer::util::Identity as NoOp};

criterion_group!(benches, axum_request);
criterion_main!(benches);

#[derive(Clone, Copy)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> UnixTime {
        NOW
    }
}

fn layer() -> AuthLayer<SiteRole> {
    let verifier = Verifier::<SiteRole>::new(ring(Algorithm::Hs256).unwrap(), ISSUER, AUDIENCE);
    AuthLayer::new(verifier).clock(Frozen)
}

fn request(cookie: &str) -> Request<Body> {
    Request::get("/admin").header("cookie", cookie).header("accept", "text/html").body(Body::empty()).unwrap()
}

fn axum_request(c: &mut Criterion) {
    let cookie = format!("theme=dark; __Host-hallpass={}", full_claims_token(ring(Algorithm::Hs256).unwrap()).unwrap());
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
    let on_handler = Router::new().route("/admin", get(page.layer(require_roles([SiteRole::Admin]))));
    let no_op = Router::new().route("/admin", get(|| async { "hello" }).route_layer(NoOp::new())).layer(NoOp::new());
    let stacks = [
        ("plain", plain()),
        ("no-op layers", no_op),
        ("layer", plain().layer(layer())),
        ("layer and guard", guarded().layer(layer())),
        ("layer and extractor", extracted.layer(layer())),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut group = c.benchmark_group("axum");
    for (name, stack) in stacks {
        measure(&mut group, &runtime, name, stack, &cookie);
    }
    for (name, router) in [
        ("layer outside the router, and guard", guarded()),
        ("layer outside the router, and guard on the handler", on_handler),
    ] {
        measure(&mut group, &runtime, name, layer().layer(router), &cookie);
    }
    group.finish();
}

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

fn measure<S>(group: &mut Group<'_>, runtime: &Runtime, name: &str, stack: S, cookie: &str)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let call = |request: Request<Body>| runtime.block_on(stack.clone().oneshot(request)).unwrap().status();
    assert_eq!(call(request(cookie)), 200, "{name}");
    if name.contains("guard") || name.contains("extractor") {
        assert_eq!(call(request("theme=dark")), 303, "{name}: and a request without a token is refused");
    }
    let prepared = request(cookie);
    let counted = allocation_counter::measure(|| assert_eq!(call(prepared), 200)).count_total;
    println!("axum/{name}: {counted} allocations");
    group.bench_function(name, |b| {
        b.iter_batched(|| request(cookie), call, criterion::BatchSize::SmallInput);
    });
}
