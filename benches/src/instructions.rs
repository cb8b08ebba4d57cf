//! Counts instructions of user code. On a shared machine, instruction counts are repeatable and
//! times are not.
//!
//! If the kernel provides a hardware counter, this module uses it. Otherwise, as in most virtual
//! machines, the program starts itself a second time and steps through the measured code with
//! `ptrace`. This is the same processor, so the code takes the same paths, such as those with SHA
//! extensions. An instruction with a `rep` prefix counts once, as in a hardware counter.
//!
//! The count includes the calling thread only, without the kernel. The second run has no address
//! randomisation, because copies and comparisons take other paths at other alignments.

use std::{fmt, hint::black_box, io};

#[cfg(target_os = "linux")]
#[path = "instructions/linux.rs"]
mod source;
#[cfg(not(target_os = "linux"))]
#[path = "instructions/elsewhere.rs"]
mod source;

use source::Source;

/// Runs `body` with a counter and returns after `body` has ended.
///
/// Call this function first in `main`: without a hardware counter the program starts itself again
/// with the same arguments, and `body` runs in the second process only.
///
/// # Errors
/// If this system cannot count instructions, or if `body` panics in the second process.
pub fn counted(body: impl FnOnce(&mut InstructionCounter)) -> io::Result<()> {
    source::counted(|source| body(&mut InstructionCounter::new(source)))
}

/// Prints tables of instruction counts, or the reason why this system cannot count them. Runs
/// `tables` like [`counted`].
///
/// # Panics
/// If `tables` panics in the second process.
#[expect(clippy::expect_used, clippy::print_stdout, reason = "a bench")]
pub fn print_ratios(tables: impl FnOnce(&mut InstructionCounter) -> Vec<Ratios>) {
    match counted(|counter| tables(counter).iter().for_each(|table| println!("{table}"))) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            println!("instructions cannot be counted: {error}");
        }
        result => result.expect("the tables of instruction counts"),
    }
}

/// Counts the instructions of a piece of work.
pub struct InstructionCounter {
    source: Source,
    /// The count of work without instructions.
    empty: u64,
}

impl InstructionCounter {
    fn new(source: Source) -> Self {
        let mut counter = Self { source, empty: 0 };
        counter.empty = counter.count(|| (), |()| ());
        counter
    }

    /// Counts the instructions of one call of `work`. The call of `prepare` and the drop of the
    /// output of `work` are not counted.
    ///
    /// Calls `work` several times before it counts, so that one-time initialisation is not counted,
    /// and returns the least of several counts.
    ///
    /// # Panics
    /// If the counter cannot be read.
    pub fn count<I, O>(
        &mut self,
        mut prepare: impl FnMut() -> I,
        mut work: impl FnMut(I) -> O,
    ) -> u64 {
        for _ in 0..WARM_UP {
            drop(black_box(work(black_box(prepare()))));
        }
        self.least(|counter| {
            let input = black_box(prepare());
            counter.once(|| work(input))
        })
    }

    /// Returns the least of several counts.
    pub fn least(&mut self, mut count: impl FnMut(&mut Self) -> u64) -> u64 {
        let mut least = u64::MAX;
        for _ in 0..ROUNDS {
            least = least.min(count(self));
            if least > LONG {
                break;
            }
        }
        least
    }

    /// Counts the instructions of one call of `work`, without a warm-up.
    ///
    /// # Panics
    /// If the counter cannot be read.
    #[expect(clippy::expect_used, reason = "a bench cannot continue without its counter")]
    pub fn once<O>(&mut self, work: impl FnOnce() -> O) -> u64 {
        self.source.begin().expect("a counter that starts");
        let output = black_box(work());
        let count = self.source.end().expect("a counter that stops");
        drop(output);
        count.saturating_sub(self.empty)
    }
}

impl fmt::Debug for InstructionCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstructionCounter").finish_non_exhaustive()
    }
}

/// A table of instruction counts, with the ratio of each count to the count of one row.
#[derive(Clone, Debug)]
pub struct Ratios {
    /// The title of the table.
    pub title: String,
    /// The name of the row whose ratio is 1.
    pub unit: String,
    /// The name and the number of instructions of each row.
    pub rows: Vec<(String, u64)>,
}

impl Ratios {
    /// Returns a table with the instructions of each row minus those of the unit. `unit` names the
    /// unit of the new table.
    pub fn beyond_unit(&self, title: &str, unit: &str) -> Self {
        let one = self.count(&self.unit);
        let rest = self.rows.iter().filter(|(name, _)| *name != self.unit);
        let rows = rest.map(|(name, count)| (name.clone(), count.saturating_sub(one))).collect();
        Self { title: title.to_owned(), unit: unit.to_owned(), rows }
    }

    /// Returns the instructions of a row, or 0 if no row has this name.
    pub fn count(&self, name: &str) -> u64 {
        self.rows.iter().find(|(row, _)| row == name).map_or(0, |(_, count)| *count)
    }
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{:>8} {:>13}", self.title, "ratio", "instructions")?;
        for (name, count) in &self.rows {
            let ratio = *count as f64 / self.count(&self.unit) as f64;
            writeln!(f, "{ratio:>8.2} {count:>13}  {name}")?;
        }
        Ok(())
    }
}

/// Calls before the first count. After them lazy initialisation is complete, and pools and hash
/// tables have their final size.
const WARM_UP: usize = 8;

/// The number of counts of which the least is used, so that occasional work, such as a growing
/// table, is not included.
const ROUNDS: usize = 3;

/// Work with more instructions is counted once, because a step takes about 10 microseconds.
const LONG: u64 = 100_000;
