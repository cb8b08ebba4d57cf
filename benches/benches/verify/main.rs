//! Verification of one token: hallpass, `jsonwebtoken::decode` with equal checks, and the bare
//! primitives, in one run.
//!
//! `cargo bench -p hallpass-benches --bench verify`. It prints ratios and instructions first, then
//! times. A remembered EdDSA token beside an HS256 verification comes last, with the ratio that it
//! must keep. The allocations are counted by `--bench allocations`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench")]

mod tokens;

use std::{hint::black_box, time::Instant};

use criterion::Criterion;
use hallpass_benches::{
    AUDIENCE, ISSUER, InstructionCounter, NOW, Ratios, SiteRole, full_claims_token, print_ratios, ring,
};
use hallpass_core::{Algorithm, RequestAuthenticator, Verifier};
use tokens::{OURS, Token, Way, small, tokens};

fn main() {
    let tokens = tokens();
    print_ratios(|counter| {
        // Signatures of asymmetric keys have too many instructions to step through.
        let hmac = tokens.iter().filter(|token| token.name.starts_with("HS"));
        let mut tables: Vec<_> = hmac.map(|token| verification(counter, token)).collect();
        tables.push(in_a_cookie(counter));
        tables
    });
    let mut criterion = Criterion::default().configure_from_args();
    for token in &tokens {
        let mut group = criterion.benchmark_group(&token.name);
        for (way, verify) in &token.ways {
            group.bench_function(*way, |b| b.iter(|| verify(black_box(&token.text))));
        }
        group.finish();
    }
    remembered(&mut criterion);
    criterion.final_summary();
}

fn verification(counter: &mut InstructionCounter, token: &Token) -> Ratios {
    let count = |(way, verify): &(&str, Box<Way>)| ((*way).to_owned(), counter.count(|| &*token.text, verify));
    let rows = token.ways.iter().map(count).collect();
    let title = format!("{}, {} bytes", token.name, token.text.len());
    Ratios { title, unit: OURS.to_owned(), rows }
}

/// A request with the token in a cookie, up to the identity.
fn in_a_cookie(counter: &mut InstructionCounter) -> Ratios {
    let full = |algorithm| {
        let ring = ring(algorithm).unwrap();
        let token = full_claims_token(ring.clone()).unwrap();
        (Verifier::<SiteRole>::new(ring, ISSUER, AUDIENCE), token)
    };
    let rows =
        [("HS256 small", small()), (FULL, full(Algorithm::Hs256)), ("EdDSA full, remembered", full(Algorithm::EdDsa))];
    let rows = rows.map(|(name, (verifier, token))| {
        let cookie = format!("theme=dark; __Host-hallpass={token}");
        let gate = RequestAuthenticator::new(verifier);
        let authenticate = |cookie: &str| gate.authenticate([cookie.as_bytes()], [], NOW);
        assert!(authenticate(&cookie).identity::<SiteRole>().is_some(), "{name}");
        (name.to_owned(), counter.count(|| &*cookie, authenticate))
    });
    Ratios { title: "gate with cookie".to_owned(), unit: FULL.to_owned(), rows: rows.into() }
}

const FULL: &str = "HS256 full";

/// A token of an asymmetric key, seen before, beside the whole verification of an HS256 token of
/// the same claims.
fn remembered(c: &mut Criterion) {
    let hmac_ring = ring(Algorithm::Hs256).unwrap();
    let hmac_token = full_claims_token(hmac_ring.clone()).unwrap();
    let hmac = Verifier::<SiteRole>::new(hmac_ring, ISSUER, AUDIENCE);
    let eddsa_ring = ring(Algorithm::EdDsa).unwrap();
    let eddsa_token = full_claims_token(eddsa_ring.clone()).unwrap();
    let eddsa = Verifier::<SiteRole>::new(eddsa_ring, ISSUER, AUDIENCE);
    let whole = || hmac.verify(black_box(&hmac_token).as_bytes(), NOW).is_ok();
    let hit = || eddsa.verify(black_box(&eddsa_token).as_bytes(), NOW).is_ok();
    assert!(whole() && hit() && hmac.remembered() == 0 && eddsa.remembered() == 1);

    let (whole_ns, hit_ns) = (fastest(whole), fastest(hit));
    println!(
        "remembered: a hit takes {hit_ns:.0} ns, an HS256 verification {whole_ns:.0} ns: {:.2} of it",
        hit_ns / whole_ns
    );
    assert!(hit_ns * 3.0 <= whole_ns, "a hit costs at most a third of an HS256 verification");

    let mut group = c.benchmark_group("remembered");
    group.bench_function("EdDSA, seen before", |b| b.iter(hit));
    group.bench_function("HS256", |b| b.iter(whole));
    group.finish();
}

/// Nanoseconds of one call, the fastest of fifteen runs: other work on the machine only adds.
fn fastest(work: impl Fn() -> bool) -> f64 {
    let run = |_| {
        let begin = Instant::now();
        for _ in 0..100_000 {
            black_box(work());
        }
        begin.elapsed().as_nanos() as f64 / 100_000.0
    };
    (0..15).map(run).fold(f64::INFINITY, f64::min)
}
