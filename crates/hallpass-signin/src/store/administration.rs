//! What an operator does to an account.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::{
    account::{Account, AccountId},
    store::Accounts,
    username::Username,
};

/// Changes accounts from outside their own sign-in: roles, disabling, the list.
pub trait Administration: Accounts {
    /// Replaces the roles, raises the generation and writes the feed, in **one transaction**: tokens that carry the
    /// old roles die. Sessions stay, so that a refresh brings the new roles. Answers the new generation, or `None`
    /// for an unknown account.
    ///
    /// # Errors
    /// The store's own.
    fn set_roles(
        &self,
        id: &AccountId,
        roles: &[String],
        at: UnixTime,
    ) -> impl Future<Output = Result<Option<u32>, Self::Error>> + Send;

    /// Disables the account or enables it again. Disabling ends all its sessions. Either raises the generation and
    /// writes the feed, in **one transaction**. Answers the new generation, or `None` for an unknown account.
    ///
    /// # Errors
    /// The store's own.
    fn set_disabled(
        &self,
        id: &AccountId,
        disabled: bool,
        at: UnixTime,
    ) -> impl Future<Output = Result<Option<u32>, Self::Error>> + Send;

    /// Lists up to `limit` accounts in the order of their [`key`](Username::key), beginning behind `after`.
    ///
    /// # Errors
    /// The store's own.
    fn list(
        &self,
        after: Option<&Username>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Account>, Self::Error>> + Send;
}
