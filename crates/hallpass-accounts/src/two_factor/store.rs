//! The store trait of second factors: the encrypted secret, the last consumed time step, the clock
//! offset, and the recovery codes.

use std::{fmt, future::Future};

use hallpass_core::{TotpDrift, UnixTime};

use crate::{
    account::{
        AccountId,
        own_change::{Actor, CommandOutcome, OwnChange, OwnChangeOutcome},
        store::AccountStore,
    },
    password::store::ReplaceOutcome,
    two_factor::recovery_code::RecoveryHash,
};

/// Keeps second factors. The trait turns on `/account/two-factor` and the code at login.
///
/// A store contains only the secrets of factors that are on, and returns them in
/// [`Account`](crate::Account). A secret that awaits its first code is derived, not stored, so it
/// can neither overwrite a live secret nor be required at login. The stored secret is encrypted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store second factors: it does not implement `TwoFactorStore`",
    label = "`TwoFactorStore` is not implemented for this type",
    note = "write `impl TwoFactorStore for {Self}`, or call neither `.two_factor(…)` nor \
            `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait TwoFactorStore: AccountStore {
    /// Turns the factor on, in **one transaction** and only if the [`Actor`](crate::Actor) is valid
    /// and no factor is on: stores the secret, the consumed step and the drift, replaces all
    /// earlier recovery hashes, raises the generation, ends every session except the acting one,
    /// and writes the [revocation log](crate::RevocationLog).
    ///
    /// # Errors
    /// The error of the store.
    fn enable(
        &self,
        enrolment: Enrolment,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Consumes a time step (RFC 6238, section 5.2: a code is accepted once), and replaces the
    /// stored offset of the clock (section 6).
    ///
    /// **Atomic:** one conditional write: set the last step to `step` and the drift to `drift` if a
    /// factor is on, its last step is below `step` or unset, and the account is enabled and at
    /// `generation`. Of any number of concurrent calls with one step, in any number of processes,
    /// exactly one returns [`ConsumeOutcome::Consumed`]. A wrong `Consumed` accepts an observed
    /// code a second time. A wrong `AlreadyConsumed` makes the person wait for the next code.
    ///
    /// # Errors
    /// The error of the store.
    fn consume_step(
        &self,
        id: &AccountId,
        generation: u32,
        step: u64,
        drift: TotpDrift,
    ) -> impl Future<Output = Result<ConsumeOutcome, Self::Error>> + Send;

    /// Consumes one recovery code: deletes its hash.
    ///
    /// **Atomic:** exactly one call per stored hash returns [`ConsumeOutcome::Consumed`]. If the
    /// hash is not stored (any more), or the account has no factor, is disabled or is at another
    /// generation, the outcome is [`ConsumeOutcome::AlreadyConsumed`].
    ///
    /// # Errors
    /// The error of the store.
    fn consume_recovery_code(
        &self,
        id: &AccountId,
        generation: u32,
        code: &RecoveryHash,
    ) -> impl Future<Output = Result<ConsumeOutcome, Self::Error>> + Send;

    /// Replaces all recovery hashes of the account, in one transaction, if the
    /// [`Actor`](crate::Actor) is valid and a factor is on. Revokes no tokens.
    ///
    /// # Errors
    /// The error of the store.
    fn replace_recovery_codes(
        &self,
        own: &OwnChange,
        codes: &[RecoveryHash],
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Turns the factor off, in **one transaction**, if the [`Actor`](crate::Actor) is valid and a
    /// factor is on: deletes secret, last step, drift and recovery hashes, raises the generation,
    /// ends every session except the [kept one](OwnChange::kept_session), and writes the
    /// [revocation log](crate::RevocationLog).
    ///
    /// # Errors
    /// The error of the store.
    fn disable(
        &self,
        own: &OwnChange,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;

    /// Removes the factor, by a command: deletes secret, last step, drift and recovery hashes,
    /// raises the generation and the credential number, ends every session, and writes the
    /// [revocation log](crate::RevocationLog), in **one transaction**. `by` is that of
    /// [`AdministrationStore`](crate::AdministrationStore). Without a factor the rest is done.
    ///
    /// # Errors
    /// The error of the store.
    fn reset(
        &self,
        id: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<CommandOutcome, Self::Error>> + Send;

    /// Replaces `old_encrypted` by the same secret, encrypted with a newer key: a compare-and-set.
    /// The last consumed step and the drift stay.
    ///
    /// # Errors
    /// The error of the store.
    fn reencrypt(
        &self,
        id: &AccountId,
        old_encrypted: &[u8],
        new_encrypted: &[u8],
    ) -> impl Future<Output = Result<ReplaceOutcome, Self::Error>> + Send;

    /// Returns the encrypted secrets of at most `limit` accounts whose id is after `after`, in the
    /// order of the ids, so that all of them can be encrypted again. `None` begins at the first
    /// account.
    ///
    /// # Errors
    /// The error of the store.
    fn list_secrets(
        &self,
        after: Option<&AccountId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredSecret>, Self::Error>> + Send;
}

/// The encrypted secret of an account's second factor.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// The account.
    pub account: AccountId,
    /// The secret, encrypted.
    pub encrypted: Vec<u8>,
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSecret").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The data of a completed enrolment.
#[derive(Clone)]
#[non_exhaustive]
pub struct Enrolment {
    /// The person who enrols, and the time. An enrolment within a login has no session yet.
    pub own: OwnChange,
    /// The secret, encrypted.
    pub encrypted: Vec<u8>,
    /// The time step (RFC 6238) of the first code, which this call consumes.
    pub step: u64,
    /// The offset of the authenticator's clock.
    pub drift: TotpDrift,
    /// The hashes of the recovery codes that will be shown once.
    pub recovery_codes: Vec<RecoveryHash>,
}

impl Enrolment {
    /// Creates an enrolment without a clock offset.
    #[must_use]
    pub fn new(
        own: OwnChange,
        encrypted: Vec<u8>,
        step: u64,
        recovery_codes: Vec<RecoveryHash>,
    ) -> Self {
        Self { own, encrypted, step, drift: TotpDrift::NONE, recovery_codes }
    }

    /// Sets the offset of the authenticator's clock. Defaults to no offset.
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

/// The outcome of consuming a value that can be consumed once.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum ConsumeOutcome {
    /// This call, and no other, consumed it.
    Consumed,
    /// Nothing was consumed: the value had been consumed before or never existed, or the account
    /// does not meet the conditions of the call.
    AlreadyConsumed,
}
