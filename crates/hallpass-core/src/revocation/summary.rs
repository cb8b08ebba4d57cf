//! What a reader must know before it looks anything up, in one word: whether there are entries, and the horizon.
//!
//! The horizon is the latest `forget_after` of any entry that was dropped, in seconds.

use crate::time::unix_time::UnixTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary(u64);

impl Summary {
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn has_entries(self) -> bool {
        self.0 & ENTRIES != 0
    }

    pub(super) const fn with_entries(self, some: bool) -> Self {
        let horizon = self.0 & HORIZON;
        Self(if some { horizon | ENTRIES } else { horizon })
    }

    /// The horizon only moves on.
    pub(super) fn with_horizon(self, seconds: u32) -> Self {
        let horizon = (self.0 & HORIZON).max(u64::from(seconds));
        Self(self.0 & ENTRIES | horizon)
    }

    /// Whether a token that ends then may have been voided by an entry that was dropped.
    pub(super) const fn covers(self, expires_at: UnixTime) -> bool {
        expires_at.as_secs() <= self.0 & HORIZON
    }
}

const ENTRIES: u64 = 1 << 63;
const HORIZON: u64 = u32::MAX as u64;
