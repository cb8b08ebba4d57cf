//! Runs every case of the groups that are named a number of times, for callgrind, which counts what happens in [`measured`].
//!
//! `valgrind --tool=callgrind --toggle-collect=F --dump-after=F measure instructions TIMES GROUP...`, where F is
//! `measure::instructions::measured`, writes a dump for each case, in the order of the lines that this prints. Counted is the calling thread.

use hallpass_peers::group;
use serde_json::json;

pub(crate) fn run(times: usize, groups: &[String]) {
    for name in groups {
        for (grown, mut case) in group(name) {
            case.run(8, &mut |work| work());
            case.run(times, &mut |work| measured(work));
            println!("{}", json!({ "group": name, "case": case.name(), "grown": grown, "times": times }));
        }
    }
}

/// Named, and not inlined, so that callgrind can be told to look at this alone.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}
