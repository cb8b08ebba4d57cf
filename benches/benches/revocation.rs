//! Verification behind a revocation view: empty, with 1,000 and with 1,000,000 entries, in one run.
//!
//! `cargo bench -p hallpass-benches --bench revocation`. The token is live, which is the case that every request pays for.

#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_benches::{AUDIENCE, ISSUER, NOW, SiteRole, full_claims_token, ring};
use hallpass_core::{Algorithm, RevocationList, Verifier};

criterion_group!(benches, verification);
criterion_main!(benches);

fn verification(c: &mut Criterion) {
    let ring = ring(Algorithm::Hs256).unwrap();
    let token = full_claims_token(ring.clone()).unwrap();
    let mut group = c.benchmark_group("verification with revocations");
    let without = Verifier::<SiteRole>::new(ring.clone(), ISSUER, AUDIENCE);
    for entries in [None, Some(0), Some(1_000), Some(1_000_000)] {
        let verifier = match entries {
            None => without.clone(),
            Some(entries) => without.clone().revocation(view_of(entries)),
        };
        let name = entries.map_or_else(|| "no view".to_owned(), |entries| format!("{entries} entries"));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                verifier.claims(black_box(token.as_bytes()), NOW, |claims, _| drop(black_box(claims))).is_ok()
            });
        });
    }
    group.finish();
}

/// Half accounts, half sessions, as a site has them.
fn view_of(entries: u32) -> RevocationList {
    let (view, forget_after) = (RevocationList::new(), NOW.saturating_add(Duration::from_secs(960)));
    for number in 0..entries / 2 {
        view.raise_generation(&format!("account-{number}"), 3, forget_after);
        view.end_session(&format!("{number:032x}"), forget_after);
    }
    view.synced(NOW);
    view
}
