//! Counts the allocations of every case of the groups that are named.
//!
//! `allocations GROUP...` prints a line of JSON for each case. It is a program of its own because counting needs an allocator of its own,
//! which would be in the times. Counted is the calling thread, so what a peer allocates on SQLite's threads is not in it.

use hallpass_peers::group;
use serde_json::json;

fn main() {
    for name in std::env::args().skip(1) {
        for (grown, mut case) in group(&name) {
            // The first few fill what is filled once.
            case.run(8, &mut |work| work());
            let mut count = 0;
            case.run(1, &mut |work| count = allocation_counter::measure(work).count_total);
            println!("{}", json!({ "group": name, "case": case.name(), "grown": grown, "allocations": count }));
        }
    }
}
