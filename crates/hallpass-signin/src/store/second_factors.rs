//! Keeping the authenticator: its sealed secret, the time steps it has spent, its clock, and the recovery codes.

use std::{fmt, future::Future};

use hallpass_core::{TotpDrift, UnixTime};

use crate::{
    account::AccountId,
    recovery_code::RecoveryHash,
    session_id::SessionId,
    store::{Accounts, passwords::Replaced},
};

/// Keeps second factors: turns on `/profile/two-factor` and the code at sign-in.
///
/// A store only ever holds a live secret, which [`Account`](crate::Account) brings along: one that awaits its first
/// code is derived, not stored, so it cannot overwrite a live one nor be asked for at sign-in. What is stored is
/// sealed; the store cannot read it.
pub trait SecondFactors: Accounts {
    /// Turns the factor on, in **one transaction** and only if no factor is live and the account is enabled and still
    /// at the enrolment's generation: the secret becomes live with the step spent and the drift kept, the recovery hashes take the place
    /// of all earlier ones, the generation is raised, every session but `keep` ends, the feed is written.
    ///
    /// # Errors
    /// The store's own.
    fn enable(&self, enrolment: Enrolment) -> impl Future<Output = Result<Enabled, Self::Error>> + Send;

    /// Spends a time step (RFC 6238, 5.2: a code is accepted once), and keeps by how much the clock was off (section 6) in the
    /// place of what was kept before.
    ///
    /// **Atomic:** one conditional write, "set the last step to `step` and the drift to `drift` where a factor is live and
    /// its last step is below `step` or unset". Of any number of calls at once with one step, in any number of processes, exactly one
    /// answers [`Spend::Spent`]. A wrong `Spent` lets a code seen over the shoulder work a second time; a wrong
    /// `AlreadySpent` costs the person the wait for the next code.
    ///
    /// # Errors
    /// The store's own.
    fn spend_step(
        &self,
        id: &AccountId,
        step: u64,
        drift: TotpDrift,
    ) -> impl Future<Output = Result<Spend, Self::Error>> + Send;

    /// Spends one recovery code: deletes its hash.
    ///
    /// **Atomic:** exactly one call per stored hash answers [`Spend::Spent`]; a hash that is not there (any more), or
    /// an account without a live factor, answers [`Spend::AlreadySpent`].
    ///
    /// # Errors
    /// The store's own.
    fn spend_recovery_code(
        &self,
        id: &AccountId,
        code: &RecoveryHash,
    ) -> impl Future<Output = Result<Spend, Self::Error>> + Send;

    /// Replaces all recovery hashes of the account by these, in one transaction, if a factor is live; answers
    /// [`Replaced::Changed`] if none is.
    ///
    /// # Errors
    /// The store's own.
    fn replace_recovery_codes(
        &self,
        id: &AccountId,
        codes: &[RecoveryHash],
    ) -> impl Future<Output = Result<Replaced, Self::Error>> + Send;

    /// Turns the factor off, in **one transaction**: secret, last step, drift and recovery hashes gone, generation raised,
    /// every session but `keep` ended, feed written. Answers the new generation, or `None` if no factor was
    /// live.
    ///
    /// # Errors
    /// The store's own.
    fn disable(
        &self,
        id: &AccountId,
        keep: Option<&SessionId>,
        at: UnixTime,
    ) -> impl Future<Output = Result<Option<u32>, Self::Error>> + Send;

    /// Puts the live secret, sealed under a newer key, in the place of `old_sealed`; a compare-and-set. The last
    /// spent step and the drift stay.
    ///
    /// # Errors
    /// The store's own.
    fn reseal(
        &self,
        id: &AccountId,
        old_sealed: &[u8],
        new_sealed: &[u8],
    ) -> impl Future<Output = Result<Replaced, Self::Error>> + Send;
}

/// The end of an enrolment.
#[derive(Clone)]
#[non_exhaustive]
pub struct Enrolment {
    /// Whose.
    pub account: AccountId,
    /// The generation that the account must still have.
    pub generation: u32,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// The time step of the first code, spent by this very call.
    pub step: u64,
    /// By how much the authenticator's clock is off.
    pub drift: TotpDrift,
    /// The hashes of the recovery codes that will be shown once.
    pub recovery_codes: Vec<RecoveryHash>,
    /// The session in which the person enrols, which lives on.
    pub keep: Option<SessionId>,
    /// When.
    pub at: UnixTime,
}

impl Enrolment {
    /// Puts the parts together, for a clock that is not off.
    #[must_use]
    pub fn new(
        account: AccountId,
        generation: u32,
        sealed: Vec<u8>,
        step: u64,
        recovery_codes: Vec<RecoveryHash>,
        keep: Option<SessionId>,
        at: UnixTime,
    ) -> Self {
        Self { account, generation, sealed, step, drift: TotpDrift::NONE, recovery_codes, keep, at }
    }

    /// Sets by how much the authenticator's clock is off. Defaults to not at all, because most are right.
    #[must_use]
    pub fn with_drift(mut self, drift: TotpDrift) -> Self {
        self.drift = drift;
        self
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolment")
            .field("account", &self.account)
            .field("generation", &self.generation)
            .field("step", &self.step)
            .field("drift", &self.drift)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

/// What became of an enrolment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Enabled {
    /// The factor is live, its first step spent.
    Live {
        /// The raised generation.
        generation: u32,
    },
    /// A factor was live already, or the account has changed meanwhile. Nothing was written.
    Changed,
}

/// What became of something that can be spent once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Spend {
    /// This call, and no other, spent it.
    Spent,
    /// It had been spent before, or was never there.
    AlreadySpent,
}
