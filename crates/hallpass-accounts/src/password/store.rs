//! Writing password hashes.

use std::{fmt, future::Future};

use crate::account::{
    AccountId,
    own_change::{OwnChange, OwnChangeOutcome},
    store::AccountStore,
};

/// Writes password hashes: turns on `POST /profile/password`, and the upgrade of a hash whose
/// parameters have become too weak.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot change passwords: it does not implement `PasswordStore`",
    label = "`PasswordStore` is not implemented for this type",
    note = "write `impl PasswordStore for {Self}`, or call neither `.passwords()` nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait PasswordStore: AccountStore {
    /// Puts a new hash of the **same** password in the place of the old one. Tokens and sessions
    /// stay.
    ///
    /// **Atomic:** compare-and-set on `old_hash`. Without the comparison, an upgrade that began
    /// before a password change would bring the old password back.
    ///
    /// # Errors
    /// The store's own.
    fn replace_hash(
        &self,
        id: &AccountId,
        old_hash: &str,
        new_hash: &str,
    ) -> impl Future<Output = Result<ReplaceOutcome, Self::Error>> + Send;

    /// Changes the password: the [`Actor`](crate::Actor) is checked, the old hash compared and
    /// replaced, the generation raised, every session but the acting one ended, the log
    /// written; **one transaction**.
    ///
    /// # Errors
    /// The store's own.
    fn change(
        &self,
        change: PasswordChange,
    ) -> impl Future<Output = Result<OwnChangeOutcome, Self::Error>> + Send;
}

/// Whether a compare-and-set found what it expected.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum ReplaceOutcome {
    /// The new value is in place.
    Replaced,
    /// Something else had been written meanwhile; nothing was changed.
    Changed,
}

/// One change of password.
#[derive(Clone)]
#[non_exhaustive]
pub struct PasswordChange {
    /// Who makes it, and when.
    pub own: OwnChange,
    /// The PHC string that must still be there.
    pub old_hash: String,
    /// The PHC string to write.
    pub new_hash: String,
}

impl PasswordChange {
    /// Puts the parts together.
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
