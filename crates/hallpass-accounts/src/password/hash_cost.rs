//! What one argon2 run costs: memory, passes, lanes.

use std::fmt;

use argon2::Params;

/// The cost of one argon2id run (RFC 9106): memory in KiB, passes, lanes.
///
/// ```
/// use hallpass_accounts::HashCost;
///
/// assert_eq!(HashCost::default(), HashCost::new(19_456, 2, 1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl HashCost {
    /// The first line of OWASP's Password Storage Cheat Sheet.
    pub(crate) const OWASP: Self = Self::new(19_456, 2, 1);

    /// The cost where the site sets none. Without optimisation a run at [`OWASP`](Self::OWASP)
    /// takes seconds on a busy machine and a login would end as 503; a run at the cost of a debug
    /// build takes about 10 ms.
    pub(crate) const OF_THIS_BUILD: Self = if cfg!(debug_assertions) { Self::new(256, 1, 1) } else { Self::OWASP };

    /// Sets memory in KiB, passes and lanes. Checked where it is used: the builder refuses what argon2 cannot do.
    #[must_use]
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Self {
        Self { memory_kib, passes, lanes }
    }

    /// Returns the memory of one run, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Returns how often a run passes over its memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Returns how many lanes the memory has.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    pub(crate) fn is_within(self, ceiling: Self) -> bool {
        self.memory_kib <= ceiling.memory_kib && self.passes <= ceiling.passes && self.lanes <= ceiling.lanes
    }

    pub(crate) fn max_of(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            passes: self.passes.max(other.passes),
            lanes: self.lanes.max(other.lanes),
        }
    }

    pub(crate) fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, None)
    }
}

impl Default for HashCost {
    /// 19 MiB, 2 passes, 1 lane: the first line of OWASP's Password Storage Cheat Sheet, about 15 ms of one core.
    fn default() -> Self {
        Self::OWASP
    }
}

impl fmt::Display for HashCost {
    /// As the PHC format writes it: `m=19456,t=2,p=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}
