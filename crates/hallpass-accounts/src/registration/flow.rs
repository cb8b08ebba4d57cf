//! Registration: a new account, logged in.

use hallpass_core::{Role, RoleSet};

use crate::{
    account::{Account, AccountId},
    accounts::Accounts,
    challenge::ChallengedAction,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    login::{LoginStep, password_accepted::NextStep},
    password::{Password, password_hasher::Origin},
    rate_limit::limits::Whose,
    registration::{NewAccount, RegistrationOutcome},
    store::offered,
    two_factor::enrolment::fresh_name,
    visitor::Visitor,
};

impl<R: Role> Accounts<R> {
    /// Creates an account with the default roles and logs it in. If the account must have a second
    /// factor, the step is [`LoginStep::EnrolmentRequired`].
    ///
    /// The response states that a name is taken, because a registration form cannot hide it. The
    /// limit per address limits the number of names that a client can test, and the hashing.
    ///
    /// # Errors
    /// [`Username`](AccountsErrorKind::Username), [`Password`](AccountsErrorKind::Password) and
    /// [`NameTaken`](AccountsErrorKind::NameTaken), with nothing written;
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a registration store; the errors of
    /// [`log_in`](Self::log_in).
    pub async fn register(
        &self,
        username: &str,
        password: &str,
        visitor: &Visitor<'_>,
    ) -> Result<LoginStep, AccountsError> {
        let store = offered(self.stores().registration.as_ref())?;
        let username = self.settings().usernames.parse(username);
        let username = username.map_err(AccountsErrorKind::Username)?;
        let reserved = self.settings().reserved_usernames.check(&username);
        reserved.map_err(AccountsErrorKind::Username)?;
        let password = self
            .settings()
            .password_policy
            .accept(&Password::typed(password), &username)
            .map_err(AccountsErrorKind::Password)?;
        // Before the password is hashed, the challenge is checked, and the password is looked up in
        // the list of breached passwords. Nobody waits in the queue meanwhile.
        let origin = Origin::stranger(visitor.peer);
        let has_place = self.password_hasher().refuse_if_full(&origin);
        has_place.map_err(|closed| self.busy(closed))?;
        let now = self.store_now();
        let counted = self
            .settings()
            .rate_limits
            .count(self.stores(), Whose::Registration, visitor, now)
            .await?;
        self.challenge(ChallengedAction::Registration, visitor, &counted).await?;
        if let Err(breached) = self.refuse_breached(&password).await {
            counted.keep();
            return Err(breached);
        }
        let ticket = self.admit(&origin).await;
        let ticket = self.evaluated(&counted, ticket).await?;
        let hash = self.password_hasher().hash(ticket, &password).await;
        let hash = self.evaluated(&counted, hash.map_err(|closed| self.busy(closed))).await?;
        let roles = self.settings().default_roles;
        let account = NewAccount::new(
            self.fresh_account_id()?,
            username.clone(),
            hash.clone(),
            roles.iter().map(|role| role.name().to_owned()).collect(),
            now,
        );
        let names = account.roles.clone();
        let created = self.stores().ask("create account", store.create(account)).await;
        let created = self.evaluated(&counted, created).await?;
        counted.keep();
        let id = match created {
            RegistrationOutcome::Created(id) => id,
            RegistrationOutcome::NameTaken => return Err(AccountsErrorKind::NameTaken.into()),
        };
        self.events().happened(Event::Registered { account: id.clone() });
        let epoch = self.settings().revocation_list.epoch().unwrap_or_default();
        let account = Account::new(id, username, hash).with_roles(names).with_epoch(epoch);
        match self.due_without_factor(account, counted, false) {
            NextStep::Nothing(authenticated) => {
                self.opened(authenticated, visitor).await.map(LoginStep::LoggedIn)
            }
            NextStep::Enrolment(due) => due.wait().await.map(LoginStep::EnrolmentRequired),
            NextStep::SecondFactor(due) => due.wait().await.map(LoginStep::MfaRequired),
        }
    }

    /// Creates an account, without logging it in: for an operator, an import or an administrator's
    /// page. The name may be [reserved](crate::ReservedUsernames). The rules for user names and
    /// passwords apply. No limit, no challenge and no role of a caller is checked.
    ///
    /// # Errors
    /// [`Username`](AccountsErrorKind::Username), [`Password`](AccountsErrorKind::Password) and
    /// [`NameTaken`](AccountsErrorKind::NameTaken), with nothing written;
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a registration store;
    /// [`Busy`](AccountsErrorKind::Busy), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn create_account(
        &self,
        username: &str,
        password: &str,
        roles: impl Into<RoleSet<R>> + Send,
    ) -> Result<AccountId, AccountsError> {
        let store = offered(self.stores().registration.as_ref())?;
        let username = self.settings().usernames.parse(username);
        let username = username.map_err(AccountsErrorKind::Username)?;
        let accepted =
            self.settings().password_policy.accept(&Password::typed(password), &username);
        let password = accepted.map_err(AccountsErrorKind::Password)?;
        self.refuse_breached(&password).await?;
        let ticket = self.admit(&Origin::stranger(None)).await?;
        let hash = self.password_hasher().hash(ticket, &password).await;
        let hash = hash.map_err(|closed| self.busy(closed))?;
        let roles: RoleSet<R> = roles.into();
        let roles = roles.iter().map(|role| role.name().to_owned()).collect();
        let account =
            NewAccount::new(self.fresh_account_id()?, username, hash, roles, self.store_now());
        match self.stores().ask("create account", store.create(account)).await? {
            RegistrationOutcome::Created(id) => {
                self.events().happened(Event::Registered { account: id.clone() });
                self.events().flush().await;
                Ok(id)
            }
            RegistrationOutcome::NameTaken => Err(AccountsErrorKind::NameTaken.into()),
        }
    }

    /// Returns an id of 128 random bits. Nodes need not coordinate, and an id does not reveal the
    /// number of accounts.
    fn fresh_account_id(&self) -> Result<AccountId, AccountsError> {
        fresh_name(self.random()).map(AccountId::new)
    }
}
