//! Counts instructions of user code, which repeat where times on a shared machine do not.
//!
//! A hardware counter counts where the kernel has one. Elsewhere, as in most virtual machines, the
//! program runs a second time and its parent executes what is measured step by step with `ptrace`,
//! on the same processor and so along the same paths (SHA extensions, for example). An instruction
//! with a `rep` prefix counts once, as in hardware.
//!
//! The count is that of the calling thread, without the kernel. Addresses of the second run are not
//! randomised, because copies and comparisons take other paths at other alignments.

use std::{fmt, hint::black_box, io};

#[cfg(target_os = "linux")]
#[path = "instructions/linux.rs"]
mod source;
#[cfg(not(target_os = "linux"))]
#[path = "instructions/elsewhere.rs"]
mod source;

use source::Source;

/// Runs `body` with a counter and returns when it has ended.
///
/// Call it first in `main`: without a hardware counter the program is started again with the same
/// arguments, and `body` runs in the second process only.
///
/// # Errors
/// When instructions cannot be counted here, or when `body` panics in the second process.
pub fn counted(body: impl FnOnce(&mut InstructionCounter)) -> io::Result<()> {
    source::counted(|source| body(&mut InstructionCounter::new(source)))
}

/// Prints tables of instruction counts, or why this system cannot count. Otherwise like
/// [`counted`].
///
/// # Panics
/// When `tables` panics in the second process.
#[expect(clippy::expect_used, clippy::print_stdout, reason = "a bench")]
pub fn print_ratios(tables: impl FnOnce(&mut InstructionCounter) -> Vec<Ratios>) {
    match counted(|counter| tables(counter).iter().for_each(|table| println!("{table}"))) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            println!("instructions are not counted: {error}");
        }
        result => result.expect("the tables are counted"),
    }
}

/// Counts the instructions of a piece of work.
pub struct InstructionCounter {
    source: Source,
    /// What work without instructions counts.
    empty: u64,
}

impl InstructionCounter {
    fn new(source: Source) -> Self {
        let mut counter = Self { source, empty: 0 };
        counter.empty = counter.count(|| (), |()| ());
        counter
    }

    /// Counts the instructions of one call of `work`. What `prepare` does and dropping what `work`
    /// returns are not counted.
    ///
    /// The work is done several times before, so that nothing is counted that happens once, and the
    /// least of several counts is returned.
    ///
    /// # Panics
    /// When the counter cannot be read.
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

    /// The least of several counts.
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

    /// Counts the instructions of `work`, which is done once and without a warm-up.
    ///
    /// # Panics
    /// When the counter cannot be read.
    #[expect(clippy::expect_used, reason = "a bench without its counter cannot go on")]
    pub fn once<O>(&mut self, work: impl FnOnce() -> O) -> u64 {
        self.source.begin().expect("the counter starts");
        let output = black_box(work());
        let count = self.source.end().expect("the counter stops");
        drop(output);
        count.saturating_sub(self.empty)
    }
}

impl fmt::Debug for InstructionCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstructionCounter").finish_non_exhaustive()
    }
}

/// A table of instruction counts, with the ratio of each to one of them.
#[derive(Clone, Debug)]
pub struct Ratios {
    /// What the rows have in common.
    pub title: String,
    /// The row that is 1.
    pub unit: String,
    /// Name and instructions.
    pub rows: Vec<(String, u64)>,
}

impl Ratios {
    /// What each row has beyond the unit, with another row as the unit of that.
    pub fn beyond_unit(&self, title: &str, unit: &str) -> Self {
        let one = self.count(&self.unit);
        let rest = self.rows.iter().filter(|(name, _)| *name != self.unit);
        let rows = rest.map(|(name, count)| (name.clone(), count.saturating_sub(one))).collect();
        Self { title: title.to_owned(), unit: unit.to_owned(), rows }
    }

    /// The instructions of a row; 0 where no row has this name.
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

/// Enough that lazy initialisation is over and that pools and hash tables have their size.
const WARM_UP: usize = 8;

/// Enough that what happens now and then, such as a table that grows, is not in the least count.
const ROUNDS: usize = 3;

/// Work of more instructions is counted in one round: a step takes some 10 microseconds.
const LONG: u64 = 100_000;
