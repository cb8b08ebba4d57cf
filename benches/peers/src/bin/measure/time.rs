//! Measures the times of all cases of the given groups, in rounds. Each round runs all cases of a
//! group, so that other load on the machine affects all cases alike. Prints the nanoseconds per
//! call in each round.

use std::time::{Duration, Instant};

use hallpass_peers::{Case, group};
use serde_json::json;

/// The time that a case runs in one round.
const SHARE: Duration = Duration::from_millis(4);

pub(crate) fn run(rounds: usize, groups: &[String]) {
    for name in groups {
        let mut cases = group(name);
        let times: Vec<usize> = cases.iter_mut().map(|(_, case)| times(case)).collect();
        let mut samples = vec![Vec::with_capacity(rounds); cases.len()];
        for _ in 0..rounds {
            for (((_, case), times), samples) in cases.iter_mut().zip(&times).zip(&mut samples) {
                let each = clock(case, *times).as_secs_f64() * 1e9 / *times as f64;
                samples.push((each * 10.0).round() / 10.0);
            }
        }
        for ((grown, case), samples) in cases.iter().zip(&samples) {
            println!(
                "{}",
                json!({ "group": name, "case": case.name(), "grown": grown, "samples": samples })
            );
        }
    }
}

/// Returns the number of calls that take at least [`SHARE`], at most 8,192, which limits the number
/// of requests in memory.
fn times(case: &mut Case) -> usize {
    let mut times = 16;
    while times < 8192 && clock(case, times) < SHARE {
        times *= 2;
    }
    times
}

fn clock(case: &mut Case, times: usize) -> Duration {
    let mut taken = Duration::ZERO;
    case.run(times, &mut |work| {
        let start = Instant::now();
        work();
        taken = start.elapsed();
    });
    taken
}
