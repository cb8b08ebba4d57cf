//! A clock that a test sets while a process runs, by libfaketime (the Debian package `faketime`).
//! The monotonic clock of the process stays right, as it does when the clock of a machine is set.

use std::{fs, path::PathBuf};

use crate::scratch::Scratch;

/// The clock of one process or of several.
#[derive(Debug)]
pub struct FakeClock {
    file: PathBuf,
    library: String,
}

impl FakeClock {
    /// Creates a clock that is right. `name` is a new file in the directory of the test.
    ///
    /// # Panics
    /// Panics if libfaketime is not installed.
    #[must_use]
    pub fn new(scratch: &Scratch, name: &str) -> Self {
        let clock = Self { file: scratch.path(name), library: library() };
        clock.set(0);
        clock
    }

    /// Sets the difference from the right time, in seconds. It applies to the next reading of the
    /// clock, in processes that run already too.
    ///
    /// # Panics
    /// Panics if the file cannot be written.
    pub fn set(&self, seconds: i64) {
        // The name never leads to a part of the text.
        let next = self.file.with_extension("next");
        fs::write(&next, format!("{seconds:+}")).expect("the file can be written");
        fs::rename(&next, &self.file).expect("the file can be renamed");
    }

    /// Returns the environment of a process with this clock.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", self.library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ]
    }
}

/// Returns the path of the library for programs with threads.
fn library() -> String {
    let directories = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let libraries = directories.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    let found = libraries.into_iter().find(|path| path.exists());
    found.expect("libfaketime is installed").display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        process::Command,
        time::{SystemTime, UNIX_EPOCH},
    };

    #[test]
    #[ignore = "needs libfaketime"]
    fn a_process_reads_the_clock_that_was_set() {
        let scratch = Scratch::new();
        let clock = FakeClock::new(&scratch, "clock");
        for seconds in [0, 3600, -691_200] {
            clock.set(seconds);
            let date = Command::new("date").arg("+%s").envs(clock.environment()).output();
            let date = String::from_utf8(date.expect("date runs").stdout).expect("UTF-8");
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
            let difference = date.trim().parse::<i64>().expect("a number") - now.cast_signed();
            assert!((difference - seconds).abs() <= 1, "{difference} {seconds}");
        }
    }
}
