//! Registration: the store trait, and the [flow](flow) that creates an account and logs it in.

pub(crate) mod flow;

use std::{fmt, future::Future};

use hallpass_core::UnixTime;

use crate::account::{AccountId, store::AccountStore, username::Username};

/// Creates accounts. The trait turns on `POST /register`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot register accounts: it does not implement `RegistrationStore`",
    label = "`RegistrationStore` is not implemented for this type",
    note = "write `impl RegistrationStore for {Self}`, or call neither `.registration()` nor \
            `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait RegistrationStore: AccountStore {
    /// Creates the account, enabled, with generation 0 and no second factor.
    ///
    /// **Atomic:** a constraint of the store makes [`Username::key`] unique. Of any number of
    /// concurrent calls with one key, in any spelling, exactly one returns
    /// [`RegistrationOutcome::Created`].
    ///
    /// # Errors
    /// The error of the store. A name that is taken is not an error.
    fn create(
        &self,
        account: NewAccount,
    ) -> impl Future<Output = Result<RegistrationOutcome, Self::Error>> + Send;
}

/// The account to create.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewAccount {
    /// A new random id. A store that assigns its own ids ignores it and returns its own.
    pub id: AccountId,
    /// The user name. Its key must be unique.
    pub username: Username,
    /// The PHC string of the password.
    pub password_hash: String,
    /// The names of the roles with which the account starts.
    pub roles: Vec<String>,
    /// The time of the registration.
    pub at: UnixTime,
}

impl NewAccount {
    /// Creates the description of a new account.
    #[must_use]
    pub fn new(
        id: AccountId,
        username: Username,
        password_hash: String,
        roles: Vec<String>,
        at: UnixTime,
    ) -> Self {
        Self { id, username, password_hash, roles, at }
    }
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

/// The outcome of a registration.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum RegistrationOutcome {
    /// The account was created. Every later call uses this id.
    Created(AccountId),
    /// Another account has the name's key. Nothing was written.
    NameTaken,
}
