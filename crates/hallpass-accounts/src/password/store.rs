//! The store trait that writes password hashes.

use std::{fmt, future::Future};

use crate::account::{
    AccountId,
    own_change::{OwnChange, OwnChangeOutcome},
    store::AccountStore,
};

/// Writes password hashes. The trait turns on `POST /account/password` and the upgrade of hashes
/// whose parameters have become too weak.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot change passwords: it does not implement `PasswordStore`",
    label = "`PasswordStore` is not implemented for this type",
    note = "write `impl PasswordStore for {Self}`, or call neither `.passwords()` nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait PasswordStore: AccountStore {
    /// Replaces the old hash by a new hash of the **same** password. Tokens and sessions stay.
    ///
    /// **Atomic:** compare-and-set on `old_hash`. Without the comparison, an upgrade that began
    /// before a password change would restore the old password.
    ///
    /// # Errors
    /// The error of the store.
    fn replace_hash(
        &self,
        id: &AccountId,
        old_hash: &str,
        new_hash: &str,
    ) -> impl Future<Output = Result<ReplaceOutcome, Self::Error>> + Send;

    /// Changes the password in **one transaction**: checks the [`Actor`](crate::Actor), compares
    /// and replaces the old hash, raises the generation, ends every session except the [kept
    /// one](OwnChange::kept_session), and writes the [revocation log](crate::RevocationLog).
    ///
    /// # Errors
    /// The error of the store.
    fn change(
        &self,
        change: PasswordChange,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;
}

/// The outcome of a compare-and-set.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum ReplaceOutcome {
    /// The new value was written.
    Replaced,
    /// Another value had been written concurrently. Nothing was changed.
    Changed,
}

/// A change of the password.
#[derive(Clone)]
#[non_exhaustive]
pub struct PasswordChange {
    /// The person who makes the change, and the time.
    pub own: OwnChange,
    /// The PHC string that must still be stored.
    pub old_hash: String,
    /// The PHC string to write.
    pub new_hash: String,
}

impl PasswordChange {
    /// Creates a change.
    #[must_use]
    pub fn new(own: OwnChange, old_hash: String, new_hash: String) -> Self {
        Self { own, old_hash, new_hash }
    }
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").field("own", &self.own).finish_non_exhaustive()
    }
}
