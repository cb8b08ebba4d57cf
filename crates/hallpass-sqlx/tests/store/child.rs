//! Runs a test in a process of its own: starts this binary again for one ignored test.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use hallpass_test_support::process::this_test;

use crate::scratch::Scratch;

const DATABASE: &str = "HALLPASS_TEST_DATABASE";
pub(crate) const NUMBER: &str = "HALLPASS_TEST_NUMBER";
pub(crate) const ROUNDS: &str = "HALLPASS_TEST_ROUNDS";

/// Starts the process that runs this ignored test on the scratch directory's `site.db`. Its output
/// is piped.
pub(crate) fn running(test: &str, scratch: &Scratch) -> Command {
    running_on(test, &scratch.path("site.db"))
}

/// As [`running`], on another file.
pub(crate) fn running_on(test: &str, database: &Path) -> Command {
    let mut command = this_test(test);
    command.env(DATABASE, database).stdout(Stdio::piped());
    command
}

/// Waits for the process that runs the ignored test.
#[track_caller]
pub(crate) fn passes(command: &mut Command) {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{error}");
}

/// Returns the command as the last arguments of another one, such as `sh -c 'exec "$@"' sh`.
pub(crate) fn inside(outer: &[&str], command: &Command) -> Command {
    let mut all = Command::new(outer[0]);
    all.args(&outer[1..]).arg(command.get_program()).args(command.get_args());
    all.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    all
}

/// Ends the [wait](wait_for_go) of the child processes.
pub(crate) fn go(scratch: &Scratch) {
    std::fs::write(scratch.path("go"), "").unwrap();
}

/// In the child: returns the address of the database.
pub(crate) fn url() -> String {
    format!("sqlite://{}", database().display())
}

/// In the child: waits until all children have started.
pub(crate) fn wait_for_go() {
    while !database().with_file_name("go").exists() {
        thread::yield_now();
    }
}

/// One of two processes that run in step.
pub(crate) struct Child {
    pub(crate) number: u64,
    pub(crate) rounds: u64,
}

impl Child {
    pub(crate) fn of_env() -> Self {
        let read = |name| std::env::var(name).unwrap().parse().unwrap();
        Self { number: read(NUMBER), rounds: read(ROUNDS) }
    }

    /// Waits until the other process has reached this point.
    pub(crate) fn meet(&self, place: u64) {
        let mark = |number| database().with_file_name(format!("place-{number}"));
        // Written to another file and moved, so that no reader sees half a number.
        let aside = mark(self.number).with_extension("new");
        std::fs::write(&aside, place.to_string()).unwrap();
        std::fs::rename(&aside, mark(self.number)).unwrap();
        let other = || std::fs::read_to_string(mark(1 - self.number)).ok()?.parse::<u64>().ok();
        while other().is_none_or(|other| other < place) {
            thread::sleep(Duration::from_micros(50));
        }
    }
}

pub(crate) fn database() -> PathBuf {
    Path::new(&std::env::var_os(DATABASE).unwrap()).to_owned()
}
