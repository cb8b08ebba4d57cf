//! Counts the allocations of the cases of the benches `verify`, `request` and `actix`. Fails if a
//! verification by hallpass allocates.
//!
//! `cargo bench -p hallpass-benches --bench allocations`. This is a separate program, because the
//! counting allocator would change the times and the instructions of the other benches.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench")]

#[path = "actix/cases.rs"]
mod actix;
#[path = "request/cases.rs"]
mod axum_cases;
#[path = "verify/tokens.rs"]
mod tokens;

use hallpass_benches::NOW;
use tokens::OURS;

fn main() {
    for token in tokens::tokens() {
        for (way, verify) in &token.ways {
            let verified = || assert!(verify(&token.text));
            let count = allocation_counter::measure(verified).count_total;
            println!("{count:>4}  {}: {way}", token.name);
            assert!(*way != OURS || count == 0, "{}: a verification allocates", token.name);
        }
    }
    for tokens::Request { name, authenticator, cookie } in tokens::requests() {
        let authenticate = || drop(authenticator.authenticate([cookie.as_bytes()], [], NOW));
        let count = allocation_counter::measure(authenticate).count_total;
        println!("{count:>4}  {}: {name}", tokens::IN_A_COOKIE);
    }
    for case in axum_cases::cases() {
        let request = case.request();
        let count = allocation_counter::measure(|| assert_eq!(case.call(request), 200)).count_total;
        println!("{count:>4}  axum: {}", case.name);
    }
    for case in actix::cases() {
        let request = case.request();
        let count = allocation_counter::measure(|| assert_eq!(case.call(request), 200)).count_total;
        println!("{count:>4}  actix-web: {}", case.name);
    }
}
