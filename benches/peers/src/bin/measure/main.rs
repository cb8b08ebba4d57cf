//! Measures hallpass beside its peers: times, instructions, and a server for a load generator to ask.
//!
//!     measure time ROUNDS GROUP...
//!     measure instructions GROUP...
//!     measure serve SITE
//!
//! Each prints lines of JSON. Allocations are counted by `allocations`, a program of its own, since counting needs an allocator of its own,
//! which would be in the times.

mod instructions;
mod serve;
mod time;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((what, rest)) = arguments.split_first() else {
        panic!("measure time | instructions | serve");
    };
    match (what.as_str(), rest) {
        ("time", [rounds, groups @ ..]) => time::run(rounds.parse().expect("a number of rounds"), groups),
        ("instructions", groups) => instructions::run(groups),
        ("serve", [site]) => serve::run(site),
        _ => panic!("measure time ROUNDS GROUP... | instructions GROUP... | serve SITE"),
    }
}
