//! Counts the instructions of all cases of the given groups, on the calling thread.

use hallpass_benches::counted;
use hallpass_peers::group;
use serde_json::json;

pub(crate) fn run(groups: &[String]) {
    counted(|counter| {
        for name in groups {
            for (grown, mut case) in group(name) {
                case.run(8, &mut |work| work());
                let count = counter.least(|counter| {
                    let mut count = 0;
                    case.run(1, &mut |work| count = counter.once(work));
                    count
                });
                let row = json!({
                    "group": name, "case": case.name(), "grown": grown, "instructions": count,
                });
                println!("{row}");
            }
        }
    })
    .expect("an instruction counter");
}
