//! Registration: a new account, logged in.

use std::{fmt, future::Future};

use hallpass_core::{Role, UnixTime};

use crate::{
    account::{Account, AccountId, store::AccountStore, username::Username},
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    login::{LoginStep, password_accepted::NextStep},
    password::Password,
    rate_limit::limits::Whose,
    store::offered,
    two_factor::enrolment::fresh_name,
    visitor::Visitor,
};

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
    /// **Atomic:** [`Username::key`] is unique by a constraint of the store. Of any number of calls at once with one
    /// key, in whatever spelling, exactly one answers [`RegistrationOutcome::Created`].
    ///
    /// # Errors
    /// The store's own; a name that is taken is not an error.
    fn create(&self, account: NewAccount) -> impl Future<Output = Result<RegistrationOutcome, Self::Error>> + Send;
}

/// The account to be made.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewAccount {
    /// A fresh random id. A store that numbers its accounts itself ignores it and answers with its own.
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
    pub fn new(id: AccountId, username: Username, password_hash: String, roles: Vec<String>, at: UnixTime) -> Self {
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

impl<R: Role> Accounts<R> {
    /// Makes an account with the first roles and signs it in; or leads it to the enrolment page, where it must have a second factor.
    ///
    /// That a name is taken is said openly: a form that makes accounts cannot hide it. The limit per address bounds how
    /// many names can be tried out, and hashing.
    ///
    /// # Errors
    /// [`Username`](AccountsErrorKind::Username), [`Password`](AccountsErrorKind::Password) and
    /// [`NameTaken`](AccountsErrorKind::NameTaken), with nothing written; the faults of a log-in.
    pub async fn register(
        &self,
        username: &str,
        password: &str,
        visitor: &Visitor<'_>,
    ) -> Result<LoginStep, AccountsError> {
        let store = offered(self.stores().registration.as_ref())?;
        let username = Username::parse(username).map_err(AccountsErrorKind::Username)?;
        let password = self
            .settings()
            .password_policy
            .accept(&Password::typed(password), &username)
            .map_err(AccountsErrorKind::Password)?;
        let now = self.now();
        let counted = self.settings().rate_limits.count(self.stores(), Whose::Nobodys, visitor, now).await?;
        self.refuse_breached(&password).await?;
        let hash = self.password_hasher().hash(&password).await;
        let hash = hash.map_err(|closed| self.busy(closed))?;
        let roles = self.settings().default_roles;
        let account = NewAccount::new(
            self.fresh_account_id()?,
            username.clone(),
            hash.clone(),
            roles.iter().map(|role| role.name().to_owned()).collect(),
            now,
        );
        let names = account.roles.clone();
        let id = match self.stores().ask("create account", store.create(account)).await? {
            RegistrationOutcome::Created(id) => id,
            RegistrationOutcome::NameTaken => return Err(AccountsErrorKind::NameTaken.into()),
        };
        self.events().happened(Event::Registered { account: id.clone() });
        let account = Account::new(id, username, hash).with_roles(names);
        match self.due_without_factor(account, counted.for_good()) {
            NextStep::Nothing(authenticated) => self.opened(authenticated, visitor).await.map(LoginStep::LoggedIn),
            NextStep::Enrolment(due) => due.wait().await.map(LoginStep::EnrolmentRequired),
            NextStep::SecondFactor(due) => due.wait().await.map(LoginStep::MfaRequired),
        }
    }

    /// 128 random bits: no two nodes ask each other for a number, and no id tells how many accounts there are.
    fn fresh_account_id(&self) -> Result<AccountId, AccountsError> {
        fresh_name(self.random()).map(AccountId::new)
    }
}
