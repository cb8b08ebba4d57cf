//! The results of the rounds of one change and one command.

use std::{collections::BTreeMap, fmt};

use hallpass::{AccountsError, AccountsErrorKind};

use super::{
    command::{Command, Fault, Row},
    fleet::{Fleet, Held},
    own_change::{OwnChange, Ready},
};

/// A change and the command that runs concurrently.
pub(super) type Pair = (OwnChange, Command);

pub(super) struct Tally {
    change: OwnChange,
    command: Command,
    rounds: usize,
    /// The rounds in which the change succeeded.
    pub(super) made: usize,
    /// The rounds with a fault.
    pub(super) wrong: usize,
    faults: BTreeMap<Fault, usize>,
}

impl Tally {
    pub(super) fn new((change, command): Pair) -> Self {
        Self { change, command, rounds: 0, made: 0, wrong: 0, faults: BTreeMap::new() }
    }

    /// Checks a round after both have ended. `faults` contains the faults that are already known.
    pub(super) async fn judge(
        &mut self,
        fleet: &Fleet,
        ready: &Ready,
        made: Option<Result<Option<Held>, AccountsError>>,
        row: Row,
        round: usize,
        mut faults: Vec<Fault>,
    ) {
        let new = match made {
            Some(Ok(new)) => {
                self.made += 1;
                new
            }
            Some(Err(error)) => {
                // If a change fails for another reason than the command, the round tests nothing.
                let kind = error.kind();
                let fails = matches!(
                    kind,
                    AccountsErrorKind::Limited { .. }
                        | AccountsErrorKind::Busy { .. }
                        | AccountsErrorKind::Unavailable { .. }
                        | AccountsErrorKind::Internal
                );
                assert!(!fails, "{}, {}: {kind:?}", self.change.name(), self.command.name());
                None
            }
            None => None,
        };
        faults.extend(self.command.faults(fleet, ready, new.as_ref(), row, round).await);
        self.rounds += 1;
        self.wrong += usize::from(!faults.is_empty());
        for fault in faults {
            *self.faults.entry(fault).or_default() += 1;
        }
    }
}

/// Writes a row of the table that the test prints.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { change, command, rounds, made, wrong, faults } = self;
        let (change, command) = (change.name(), command.name());
        write!(f, "{change:<20} | {command:<20} | {wrong} of {rounds} wrong")?;
        write!(f, " | {made} changes made | {faults:?}")
    }
}
