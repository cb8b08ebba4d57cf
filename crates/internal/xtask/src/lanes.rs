//! A full run executes two lanes at the same time. Tests of servers, nodes and browsers mostly
//! wait, so the jobs that mostly compile use that time: they run in a second process with low
//! priority and a target directory of its own. The jobs that measure time run alone, after both
//! lanes.

use std::{env, fs::File, path::PathBuf, process::Child, time::Instant};

use crate::{
    context::{Context, Outcome, copy, create},
    job::{Job, Lane, Options},
    jobs::JOBS,
};

/// Runs all jobs and returns whether every step passed. The first failed step ends its own lane,
/// unless the options say otherwise.
pub(crate) fn run_all(context: &Context, options: Options<'_>) -> Outcome<bool> {
    let begin = Instant::now();
    let compilers = Compilers::start(context, options)?;
    let mut passed = context.run_jobs(&jobs(Lane::Programs), options)?;
    passed &= compilers.finish()?;
    if passed || options.keep_going {
        passed &= context.run_jobs(&jobs(Lane::Alone), options)?;
    }
    if passed {
        println!("== all checks passed in {} s", begin.elapsed().as_secs());
    }
    Ok(passed)
}

fn jobs(lane: Lane) -> Vec<&'static Job> {
    JOBS.iter().filter(|job| job.lane == lane).collect()
}

/// The process of the second lane. Dropping it kills the process. The command of the current step
/// then still runs to its end.
struct Compilers {
    child: Child,
    log: PathBuf,
}

impl Compilers {
    fn start(context: &Context, options: Options<'_>) -> Outcome<Self> {
        let target = context.target.join("compilers");
        create(&target)?;
        let log = target.join("log");
        let program = env::current_exe().map_err(|error| format!("xtask: {error}"))?;
        let mut run =
            context.command("nice -n 19").arg(program).arg("ci").env("CARGO_TARGET_DIR", &target);
        for job in jobs(Lane::Compilers) {
            run = run.arg(job.name);
        }
        if options.keep_going {
            run = run.arg("--keep-going");
        }
        println!(
            "== second lane: its output follows at the end, and is written to {}",
            log.display()
        );
        Ok(Self { child: run.start_with_log(&log)?, log })
    }

    /// Waits for the process, prints its output, and returns whether every step passed.
    fn finish(mut self) -> Outcome<bool> {
        println!("== waiting for the second lane");
        let status = self.child.wait().map_err(|error| format!("xtask: {error}"))?;
        let output = File::open(&self.log);
        let output = output.map_err(|error| format!("{}: {error}", self.log.display()))?;
        println!("== output of the second lane");
        copy(output, |line| println!("{line}"));
        Ok(status.success())
    }
}

impl Drop for Compilers {
    fn drop(&mut self) {
        // Both calls fail if the process has exited.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
