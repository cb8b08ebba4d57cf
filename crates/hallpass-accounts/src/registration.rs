//! Registration: the store trait, and the [flow](flow) that makes an account and logs it in.

pub(crate) mod flow;

use std::{fmt, future::Future};

use hallpass_core::UnixTime;

use crate::account::{AccountId, store::AccountStore, username::Username};

/// Makes accounts: turns on `POST /register`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot register accounts: it does not implement `RegistrationStore`",
    label = "`RegistrationStore` is not implemented for this type",
    note = "write `impl RegistrationStore for {Self}`, or call neither `.registration()` nor \
            `.everything()`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait RegistrationStore: AccountStore {
    /// Makes the account, enabled, with generation 0 and no second factor.
    ///
    /// **Atomic:** [`Username::key`] is unique by a constraint of the store. Of any number of calls
    /// at once with one key, in whatever spelling, exactly one answers
    /// [`RegistrationOutcome::Created`].
    ///
    /// # Errors
    /// The store's own; a name that is taken is not an error.
    fn create(
        &self,
        account: NewAccount,
    ) -> impl Future<Output = Result<RegistrationOutcome, Self::Error>> + Send;
}

/// The account to be made.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewAccount {
    /// A fresh random id. A store that numbers its accounts itself ignores it and answers with its
    /// own.
    pub id: AccountId,
    /// The user name; its key is what must be unique.
    pub username: Username,
    /// The PHC string of the password.
    pub password_hash: String,
    /// The names of the first roles.
    pub roles: Vec<String>,
    /// When.
    pub at: UnixTime,
}

impl NewAccount {
    /// Puts the parts together.
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

/// What became of a registration.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum RegistrationOutcome {
    /// The account exists under this id, which every later call will use.
    Created(AccountId),
    /// Another account has the name's key. Nothing was written.
    NameTaken,
}
