//! One entry in one word, so that a reader finds all of it or none: the generation above, the time to forget it below.

use crate::time::unix_time::UnixTime;

/// The least generation that still counts, and the last second in which a token below it may be alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u64);

impl Entry {
    /// `generation` is at least 1, so an entry is never the empty word. A time beyond 2106 is kept for good.
    pub(super) fn new(generation: u32, forget_after: UnixTime) -> Self {
        let seconds = u32::try_from(forget_after.as_secs()).unwrap_or(FOR_GOOD);
        Self(u64::from(generation) << 32 | u64::from(seconds))
    }

    /// `None` for the empty word: nothing was entered, or it was dropped.
    pub(super) const fn from_bits(bits: u64) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) const fn forget_after(self) -> u32 {
        self.0 as u32
    }

    pub(super) fn is_over(self, now: UnixTime) -> bool {
        self.forget_after() != FOR_GOOD && u64::from(self.forget_after()) < now.as_secs()
    }

    /// What voids all that either voids, for as long as either does.
    pub(super) fn merged(self, other: Self) -> Self {
        let generation = self.generation().max(other.generation());
        let forget_after = self.forget_after().max(other.forget_after());
        Self(u64::from(generation) << 32 | u64::from(forget_after))
    }
}

const FOR_GOOD: u32 = u32::MAX;
