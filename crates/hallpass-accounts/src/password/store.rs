//! The store trait that writes password hashes.

use std::{fmt, future::Future};

use hallpass_core::UnixTime;

use crate::{
    account::{
        AccountId,
        own_change::{OwnChange, OwnChangeOutcome},
        store::AccountStore,
    },
    consumed::{OneTimeHash, OneTimePurpose},
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
    /// If the change [consumes a link](PasswordChange::link), the same transaction inserts its hash
    /// among the consumed values, and writes nothing if the hash is there.
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
    /// The one-time link with which the person sets the password, instead of the old one. The
    /// actor has no session then.
    pub link: Option<ConsumedLink>,
}

impl PasswordChange {
    /// Creates a change.
    #[must_use]
    pub fn new(own: OwnChange, old_hash: String, new_hash: String) -> Self {
        Self { own, old_hash, new_hash, link: None }
    }

    /// Sets the one-time link that the change consumes. Defaults to none.
    #[must_use]
    pub fn consuming(mut self, link: ConsumedLink) -> Self {
        self.link = Some(link);
        self
    }
}

/// A one-time link that a change of the password consumes.
///
/// A store without consumed values may ignore it: the number of the [`Actor`](crate::Actor) is that
/// of the link, and the change raises it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ConsumedLink {
    /// The hash to insert.
    pub hash: OneTimeHash,
    /// The end of the row, as in [`ConsumedStore::consume`](crate::ConsumedStore::consume).
    pub expires: UnixTime,
}

impl ConsumedLink {
    /// The purpose of the hash.
    pub const PURPOSE: OneTimePurpose = OneTimePurpose::PasswordReset;

    /// Creates a link.
    #[must_use]
    pub fn new(hash: OneTimeHash, expires: UnixTime) -> Self {
        Self { hash, expires }
    }
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").field("own", &self.own).finish_non_exhaustive()
    }
}
