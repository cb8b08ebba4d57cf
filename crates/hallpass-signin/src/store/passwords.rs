//! Writing password hashes.

use std::{fmt, future::Future};

use hallpass_core::UnixTime;

use crate::{account::AccountId, session_id::SessionId, store::Accounts};

/// Writes password hashes: turns on `POST /profile/password`, and the upgrade of a hash whose parameters have become
/// too weak.
pub trait Passwords: Accounts {
    /// Puts a new hash of the **same** password in the place of the old one. Tokens and sessions stay.
    ///
    /// **Atomic:** compare-and-set on `old_hash`. Without the comparison, an upgrade that began before a password
    /// change would bring the old password back.
    ///
    /// # Errors
    /// The store's own.
    fn replace_hash(
        &self,
        id: &AccountId,
        old_hash: &str,
        new_hash: &str,
    ) -> impl Future<Output = Result<Replaced, Self::Error>> + Send;

    /// Changes the password: compare-and-set on the old hash, generation raised, every session but `keep` ended, the
    /// feed written; **one transaction**. Answers the new generation, or `None`
    /// where the hash is not the old one any more (or the account is gone) and nothing was written.
    ///
    /// # Errors
    /// The store's own.
    fn change(&self, change: PasswordChange) -> impl Future<Output = Result<Option<u32>, Self::Error>> + Send;
}

/// Whether a compare-and-set found what it expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Replaced {
    /// The new value is in place.
    Replaced,
    /// Something else had been written meanwhile; nothing was changed.
    Changed,
}

/// One change of password.
#[derive(Clone)]
#[non_exhaustive]
pub struct PasswordChange {
    /// Whose.
    pub account: AccountId,
    /// The PHC string that must still be there.
    pub old_hash: String,
    /// The PHC string to write.
    pub new_hash: String,
    /// The session in which the change was asked for, which lives on.
    pub keep: Option<SessionId>,
    /// When.
    pub at: UnixTime,
}

impl PasswordChange {
    /// Puts the parts together.
    #[must_use]
    pub fn new(account: AccountId, old_hash: String, new_hash: String, keep: Option<SessionId>, at: UnixTime) -> Self {
        Self { account, old_hash, new_hash, keep, at }
    }
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange")
            .field("account", &self.account)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}
