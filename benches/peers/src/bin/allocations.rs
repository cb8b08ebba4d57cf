//! Counts the allocations of all cases of the given groups.
//!
//! `allocations GROUP...` prints a line of JSON for each case. This is a separate program, because
//! the counting allocator would change the times. It counts allocations of the calling thread only,
//! so allocations of a peer on SQLite's threads are not included.

use hallpass_peers::group;
use serde_json::json;

fn main() {
    for name in std::env::args().skip(1) {
        for (grown, mut case) in group(&name) {
            // The first runs fill caches and pools.
            case.run(8, &mut |work| work());
            let mut count = 0;
            case.run(1, &mut |work| count = allocation_counter::measure(work).count_total);
            println!(
                "{}",
                json!({ "group": name, "case": case.name(), "grown": grown, "allocations": count })
            );
        }
    }
}
