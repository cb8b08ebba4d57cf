//! The context of every step: the directories, the addresses of the servers, and child programs.
//! A child program does not inherit the variables that `cargo run` sets for this program.

use std::{
    cell::{Cell, RefCell},
    env, fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{self, Command, ExitStatus, Stdio},
    thread,
};

/// The error is a message for the output.
pub(crate) type Outcome<T = ()> = Result<T, String>;

pub(crate) struct Context {
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// An empty directory, which is removed when the context is dropped.
    pub(crate) work: PathBuf,
    /// `DATABASE_URL` and `REDIS_URL`. Only programs with [`Run::with_servers`] receive them.
    pub(crate) servers: [Option<String>; 2],
    /// Number of tests in this job that [`Run::tests`] ran and that passed.
    pub(crate) passed: Cell<usize>,
    skipped: RefCell<Vec<String>>,
}

impl Context {
    pub(crate) fn new() -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
        env::set_current_dir(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |given| root.join(given));
        let work = env::temp_dir().join(format!("hallpass-xtask-{}", process::id()));
        create(&work)?;
        let servers = SERVERS.map(|name| env::var(name).ok().filter(|url| !url.is_empty()));
        Ok(Self { root, target, work, servers, passed: Cell::new(0), skipped: RefCell::default() })
    }

    /// Returns a program that is ready to run. Spaces separate the program and its arguments.
    pub(crate) fn command(&self, line: &str) -> Run {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        // `cargo run` sets these variables for this program. Cargo and rustc of another version
        // must not inherit them.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text == "CARGO"
                || text == "LD_LIBRARY_PATH"
                || text.starts_with("CARGO_PKG_")
                || text.starts_with("CARGO_MANIFEST_")
            {
                command.env_remove(&name);
            }
        }
        for name in SERVERS {
            command.env_remove(name);
        }
        command.env("PATH", self.path());
        Run { line: line.to_owned(), command }
    }

    /// Runs a program that must succeed.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.command(line).run()
    }

    /// Runs tests. At least one test must match.
    pub(crate) fn tests(&self, line: &str) -> Outcome {
        self.command(line).tests(self, 1)
    }

    /// Returns `PATH`, preceded by the directory of the tools that `.ci/run` installs.
    pub(crate) fn path(&self) -> std::ffi::OsString {
        let mut path = self.root.join("target/ci-tools/bin").into_os_string();
        if let Some(inherited) = env::var_os("PATH") {
            path.push(":");
            path.push(inherited);
        }
        path
    }

    /// Records that a part cannot run on this machine. This is not a failure.
    pub(crate) fn skip(&self, what: &str) {
        println!("skipped: {what}");
        self.skipped.borrow_mut().push(what.to_owned());
    }

    pub(crate) fn skipped(&self) -> Vec<String> {
        self.skipped.borrow().clone()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // Files that cannot be removed stay in the system's temporary directory.
        let _left = fs::remove_dir_all(&self.work);
    }
}

const SERVERS: [&str; 2] = ["DATABASE_URL", "REDIS_URL"];

/// A program that is ready to run.
pub(crate) struct Run {
    line: String,
    command: Command,
}

impl Run {
    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.line.push(' ');
        self.line.push_str(&argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Passes the servers' addresses to the program.
    pub(crate) fn with_servers(mut self, context: &Context) -> Self {
        for (name, url) in SERVERS.iter().zip(&context.servers) {
            if let Some(url) = url {
                self.command.env(name, url);
            }
        }
        self
    }

    /// Runs the program. An exit status other than 0 is an error.
    pub(crate) fn run(mut self) -> Outcome {
        let status = self.command.status();
        self.checked(status)
    }

    /// Runs the program and returns its standard output, which is not printed.
    pub(crate) fn output(mut self) -> Outcome<String> {
        let output = self.command.stderr(Stdio::inherit()).output();
        let (status, text) = match output {
            Ok(output) => (Ok(output.status), String::from_utf8_lossy(&output.stdout).into_owned()),
            Err(error) => (Err(error), String::new()),
        };
        self.checked(status).map(|()| text)
    }

    /// Runs the program, and prints and returns the lines of its standard output and error.
    pub(crate) fn lines(mut self) -> Outcome<Vec<String>> {
        let child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{}: {error}", self.line))?;
        let errors = child
            .stderr
            .take()
            .map(|pipe| thread::spawn(move || copy(pipe, |line| eprintln!("{line}"))));
        let mut lines =
            child.stdout.take().map_or_else(Vec::new, |pipe| copy(pipe, |line| println!("{line}")));
        lines.extend(errors.and_then(|thread| thread.join().ok()).unwrap_or_default());
        let status = child.wait();
        self.checked(status).map(|()| lines)
    }

    /// Runs `cargo test` and counts the tests that pass. Fails if fewer than `at_least` tests pass,
    /// because `cargo test` itself succeeds with a filter that matches no test.
    pub(crate) fn tests(self, context: &Context, at_least: usize) -> Outcome {
        let line = self.line.clone();
        let passed = passed(&self.lines()?);
        context.passed.set(context.passed.get() + passed);
        if passed < at_least {
            return Err(format!(
                "{line}: {passed} tests passed, expected at least {at_least}; if a test was \
                 renamed, change the filter in xtask"
            ));
        }
        Ok(())
    }

    /// Starts the program. Its standard output goes to the file `ready`.
    pub(crate) fn start(mut self, ready: &Path) -> Outcome<process::Child> {
        self.command.stdout(new_file(ready)?);
        self.spawn()
    }

    /// Starts the program. Its standard output and error go to the file `log`.
    pub(crate) fn start_with_log(mut self, log: &Path) -> Outcome<process::Child> {
        let output = new_file(log)?;
        let errors = output.try_clone().map_err(|error| format!("{}: {error}", log.display()))?;
        self.command.stdout(output).stderr(errors);
        self.spawn()
    }

    fn spawn(mut self) -> Outcome<process::Child> {
        self.command.spawn().map_err(|error| format!("{}: {error}", self.line))
    }

    fn checked(&self, status: std::io::Result<ExitStatus>) -> Outcome {
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{}: {status}", self.line)),
            Err(error) => Err(format!("{}: {error}", self.line)),
        }
    }
}

/// Runs a step up to three times until it succeeds. For steps that measure time on a shared
/// machine.
pub(crate) fn patiently(step: impl Fn() -> Outcome) -> Outcome {
    let mut outcome = Ok(());
    for number in 1..=3 {
        outcome = step();
        match &outcome {
            Ok(()) => break,
            Err(error) => println!("attempt {number} failed: {error}"),
        }
    }
    outcome
}

pub(crate) fn create(directory: &Path) -> Outcome {
    fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))
}

fn new_file(path: &Path) -> Outcome<fs::File> {
    fs::File::create(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub(crate) fn read(file: &Path) -> Outcome<String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Returns the entries of a directory, sorted.
pub(crate) fn entries(directory: &Path) -> Outcome<Vec<PathBuf>> {
    let read =
        fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut entries: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    Ok(entries)
}

/// Prints and returns the lines.
pub(crate) fn copy(pipe: impl Read, print: impl Fn(&str)) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        print(&line);
        lines.push(line);
    }
    lines
}

fn passed(lines: &[String]) -> usize {
    let results = lines.iter().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_of_all_binaries_are_counted() {
        let lines = [
            "test result: ok. 12 passed; 0 failed",
            "test result: FAILED. 3 passed; 1 failed",
            "ok",
            "test result: ok. 30 passed; 0",
        ];
        assert_eq!(passed(&lines.map(str::to_owned)), 42);
    }
}
