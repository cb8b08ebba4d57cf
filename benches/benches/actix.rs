//! A whole request through actix-web, in process: the plain route, the same inside the middleware, and with a guard or an extractor.
//!
//! `cargo bench -p hallpass-benches --bench actix`. The difference of two lines is what hallpass adds; `--bench request` has the same
//! lines for axum. Every future here is ready at once, so it is polled once by hand, without a runtime's share in the time.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

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
    test::{TestRequest, init_service},
    web,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hallpass_actix::{Auth, Identity, require_roles};
use hallpass_benches::{AUDIENCE, ISSUER, NOW, SiteRole, full_claims_token, ring};
use hallpass_core::{Algorithm, Clock, UnixTime, Verifier};

criterion_group!(benches, actix_request);
criterion_main!(benches);

#[derive(Clone, Copy)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> UnixTime {
        NOW
    }
}

fn auth() -> Auth<SiteRole> {
    let verifier = Verifier::<SiteRole>::new(ring(Algorithm::Hs256).unwrap(), ISSUER, AUDIENCE);
    Auth::new(verifier).clock(Frozen)
}

fn request(cookie: &str) -> Request {
    TestRequest::with_uri("/admin")
        .insert_header(("cookie", cookie.to_owned()))
        .insert_header(("accept", "text/html"))
        .to_request()
}

fn actix_request(c: &mut Criterion) {
    let token = full_claims_token(ring(Algorithm::Hs256).unwrap()).unwrap();
    let cookie = format!("theme=dark; __Host-hallpass={token}");
    let plain = || web::resource("/admin").to(async || "hello");
    let guarded = || web::resource("/admin").wrap(require_roles([SiteRole::Admin])).to(async || "hello");
    let extracted = web::resource("/admin").to(async |me: Identity<SiteRole>| {
        drop(me);
        "hello"
    });
    let mut group = c.benchmark_group("actix");
    actix_web::rt::System::new().block_on(async {
        measure(&mut group, "plain", init_service(App::new().service(plain())).await, &cookie);
        let middleware = App::new().service(plain()).wrap(auth());
        measure(&mut group, "middleware", init_service(middleware).await, &cookie);
        let guard = App::new().service(guarded()).wrap(auth());
        measure(&mut group, "middleware and guard", init_service(guard).await, &cookie);
        let extractor = App::new().service(extracted).wrap(auth());
        measure(&mut group, "middleware and extractor", init_service(extractor).await, &cookie);
    });
    group.finish();
}

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

fn measure<S, B>(group: &mut Group<'_>, name: &str, app: S, cookie: &str)
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let call = |request: Request| ready(app.call(request)).unwrap().status().as_u16();
    assert_eq!(call(request(cookie)), 200, "{name}");
    if name.contains("guard") || name.contains("extractor") {
        assert_eq!(call(request("theme=dark")), 303, "{name}: and a request without a token is refused");
    }
    let prepared = request(cookie);
    let counted = allocation_counter::measure(|| assert_eq!(call(prepared), 200)).count_total;
    println!("actix/{name}: {counted} allocations");
    group.bench_function(name, |b| b.iter_batched(|| request(cookie), call, BatchSize::SmallInput));
}

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}
