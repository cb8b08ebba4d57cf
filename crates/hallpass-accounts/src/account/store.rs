//! Store traits of accounts: [`AccountStore`] finds an account, and [`AdministrationStore`]
//! contains an operator's changes. A login needs only the first.

use std::future::{Future, ready};

use hallpass_core::UnixTime;

use crate::account::{
    Account, AccountId,
    own_change::{Actor, CommandOutcome},
    username::Username,
};

/// Finds accounts. A site with passwords only implements no other store trait.
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
    /// The error of this store. It is logged as the source of a [`StoreFault`](crate::StoreFault)
    /// and is never shown to the person.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Finds the account whose user name has the same [`key`](Username::key).
    ///
    /// Return `None` for an unknown name, and an error if the store is not available. The login is
    /// rejected in the first case; the response is a 503 in the second.
    ///
    /// The account comes from one consistent read: hash, roles, generation and factor are of the
    /// same moment.
    ///
    /// # Errors
    /// The error of the store.
    fn by_username(
        &self,
        name: &Username,
    ) -> impl Future<Output = Result<Option<Account>, Self::Error>> + Send;

    /// Finds the account with this id, under the conditions of [`by_username`](Self::by_username).
    ///
    /// # Errors
    /// The error of the store.
    fn by_id(
        &self,
        id: &AccountId,
    ) -> impl Future<Output = Result<Option<Account>, Self::Error>> + Send;

    /// Combines this users table with a store that keeps everything else: sessions, refresh tokens,
    /// second factors, rate limits and the revocation log. See `OwnUsers` of `hallpass-sqlx`.
    fn with<S: CombinedWith<Self>>(self, rest: S) -> S::Combined
    where
        Self: Sized,
    {
        rest.combined_with(self)
    }

    /// Prepares the store at the start of a site, before any other call. It may bring its tables up
    /// to date. Defaults to nothing.
    ///
    /// # Errors
    /// The error of the store. The site then does not start.
    fn prepare(&self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        ready(Ok(()))
    }

    /// Returns the id of the database in which this store commits its changes. Two stores that
    /// return the same id can commit a change and its entry in the revocation log together.
    /// Defaults to `None`, which is not known: such a store is combined with no other store that
    /// revokes.
    ///
    /// # Errors
    /// The error of the store.
    fn database_id(&self) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send {
        ready(Ok(None))
    }
}

/// A store that can be combined with the site's own users table, by [`AccountStore::with`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be combined with the users table `{A}`",
    note = "write `users.with(SqlStore::on_pool(pool))`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait CombinedWith<A>: Sized {
    /// The combination.
    type Combined;

    /// Combines this store with a users table.
    fn combined_with(self, users: A) -> Self::Combined;
}

/// Administers accounts: sets roles, disables accounts and lists them.
///
/// `by` is the person who runs a command through a route of the site. A store checks that [`Actor`]
/// in the transaction of the change, so that an administrator who is being demoted cannot reverse
/// the demotion. `None` is the application itself or an operator at a terminal. If actor and
/// account are two rows, lock both in the order of their ids. Otherwise two administrators who
/// change each other's accounts can deadlock.
///
/// `keep` names the roles of which at least one enabled account must remain
/// ([`Settings::kept_roles`](crate::Settings::kept_roles)). A store checks in the transaction of the
/// change that the account does not hold such a role, or keeps it, or that another enabled account
/// holds it. Otherwise it writes nothing and returns
/// [`LastOfRole`](crate::CommandOutcome::LastOfRole). Of two concurrent commands that remove the role
/// from the last two accounts exactly one is carried out, so row locks on the two accounts are not
/// enough.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot change roles or disable accounts: it does not implement \
            `AdministrationStore`",
    label = "`AdministrationStore` is not implemented for this type",
    note = "write `impl AdministrationStore for {Self}`, or call neither `.administration()` \
            nor `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait AdministrationStore: AccountStore {
    /// Replaces the roles, raises `stale_below` and writes the log, in **one transaction**. Raising
    /// the number makes the tokens with the old roles stale. Sessions stay, so that a refresh
    /// issues a token with the new roles.
    ///
    /// # Errors
    /// The error of the store.
    fn set_roles(
        &self,
        id: &AccountId,
        roles: &[String],
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<CommandOutcome, Self::Error>> + Send;

    /// Disables or enables the account. Disabling ends all its sessions. Both raise the generation
    /// and write the log, in **one transaction**.
    ///
    /// # Errors
    /// The error of the store.
    fn set_disabled(
        &self,
        id: &AccountId,
        disabled: bool,
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> impl Future<Output = Result<CommandOutcome, Self::Error>> + Send;

    /// Lists up to `limit` accounts, ordered by their [`key`](Username::key), starting after
    /// `after`.
    ///
    /// # Errors
    /// The error of the store.
    fn list(
        &self,
        after: Option<&Username>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Account>, Self::Error>> + Send;
}
