//! Store traits of accounts: finding one, without which there is no sign-in, and what an operator
//! does to one.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::account::{
    Account, AccountId,
    own_change::{Actor, CommandOutcome},
    username::Username,
};

/// Finds accounts. A password-only site implements this and nothing else.
///
/// ```
/// use hallpass_accounts::{Account, AccountId, AccountStore, Username};
/// use std::convert::Infallible;
///
/// struct OnlyAlice(Account);
///
/// impl AccountStore for OnlyAlice {
///     type Error = Infallible;
///
///     async fn by_username(&self, name: &Username) -> Result<Option<Account>, Infallible> {
///         Ok((self.0.username() == name).then(|| self.0.clone()))
///     }
///
///     async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Infallible> {
///         Ok((self.0.id() == id).then(|| self.0.clone()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an account store: it does not implement `AccountStore`",
    label = "`AccountStore` is not implemented for this type",
    note = "write `impl AccountStore for {Self}` with the methods `by_username` and `by_id`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait AccountStore: Send + Sync + 'static {
    /// What goes wrong in this store. It is logged as the source of a
    /// [`StoreFault`](crate::StoreFault) and never shown to the person.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Finds the account whose user name has the same [`key`](Username::key). `None` is the answer
    /// for an unknown name, an error is for a store that cannot answer: the first is refused,
    /// the second is a 503.
    ///
    /// The account comes from one consistent read: hash, roles, generation and factor of the same
    /// moment.
    ///
    /// # Errors
    /// The store's own.
    fn by_username(
        &self,
        name: &Username,
    ) -> impl Future<Output = Result<Option<Account>, Self::Error>> + Send;

    /// Finds the account with this id, on the same terms.
    ///
    /// # Errors
    /// The store's own.
    fn by_id(
        &self,
        id: &AccountId,
    ) -> impl Future<Output = Result<Option<Account>, Self::Error>> + Send;
}

/// Changes accounts from outside their own sign-in: roles, disabling, the list.
///
/// `by` is the person who commands a change through a route of the site; a store checks that
/// [`Actor`] in the transaction of the change, and so an administrator who is being demoted cannot
/// take the demotion back. `None` is the application itself or an operator at a terminal. Where
/// actor and account are two rows, lock both in the order of their ids, or two administrators who
/// change each other wait for each other.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot change roles or disable accounts: it does not implement \
            `AdministrationStore`",
    label = "`AdministrationStore` is not implemented for this type",
    note = "write `impl AdministrationStore for {Self}`, or call neither `.administration()` \
            nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait AdministrationStore: AccountStore {
    /// Replaces the roles, raises the generation and writes the log, in **one transaction**: tokens
    /// that carry the old roles die. Sessions stay, so that a refresh brings the new roles.
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

    /// Disables the account or enables it again. Disabling ends all its sessions. Either raises the
    /// generation and writes the log, in **one transaction**.
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

    /// Lists up to `limit` accounts in the order of their [`key`](Username::key), beginning behind
    /// `after`.
    ///
    /// # Errors
    /// The store's own.
    fn list(
        &self,
        after: Option<&Username>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Account>, Self::Error>> + Send;
}
