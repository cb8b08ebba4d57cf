//! Verification of one token: hallpass, `jsonwebtoken::decode` with equal checks, and the bare
//! primitives, in one run.
//!
//! `cargo bench -p hallpass-benches --bench verify`. It prints ratios and instructions first, then
//! times. It fails if a remembered token costs more than a third of an HS256 verification. The
//! allocations are counted by `--bench allocations`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench")]

mod tokens;

use std::hint::black_box;

use criterion::Criterion;
use hallpass_benches::{InstructionCounter, NOW, Ratios, print_ratios};
use tokens::{FULL, IN_A_COOKIE, OURS, REMEMBERED, Request, Token, Way, requests, tokens};

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
    let mut group = criterion.benchmark_group(IN_A_COOKIE);
    for Request { name, authenticator, cookie } in requests() {
        let authenticate = |cookie: &str| authenticator.authenticate([cookie.as_bytes()], [], NOW);
        group.bench_function(name, |b| b.iter(|| authenticate(black_box(&cookie))));
    }
    group.finish();
    criterion.final_summary();
}

fn verification(counter: &mut InstructionCounter, token: &Token) -> Ratios {
    let count = |(way, verify): &(&str, Box<Way>)| {
        ((*way).to_owned(), counter.count(|| &*token.text, verify))
    };
    let rows = token.ways.iter().map(count).collect();
    let title = format!("{}, {} bytes", token.name, token.text.len());
    Ratios { title, unit: OURS.to_owned(), rows }
}

/// A request with the token in a cookie, up to the identity.
fn in_a_cookie(counter: &mut InstructionCounter) -> Ratios {
    let count = |Request { name, authenticator, cookie }| {
        let authenticate = |cookie: &str| authenticator.authenticate([cookie.as_bytes()], [], NOW);
        (name.to_owned(), counter.count(|| &*cookie, authenticate))
    };
    let rows = requests().into_iter().map(count).collect();
    let table = Ratios { title: IN_A_COOKIE.to_owned(), unit: FULL.to_owned(), rows };
    let (full, remembered) = (table.count(FULL), table.count(REMEMBERED));
    assert!(
        remembered * 3 <= full,
        "a remembered token costs at most a third: {remembered} of {full}"
    );
    table
}
