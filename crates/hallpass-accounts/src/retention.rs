//! Deletes the rows of the stores that have expired.
//!
//! Each row has an end, so that no table grows without a limit: the end of a session, of a count of
//! attempts, of a one-time value. The rows are deleted in pieces, with a pause after each piece. No
//! statement runs long, no lock is held long, and logins are served meanwhile, also on SQLite,
//! which has one writer at a time.

use std::time::Duration;

use hallpass_core::UnixTime;
use tokio::time::{Instant, sleep};

use crate::{
    activity::Activity,
    store::{Answer, StoreFault, StoreSet},
};

/// The number of rows that were deleted, per kind. A kind whose store does not count its rows, such
/// as a store that expires its keys itself, is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Pruned {
    /// Entries of the revocation logs.
    pub revocations: u64,
    /// Sessions.
    pub sessions: u64,
    /// Counts of attempts.
    pub rate_limits: u64,
    /// Known browsers.
    pub browsers: u64,
    /// Outcomes of forms.
    pub outcomes: u64,
    /// Consumed one-time values.
    pub consumed: u64,
    /// Recent activity.
    pub activity: u64,
}

#[cfg(feature = "metrics")]
impl Pruned {
    /// Returns the number of rows of all kinds.
    pub(crate) fn rows(&self) -> u64 {
        let Self { revocations, sessions, rate_limits, browsers, outcomes, consumed, activity } =
            self;
        [revocations, sessions, rate_limits, browsers, outcomes, consumed, activity]
            .into_iter()
            .sum()
    }
}

impl StoreSet {
    /// Deletes the rows that have expired at `now`, and the revocations before `revoked_before`.
    /// Returns the first fault too. A store that fails does not prevent the others.
    pub(crate) async fn prune(
        &self,
        now: UnixTime,
        revoked_before: UnixTime,
    ) -> (Pruned, Option<StoreFault>) {
        let mut pruned = Pruned::default();
        let mut first_fault = None;
        for log in self.logs() {
            let piece = || log.prune(revoked_before, PIECE);
            self.in_pieces(&mut pruned.revocations, &mut first_fault, piece).await;
        }
        let piece = || self.rate_limits.prune(now, PIECE);
        self.in_pieces(&mut pruned.rate_limits, &mut first_fault, piece).await;
        macro_rules! prune {
            ($($store:ident before $time:expr;)+) => {
                $(if let Some(store) = &self.$store {
                    let piece = || store.prune($time, PIECE);
                    self.in_pieces(&mut pruned.$store, &mut first_fault, piece).await;
                })+
            };
        }
        prune! {
            sessions before now;
            browsers before now;
            outcomes before now;
            consumed before now;
            activity before now.saturating_sub(Activity::KEPT);
        }
        (pruned, first_fault)
    }

    /// Calls `piece` until it deletes nothing or fails.
    async fn in_pieces<'a>(
        &self,
        deleted: &mut u64,
        first_fault: &mut Option<StoreFault>,
        piece: impl Fn() -> Answer<'a, u64>,
    ) {
        // A store that reports rows without deleting them must not keep this loop busy.
        for _ in 0..MOST_PIECES {
            let start = Instant::now();
            match self.within_bound(piece()).await {
                Ok(0) => return,
                Ok(rows) => *deleted += rows,
                Err(fault) => {
                    first_fault.get_or_insert(fault);
                    return;
                }
            }
            // At most half of the time is spent here. Another process that waits for the lock of an
            // SQLite file asks for it in intervals of up to 100 ms, and would otherwise find it
            // free by chance only.
            sleep(start.elapsed().min(LONGEST_PAUSE)).await;
        }
    }
}

/// Number of rows that one statement deletes: a few milliseconds.
const PIECE: u32 = 1_000;
/// A million rows per store and minute.
const MOST_PIECES: u32 = 1_000;
/// A store that responds slowly would otherwise be pruned too slowly.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
