//! What an operator does to an account.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::{
    account::{Account, AccountId},
    store::{Accounts, Actor, CommandOutcome},
    username::Username,
};

/// Changes accounts from outside their own sign-in: roles, disabling, the list.
///
/// `by` is the person who commands a change through a route of the site; a store checks that [`Actor`] in the transaction of
/// the change, and so an administrator who is being demoted cannot take the demotion back. `None` is the application itself or
/// an operator at a terminal. Where actor and account are two rows, lock both in the order of their ids, or two
/// administrators who change each other wait for each other.
pub trait Administration: Accounts {
    /// Replaces the roles, raises the generation and writes the feed, in **one transaction**: tokens that carry the
    /// old roles die. Sessions stay, so that a refresh brings the new roles.
    ///
    /// # Errors
    /// The store's own.
    fn set_roles(
        &self,
        id: &AccountId,
        roles: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<CommandOutcome, Self::Error>> + Send;

    /// Disables the account or enables it again. Disabling ends all its sessions. Either raises the generation and
    /// writes the feed, in **one transaction**.
    ///
    /// # Errors
    /// The store's own.
    fn set_disabled(
        &self,
        id: &AccountId,
        disabled: bool,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<CommandOutcome, Self::Error>> + Send;

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
