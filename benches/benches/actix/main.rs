//! A whole request through actix-web, in process: the plain route, the same inside hallpass's
//! middleware, and with a guard or an extractor.
//!
//! `cargo bench -p hallpass-benches --bench actix`. It prints ratios and instructions first, of the
//! whole request and of what each case adds to the plain page, then times. The allocations are
//! counted by `--bench allocations`; the peers are in `benches/peers`.

#![expect(clippy::unwrap_used, reason = "a bench")]

mod cases;

use cases::{GUARDED, PLAIN, cases};
use criterion::{BatchSize, Criterion};
use hallpass_benches::{Ratios, print_ratios};

fn main() {
    let cases = cases();
    print_ratios(|counter| {
        let rows = cases.iter().map(|case| {
            (case.name.to_owned(), counter.count(|| case.request(), |request| case.call(request)))
        });
        let (title, unit) = ("actix-web, whole request".to_owned(), PLAIN.to_owned());
        let whole = Ratios { title, unit, rows: rows.collect() };
        let added = whole.beyond_unit("actix-web, added to the plain page", GUARDED);
        vec![whole, added]
    });
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("actix");
    for case in &cases {
        group.bench_function(case.name, |b| {
            let call = |request| case.call(request);
            b.iter_batched(|| case.request(), call, BatchSize::SmallInput);
        });
    }
    group.finish();
    criterion.final_summary();
}
