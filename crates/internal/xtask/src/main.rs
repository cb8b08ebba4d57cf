//! Runs the checks of the project by name: `cargo xtask ci JOB`. `.ci/run` and the workflows use it
//! too.
//!
//! This program installs nothing. `.ci/run` installs the tools of the jobs and then runs this
//! program. It depends on the standard library only, because every job compiles it first.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "prints the progress of the checks")]

mod context;
mod databases;
mod examples;
mod job;
mod jobs;
mod lanes;
mod long;
mod published;
mod source;

use std::{env, process::ExitCode};

use crate::{
    context::Context,
    job::{Job, Options},
    jobs::JOBS,
    long::LONG,
};

const USAGE: &str = "\
Usage:
  cargo xtask ci [OPTION…] [JOB…]        run the named jobs, or all of them
  cargo xtask ci --list                  print the jobs and the long tests
  cargo xtask long NAME…                 run long tests in full
  cargo xtask needs [JOB… | long NAME…]  print the tools that the jobs or tests need, one per line

--keep-going  also run the steps after a failed step, and fail at the end
--step=TEXT   run only the steps whose names contain the text";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (flags, words): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|argument| argument.starts_with('-'));
    match run(&flags, &words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether every step passed.
fn run(flags: &[&str], words: &[&str]) -> Result<bool, String> {
    let Some((command, names)) = words.split_first() else { return Err(USAGE.to_owned()) };
    let mut options = Options::default();
    for flag in flags.iter().filter(|flag| **flag != "--list") {
        match flag.strip_prefix("--step=") {
            Some(text) => options.step = text,
            None if *flag == "--keep-going" => options.keep_going = true,
            None => return Err(format!("unknown option {flag}\n{USAGE}")),
        }
    }
    let lists = flags.contains(&"--list");
    match *command {
        "ci" if lists => list(),
        "ci" => {
            let jobs = named(names)?;
            let context = Context::new()?;
            if jobs.len() == JOBS.len() && options.step.is_empty() {
                return lanes::run_all(&context, options);
            }
            return context.run_jobs(&jobs, options);
        }
        "long" if lists => list_long(),
        "long" if !names.is_empty() => {
            return Context::new()?.run_jobs(&long::named(names)?, options);
        }
        // The options of `ci` may be among the names: `.ci/run` passes all of its arguments.
        "needs" => {
            let jobs = match names {
                ["long", names @ ..] => long::named(names)?,
                names => named(names)?,
            };
            let mut tools: Vec<_> = jobs.iter().flat_map(|job| job.tools).collect();
            tools.sort_unstable();
            tools.dedup();
            for tool in tools {
                println!("{tool}");
            }
        }
        _ => return Err(USAGE.to_owned()),
    }
    Ok(true)
}

/// Returns the jobs with these names, in the order of the table. Returns all jobs if there is no
/// name.
fn named(names: &[&str]) -> Result<Vec<&'static Job>, String> {
    if let Some(unknown) =
        names.iter().find(|name| **name != "all" && JOBS.iter().all(|job| job.name != **name))
    {
        return Err(format!(
            "no job has the name {unknown}: `cargo xtask ci --list` prints the names"
        ));
    }
    let all = names.is_empty() || names.contains(&"all");
    Ok(JOBS.iter().filter(|job| all || names.contains(&job.name)).collect())
}

fn list() {
    println!("Jobs, with their usual duration in minutes, on two cores, after a first build:\n");
    for job in JOBS {
        println!("  {:<13} {:>3}  {}", job.name, job.minutes, job.about);
    }
    println!();
    list_long();
}

fn list_long() {
    println!("Long tests, run with `cargo xtask long NAME`. The jobs run the short form:\n");
    for Job { name, minutes, about, .. } in LONG {
        println!("  {name:<34} {minutes:>3}  {about}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns the items of the lists in a workflow, which are the names of jobs.
    fn in_workflow(text: &str) -> BTreeSet<&str> {
        text.lines().filter_map(|line| line.strip_prefix("          - ")).collect()
    }

    #[test]
    fn workflow_of_pull_requests_has_every_job() {
        let mut jobs = in_workflow(include_str!("../../../../.github/workflows/ci.yml"));
        assert!(jobs.insert("databases"), "databases is a separate job, because it has services");
        assert_eq!(jobs, JOBS.iter().map(|job| job.name).collect());
    }

    #[test]
    fn workflow_of_each_night_has_every_long_test() {
        let mut tests = in_workflow(include_str!("../../../../.github/workflows/nightly.yml"));
        assert!(tests.insert("benchmarks"), "times on a shared machine are not reliable");
        assert_eq!(tests, LONG.iter().map(|job| job.name).collect());
    }

    #[test]
    fn names_of_jobs_and_tests_are_unique() {
        let names: Vec<_> = JOBS.iter().chain(LONG).map(|job| job.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn unknown_job_is_an_error_that_names_the_list() {
        let error = named(&["tests"]).err().unwrap();
        assert_eq!(error, "no job has the name tests: `cargo xtask ci --list` prints the names");
    }
}
