//! Tests that need a process of their own: this binary, started again for one ignored test.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use crate::scratch::Scratch;

const DATABASE: &str = "HALLPASS_TEST_DATABASE";

/// The process that runs this ignored test on the scratch directory's `site.db`. What it prints is piped.
pub(crate) fn running(test: &str, scratch: &Scratch) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(DATABASE, scratch.path("site.db"));
    command.stdout(Stdio::piped());
    command
}

/// Lets those go who [wait](wait_for_go).
pub(crate) fn go(scratch: &Scratch) {
    std::fs::write(scratch.path("go"), "").unwrap();
}

/// In the child: the address of the database.
pub(crate) fn url() -> String {
    format!("sqlite://{}", database().display())
}

/// In the child: until all of them have started.
pub(crate) fn wait_for_go() {
    while !database().with_file_name("go").exists() {
        thread::yield_now();
    }
}

fn database() -> PathBuf {
    Path::new(&std::env::var_os(DATABASE).unwrap()).to_owned()
}
