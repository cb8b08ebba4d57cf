//! The source for Linux: a hardware counter, or a parent process that steps through this process.

use std::{
    env,
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{self, Child, Command, Stdio},
};

use nix::{
    sys::{
        personality::{self, Persona},
        ptrace,
        signal::{Signal, raise},
        wait::{WaitStatus, waitpid},
    },
    unistd::Pid,
};
use perf_event::{Builder, Counter, events::Hardware};

/// The source of the counts.
pub(super) enum Source {
    Hardware(Counter),
    /// The parent process steps through the code between two [`MARK`] signals, and writes the count
    /// to the standard input of this process.
    Parent,
}

impl Source {
    pub(super) fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::Hardware(counter) => {
                counter.reset()?;
                counter.enable()
            }
            Self::Parent => Ok(raise(MARK)?),
        }
    }

    pub(super) fn end(&mut self) -> io::Result<u64> {
        match self {
            Self::Hardware(counter) => {
                counter.disable()?;
                counter.read()
            }
            Self::Parent => {
                raise(MARK)?;
                let mut count = String::new();
                io::stdin().read_line(&mut count)?;
                count.trim().parse().map_err(io::Error::other)
            }
        }
    }
}

/// Runs `body` in this process or, without a hardware counter, in a second process that is started
/// with the same arguments and stepped through. Returns after `body` has ended.
pub(super) fn counted(body: impl FnOnce(Source)) -> io::Result<()> {
    if env::var_os(STEPPED).is_some() {
        if ptrace::traceme().is_err() {
            process::exit(NOT_TRACED);
        }
        body(Source::Parent);
        process::exit(0);
    }
    match Builder::new(Hardware::INSTRUCTIONS).exclude_hv(true).build() {
        Ok(counter) => body(Source::Hardware(counter)),
        Err(_) => step_through_this_program()?,
    }
    Ok(())
}

/// Starts this program again and counts the steps of the second process.
fn step_through_this_program() -> io::Result<()> {
    let randomised = personality::get()?;
    personality::set(randomised | Persona::ADDR_NO_RANDOMIZE)?;
    let mut command = Command::new(env::current_exe()?);
    command.args(env::args_os().skip(1)).env(STEPPED, "1").stdin(Stdio::piped());
    if let Some(name) = env::args_os().next() {
        command.arg0(name);
    }
    let child = command.spawn();
    personality::set(randomised)?;
    match serve(child?)? {
        WaitStatus::Exited(_, 0) => Ok(()),
        WaitStatus::Exited(_, NOT_TRACED) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "neither a hardware counter nor ptrace is permitted",
        )),
        ended => Err(io::Error::other(format!("the counted process ended with {ended:?}"))),
    }
}

/// Runs the child until it ends, and steps through the code between two marks.
fn serve(mut child: Child) -> io::Result<WaitStatus> {
    let pid = Pid::from_raw(child.id().try_into().map_err(io::Error::other)?);
    let mut counts = child.stdin.take().ok_or_else(|| io::Error::other("no standard input"))?;
    let mut steps = None;
    loop {
        let mut deliver = None;
        match waitpid(pid, None)? {
            WaitStatus::Stopped(_, MARK) => match steps.take() {
                None => steps = Some(Steps::default()),
                Some(Steps { count, .. }) => writeln!(counts, "{count}")?,
            },
            WaitStatus::Stopped(_, signal) => match (&mut steps, signal) {
                (Some(steps), Signal::SIGTRAP) => steps.take_one(pid)?,
                _ => deliver = Some(signal),
            },
            ended @ (WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => return Ok(ended),
            _ => {}
        }
        match steps {
            Some(_) => ptrace::step(pid, deliver)?,
            None => ptrace::cont(pid, deliver)?,
        }
    }
}

#[derive(Default)]
struct Steps {
    count: u64,
    /// The address at which the last step ended.
    place: Option<u64>,
}

impl Steps {
    /// Counts a step, unless the instruction is the same as before: each step of an instruction
    /// with a `rep` prefix is one of its repetitions.
    fn take_one(&mut self, pid: Pid) -> io::Result<()> {
        let place = place(pid)?;
        self.count += u64::from(place.is_none() || place != self.place);
        self.place = place;
        Ok(())
    }
}

/// Returns the address of the next instruction, or `None` on a processor whose instructions do not
/// repeat.
#[cfg(target_arch = "x86_64")]
fn place(pid: Pid) -> io::Result<Option<u64>> {
    Ok(Some(ptrace::getregs(pid)?.rip))
}

#[cfg(not(target_arch = "x86_64"))]
fn place(_: Pid) -> io::Result<Option<u64>> {
    Ok(None)
}

/// The environment variable that is set in the second process.
const STEPPED: &str = "HALLPASS_COUNT_INSTRUCTIONS";

/// The exit code of the second process if the system does not permit `ptrace`.
const NOT_TRACED: i32 = 77;

/// The signal at the start and at the end of the code that is stepped through.
const MARK: Signal = Signal::SIGUSR1;
