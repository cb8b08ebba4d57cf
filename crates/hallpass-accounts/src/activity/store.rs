//! The store trait of the recent activity.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::{
    account::{AccountId, store::AccountStore},
    activity::Activity,
};

/// Keeps the recent activity of accounts. The engine writes it after the response, see
/// [`Activity`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store recent activity: it does not implement `ActivityStore`",
    label = "`ActivityStore` is not implemented for this type",
    note = "write `impl ActivityStore for {Self}`, or leave `StoreSet::activity` at `None`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait ActivityStore: AccountStore {
    /// Appends a row, and then deletes the oldest rows of the account beyond
    /// [`Activity::MAX_PER_ACCOUNT`]. Has no effect for an account that does not exist.
    ///
    /// The oldest rows are those that were appended first, whatever their times are. Otherwise a
    /// node whose clock was fast would hide the later rows.
    ///
    /// When any number of concurrent calls have returned, the limit holds.
    ///
    /// # Errors
    /// The error of the store.
    fn record(
        &self,
        account: &AccountId,
        activity: &Activity,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns the last `limit` rows of the account, last appended first. Rows of a kind that this
    /// version does not support are left out.
    ///
    /// # Errors
    /// The error of the store.
    fn recent(
        &self,
        account: &AccountId,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Activity>, Self::Error>> + Send;

    /// Deletes up to `limit` rows of all accounts with a time before `before`, earliest first.
    /// Returns their number. Rows that another transaction has locked are skipped.
    ///
    /// # Errors
    /// The error of the store.
    fn prune(
        &self,
        before: UnixTime,
        limit: u32,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}
