//! Verification without a revocation list, and with lists of 0, 1,000 and 1,000,000 entries, in one
//! run.
//!
//! `cargo bench -p hallpass-benches --bench revocation` prints ratios and instructions, and then
//! times. The token is not revoked, as in almost every request.

#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{hint::black_box, time::Duration};

use criterion::Criterion;
use hallpass_benches::{
    AUDIENCE, ISSUER, NOW, Ratios, SiteRole, full_claims_token, print_ratios, ring,
};
use hallpass_core::{Algorithm, RevocationList, Verifier};

fn main() {
    let ring = ring(Algorithm::Hs256).unwrap();
    let token = full_claims_token(ring.clone()).unwrap();
    let without = Verifier::<SiteRole>::new(ring, ISSUER, AUDIENCE);
    let cases = [None, Some(0), Some(1_000), Some(1_000_000)].map(|entries| match entries {
        None => (NO_LIST.to_owned(), without.clone()),
        Some(entries) => {
            (format!("{entries} entries"), without.clone().revocation(list_of(entries)))
        }
    });
    let verify = |verifier: &Verifier<SiteRole>| {
        verifier
            .claims(black_box(token.as_bytes()), NOW, |claims, _| {
                black_box(claims.user_id());
            })
            .is_ok()
    };
    print_ratios(|counter| {
        let count =
            |(name, verifier): &(String, _)| (name.clone(), counter.count(|| verifier, verify));
        let rows = cases.iter().map(count).collect();
        vec![Ratios { title: GROUP.to_owned(), unit: NO_LIST.to_owned(), rows }]
    });
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group(GROUP);
    for (name, verifier) in &cases {
        group.bench_function(name, |bencher| bencher.iter(|| verify(verifier)));
    }
    group.finish();
    criterion.final_summary();
}

/// Returns a list of which half of the entries are accounts and half are sessions.
fn list_of(entries: u32) -> RevocationList {
    let (list, forget_after) =
        (RevocationList::new(), NOW.saturating_add(Duration::from_secs(960)));
    for number in 0..entries / 2 {
        list.revoke_below(&format!("account-{number}"), 3, forget_after);
        list.end_session(&format!("{number:032x}"), forget_after);
    }
    list.synced(NOW);
    list
}

const GROUP: &str = "verification with a revocation list";
const NO_LIST: &str = "no list";
