//! Verification of one token by hallpass, by `jsonwebtoken::decode` with the same checks, and by
//! the primitives alone, in one run.
//!
//! `cargo bench -p hallpass-benches --bench verify` prints ratios and instructions, and then times.
//! It fails if a request with a remembered token needs more than a third of the instructions of a
//! request with an HS256 token. `--bench allocations` counts allocations.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench")]

mod tokens;

use std::hint::black_box;

use criterion::Criterion;
use hallpass_benches::{InstructionCounter, NOW, Ratios, print_ratios};
use tokens::{FULL, IN_A_COOKIE, OURS, REMEMBERED, Request, Token, Way, requests, tokens};

fn main() {
    let tokens = tokens();
    print_ratios(|counter| {
        // Only HMAC tokens: asymmetric signatures have too many instructions for the step counter.
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

/// Counts the authentication of a request with the token in a cookie, up to the identity.
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
        "a remembered token needs more than a third: {remembered} of {full} instructions"
    );
    table
}
