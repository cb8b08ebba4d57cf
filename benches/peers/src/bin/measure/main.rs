//! Measures the times and instructions of hallpass and its peers, and serves a site for a load
//! generator.
//!
//!     measure time ROUNDS GROUP...
//!     measure instructions GROUP...
//!     measure serve SITE
//!
//! Each command prints lines of JSON. The separate program `allocations` counts allocations,
//! because the counting allocator would change the times.

mod instructions;
mod serve;
mod time;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((what, rest)) = arguments.split_first() else {
        panic!("usage: measure time ROUNDS GROUP... | instructions GROUP... | serve SITE");
    };
    match (what.as_str(), rest) {
        ("time", [rounds, groups @ ..]) => {
            time::run(rounds.parse().expect("a number of rounds"), groups)
        }
        ("instructions", groups) => instructions::run(groups),
        ("serve", [site]) => serve::run(site),
        _ => panic!("usage: measure time ROUNDS GROUP... | instructions GROUP... | serve SITE"),
    }
}
