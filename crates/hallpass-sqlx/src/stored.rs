//! The values that an operator's commands read: rows as they are stored, also if the engine cannot
//! use them.

use hallpass_accounts::{Account, AccountId};
use hallpass_core::UnixTime;

use crate::error::StoreError;

/// A row of the accounts table.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoredAccount {
    /// The id of the account.
    pub id: AccountId,
    /// The key by which the accounts are ordered.
    pub key: String,
    /// The account, or the reason that the row cannot be read.
    pub account: Result<Account, StoreError>,
}

/// One combination of roles.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoredRoles {
    /// The names of the roles, or the reason that the column cannot be read.
    pub roles: Result<Vec<String>, StoreError>,
    /// The number of accounts that have exactly these roles.
    pub accounts: u64,
}

/// The size of the revocation log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RevocationLogSize {
    /// The number of entries.
    pub entries: u64,
    /// The time of the oldest entry, or `None` if the log is empty.
    pub oldest: Option<UnixTime>,
}

/// The number of rows of each table whose rows expire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StoredRows {
    /// Entries of the revocation log.
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
