//! The one trait without which there is no sign-in: finding an account.

use std::future::Future;

use crate::{
    account::{Account, AccountId},
    username::Username,
};

/// Finds accounts. A password-only site implements this and nothing else.
///
/// ```
/// use std::convert::Infallible;
/// use hallpass_signin::{Account, AccountId, Accounts, Username};
///
/// struct OnlyAlice(Account);
///
/// impl Accounts for OnlyAlice {
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
pub trait Accounts: Send + Sync + 'static {
    /// What goes wrong in this store. It is logged as the source of a [`StoreFault`](crate::StoreFault) and never
    /// shown to the person.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Finds the account whose user name has the same [`key`](Username::key). `None` is the answer for an unknown
    /// name, an error is for a store that cannot answer: the first is refused, the second is a 503.
    ///
    /// The account comes from one consistent read: hash, roles, generation and factor of the same moment.
    ///
    /// # Errors
    /// The store's own.
    fn by_username(&self, name: &Username) -> impl Future<Output = Result<Option<Account>, Self::Error>> + Send;

    /// Finds the account with this id, on the same terms.
    ///
    /// # Errors
    /// The store's own.
    fn by_id(&self, id: &AccountId) -> impl Future<Output = Result<Option<Account>, Self::Error>> + Send;
}
