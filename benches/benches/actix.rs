//! A whole request through actix-web, in process: the plain route, the same inside the middleware, and with a guard or an extractor.
//!
//! `cargo bench -p hallpass-benches --bench actix`. It prints ratios and instructions first, then
//! allocations and times; `--bench request` has the same for axum. Every future here is ready when it
//! is polled first, so it is polled by hand, without a runtime's share.

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
use criterion::{BatchSize, Criterion};
use hallpass_actix::{Auth, Identity, require_roles};
use hallpass_benches::{AUDIENCE, ISSUER, NOW, Ratios, SiteRole, full_claims_token, print_ratios, ring};
use hallpass_core::{Algorithm, Clock, UnixTime, Verifier};

fn main() {
    let token = full_claims_token(ring(Algorithm::Hs256).unwrap()).unwrap();
    let cookie = format!("theme=dark; __Host-hallpass={token}");
    let cases = actix_web::rt::System::new().block_on(cases());
    for case in &cases {
        case.check(&cookie);
    }
    print_ratios(|counter| {
        let rows =
            cases.iter().map(|Case { name, call }| ((*name).to_owned(), counter.count(|| request(&cookie), call)));
        let (title, unit) = ("actix-web, whole request".to_owned(), PLAIN.to_owned());
        let whole = Ratios { title, unit, rows: rows.collect() };
        let added = whole.beyond_unit("actix-web, added to the plain page", GUARDED);
        vec![whole, added]
    });
    for Case { name, call } in &cases {
        let prepared = request(&cookie);
        let counted = allocation_counter::measure(|| assert_eq!(call(prepared), 200)).count_total;
        println!("actix/{name}: {counted} allocations");
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("actix");
    for Case { name, call } in &cases {
        group.bench_function(*name, |b| {
            b.iter_batched(|| request(&cookie), call, BatchSize::SmallInput);
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

/// The middleware, which remembers so many verified tokens.
fn auth(remembered: usize) -> Auth<SiteRole> {
    let verifier = Verifier::<SiteRole>::new(ring(Algorithm::Hs256).unwrap(), ISSUER, AUDIENCE);
    Auth::new(verifier.remember(remembered)).clock(Frozen)
}

fn request(cookie: &str) -> Request {
    TestRequest::with_uri("/admin")
        .insert_header(("cookie", cookie.to_owned()))
        .insert_header(("accept", "text/html"))
        .to_request()
}

/// A way to build the site.
struct Case {
    name: &'static str,
    call: Box<dyn Fn(Request) -> u16>,
}

impl Case {
    fn new<S, B>(name: &'static str, app: S) -> Self
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
        B: MessageBody,
    {
        let call = move |request| ready(app.call(request)).unwrap().status().as_u16();
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

async fn cases() -> Vec<Case> {
    let plain = || web::resource("/admin").to(async || "hello");
    let guarded = || web::resource("/admin").wrap(require_roles([SiteRole::Admin])).to(async || "hello");
    let extracted = web::resource("/admin").to(async |me: Identity<SiteRole>| {
        drop(me);
        "hello"
    });
    let middleware = App::new().service(plain()).wrap(auth(0));
    let guard = |remembered| App::new().service(guarded()).wrap(auth(remembered));
    let extractor = App::new().service(extracted).wrap(auth(0));
    vec![
        Case::new(PLAIN, init_service(App::new().service(plain())).await),
        Case::new("middleware", init_service(middleware).await),
        Case::new(GUARDED, init_service(guard(0)).await),
        Case::new("middleware and extractor", init_service(extractor).await),
        Case::new("middleware and guard, remembered", init_service(guard(8192)).await),
    ]
}

const PLAIN: &str = "plain";
const GUARDED: &str = "middleware and guard";

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}
