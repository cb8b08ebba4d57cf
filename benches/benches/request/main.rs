//! A whole request through axum, in process: a plain route, the route inside hallpass's middleware,
//! and the route with a guard or an extractor.
//!
//! `cargo bench -p hallpass-benches --bench request` prints ratios and instructions of the whole
//! request and of the part that each case adds to the plain page, and then times. `--bench
//! allocations` counts allocations. `benches/peers` measures the peers.

#![expect(clippy::unwrap_used, reason = "a bench")]

mod cases;

use cases::{OUTSIDE, PLAIN, cases};
use criterion::{BatchSize, Criterion};
use hallpass_benches::{Ratios, print_ratios};

fn main() {
    let cases = cases();
    print_ratios(|counter| {
        let rows = cases.iter().map(|case| {
            (case.name.to_owned(), counter.count(|| case.request(), |request| case.call(request)))
        });
        let (title, unit) = ("axum, whole request".to_owned(), PLAIN.to_owned());
        let whole = Ratios { title, unit, rows: rows.collect() };
        let added = whole.beyond_unit("axum, added to the plain page", OUTSIDE);
        vec![whole, added]
    });
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("axum");
    for case in &cases {
        group.bench_function(case.name, |b| {
            let call = |request| case.call(request);
            b.iter_batched(|| case.request(), call, BatchSize::SmallInput);
        });
    }
    group.finish();
    criterion.final_summary();
}
