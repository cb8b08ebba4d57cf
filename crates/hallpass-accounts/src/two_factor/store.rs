//! Keeping the authenticator: its encrypted secret, the time steps it has consumed, its clock, and
//! the recovery codes.

use std::{fmt, future::Future};

use hallpass_core::TotpDrift;

use crate::{
    account::{
        AccountId,
        own_change::{OwnChange, OwnChangeOutcome},
        store::AccountStore,
    },
    password::store::ReplaceOutcome,
    two_factor::recovery_code::RecoveryHash,
};

/// Keeps second factors: turns on `/profile/two-factor` and the code at sign-in.
///
/// A store only ever holds a live secret, which [`Account`](crate::Account) brings along: one that
/// awaits its first code is derived, not stored, so it cannot overwrite a live one nor be asked for
/// at sign-in. What is stored is encrypted; the store cannot read it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store second factors: it does not implement `TwoFactorStore`",
    label = "`TwoFactorStore` is not implemented for this type",
    note = "write `impl TwoFactorStore for {Self}`, or call neither `.two_factor(…)` nor \
            `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait TwoFactorStore: AccountStore {
    /// Turns the factor on, in **one transaction** and only if the [`Actor`](crate::Actor) passes
    /// and no factor is live: the secret becomes live with the step consumed and the drift
    /// kept, the recovery hashes take the place of all earlier ones, the generation is raised,
    /// every session but the acting one ends, the log is written.
    ///
    /// # Errors
    /// The store's own.
    fn enable(
        &self,
        enrolment: Enrolment,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Consumes a time step (RFC 6238, 5.2: a code is accepted once), and keeps by how much the
    /// clock was off (section 6) in the place of what was kept before.
    ///
    /// **Atomic:** one conditional write, "set the last step to `step` and the drift to `drift`
    /// where a factor is live, its last step is below `step` or unset, and the account is
    /// enabled and at `generation`". Of any number of calls at once with one step, in any number of
    /// processes, exactly one answers [`ConsumeOutcome::Consumed`]. A wrong `Consumed` lets a
    /// code seen over the shoulder work a second time; a wrong `AlreadyConsumed` costs the
    /// person the wait for the next code.
    ///
    /// # Errors
    /// The store's own.
    fn consume_step(
        &self,
        id: &AccountId,
        generation: u32,
        step: u64,
        drift: TotpDrift,
    ) -> impl Future<Output = Result<ConsumeOutcome, Self::Error>> + Send;

    /// Consumes one recovery code: deletes its hash.
    ///
    /// **Atomic:** exactly one call per stored hash answers [`ConsumeOutcome::Consumed`]; a hash
    /// that is not there (any more), or an account without a live factor, disabled or at
    /// another generation, answers [`ConsumeOutcome::AlreadyConsumed`].
    ///
    /// # Errors
    /// The store's own.
    fn consume_recovery_code(
        &self,
        id: &AccountId,
        generation: u32,
        code: &RecoveryHash,
    ) -> impl Future<Output = Result<ConsumeOutcome, Self::Error>> + Send;

    /// Replaces all recovery hashes of the account by these, in one transaction, if the
    /// [`Actor`](crate::Actor) passes and a factor is live. Revokes nothing.
    ///
    /// # Errors
    /// The store's own.
    fn replace_recovery_codes(
        &self,
        own: &OwnChange,
        codes: &[RecoveryHash],
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Turns the factor off, in **one transaction**, if the [`Actor`](crate::Actor) passes and a
    /// factor is live: secret, last step, drift and recovery hashes gone, generation raised,
    /// every session but the [kept one](OwnChange::kept_session) ended, log written.
    ///
    /// # Errors
    /// The store's own.
    fn disable(
        &self,
        own: &OwnChange,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Puts the live secret, encrypted under a newer key, in the place of `old_encrypted`; a
    /// compare-and-set. The last consumed step and the drift stay.
    ///
    /// # Errors
    /// The store's own.
    fn reencrypt(
        &self,
        id: &AccountId,
        old_encrypted: &[u8],
        new_encrypted: &[u8],
    ) -> impl Future<Output = Result<ReplaceOutcome, Self::Error>> + Send;
}

/// The end of an enrolment.
#[derive(Clone)]
#[non_exhaustive]
pub struct Enrolment {
    /// Who enrols, and when. An enrolment inside a login has no session yet.
    pub own: OwnChange,
    /// The secret, encrypted.
    pub encrypted: Vec<u8>,
    /// The time step of the first code, consumed by this very call.
    pub step: u64,
    /// By how much the authenticator's clock is off.
    pub drift: TotpDrift,
    /// The hashes of the recovery codes that will be shown once.
    pub recovery_codes: Vec<RecoveryHash>,
}

impl Enrolment {
    /// Puts the parts together, for a clock that is not off.
    #[must_use]
    pub fn new(
        own: OwnChange,
        encrypted: Vec<u8>,
        step: u64,
        recovery_codes: Vec<RecoveryHash>,
    ) -> Self {
        Self { own, encrypted, step, drift: TotpDrift::NONE, recovery_codes }
    }

    /// Sets by how much the authenticator's clock is off. Defaults to not at all, because most are
    /// right.
    #[must_use]
    pub fn with_drift(mut self, drift: TotpDrift) -> Self {
        self.drift = drift;
        self
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolment")
            .field("own", &self.own)
            .field("step", &self.step)
            .field("drift", &self.drift)
            .finish_non_exhaustive()
    }
}

/// What became of something that can be consumed once.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum ConsumeOutcome {
    /// This call, and no other, consumed it.
    Consumed,
    /// It had been consumed before, or was never there.
    AlreadyConsumed,
}
