//! Runs jobs and their steps, and prints the name and the duration of each.

use std::{path::Path, time::Instant};

use crate::context::{Context, Outcome, entries};

/// A group of checks that can run alone on a clean clone.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    /// A description of one sentence.
    pub(crate) about: &'static str,
    /// Usual duration on two cores, in minutes.
    pub(crate) minutes: u32,
    /// The tools that the job needs, except Rust and a C compiler. `.ci/tools` installs them.
    pub(crate) tools: &'static [&'static str],
    pub(crate) lane: Lane,
    pub(crate) steps: &'static [Step],
}

/// When a full run executes a job. See `lanes.rs`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The job starts servers, nodes or browsers, and mostly waits.
    Programs,
    /// The job mostly compiles, and measures no time.
    Compilers,
    /// The job measures time, and needs an idle machine.
    Alone,
}

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Context) -> Outcome,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Options<'a> {
    /// Also runs the steps after a failed step. Otherwise the first failed step ends the run.
    pub(crate) keep_going: bool,
    /// Runs only the steps whose names contain this text.
    pub(crate) step: &'a str,
}

impl Context {
    /// Runs the jobs and returns whether every step passed.
    pub(crate) fn run_jobs(&self, jobs: &[&Job], options: Options<'_>) -> Outcome<bool> {
        check(self, jobs)?;
        let begin = Instant::now();
        let (mut ran, mut failed, mut minutes) = (0, Vec::new(), Vec::new());
        'jobs: for job in jobs {
            let of_job = Instant::now();
            self.passed.set(0);
            for step in job.steps.iter().filter(|step| step.name.contains(options.step)) {
                ran += 1;
                println!("== {}", step.name);
                let start = Instant::now();
                if let Err(error) = (step.run)(self) {
                    eprintln!("{error}\n== FAILED in: {} (job {})", step.name, job.name);
                    failed.push(step.name);
                    if !options.keep_going {
                        break 'jobs;
                    }
                } else {
                    println!("== {}: done in {} s", step.name, start.elapsed().as_secs());
                }
            }
            minutes.push(format!("{} {:.1}", job.name, of_job.elapsed().as_secs_f64() / 60.0));
        }
        println!("== minutes per job: {}", minutes.join(", "));
        for skipped in self.skipped() {
            println!("== skipped: {skipped}");
        }
        if ran == 0 {
            return Err(format!(
                "no step of {} has \"{}\" in its name; a run prints the names of its steps",
                names(jobs),
                options.step
            ));
        }
        if !failed.is_empty() {
            eprintln!("== FAILED: {}", failed.join("; "));
            return Ok(false);
        }
        println!("== {} passed in {} s", names(jobs), begin.elapsed().as_secs());
        Ok(true)
    }
}

fn names(jobs: &[&Job]) -> String {
    jobs.iter().map(|job| job.name).collect::<Vec<_>>().join(", ")
}

/// Returns an error if tools are missing. The error names the tools and the command that installs
/// them. This program installs nothing.
fn check(context: &Context, jobs: &[&Job]) -> Outcome {
    let mut missing = Vec::new();
    for job in jobs {
        let absent: Vec<&str> =
            job.tools.iter().copied().filter(|tool| !is_there(context, tool)).collect();
        if !absent.is_empty() {
            missing.push(format!("{} needs {}", job.name, absent.join(", ")));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
    Err(format!(
        "{}; on Debian and Ubuntu, `.ci/run {}` installs the missing tools",
        missing.join("; "),
        names.join(" ")
    ))
}

fn is_there(context: &Context, tool: &str) -> bool {
    let answers = |line: &str| context.command(line).output();
    match tool {
        "pyjwt" => context.command("python3 -c").arg("import jwt").output().is_ok(),
        "libfaketime" => entries(Path::new("/usr/lib")).is_ok_and(|directories| {
            let library = "faketime/libfaketimeMT.so.1";
            directories.iter().any(|directory| directory.join(library).exists())
        }),
        "pgbouncer" => std::path::Path::new("/usr/sbin/pgbouncer").exists(),
        "postgresql" => std::path::Path::new("/usr/lib/postgresql").exists(),
        "clippy" => answers("cargo clippy --version").is_ok(),
        "rustfmt" => answers("cargo fmt --version").is_ok(),
        "servers" => context.servers.iter().all(Option::is_some),
        "nightly" => answers("rustup toolchain list").is_ok_and(|list| list.contains("nightly")),
        "miri" => answers("rustup component list --toolchain nightly --installed")
            .is_ok_and(|list| list.contains("miri")),
        program => {
            let path = context.path();
            std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
        }
    }
}
